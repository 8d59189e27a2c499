"""How Home Assistant finds a program that publishes to MQTT by itself."""

import re
from importlib.metadata import version
from typing import Any


def discovery(topic: str, prefix: str, *, status: str | None = None) -> dict[str, dict[str, Any]]:
    """Topic to payload: a device with two sensors, the last action and the people in view.

    Below `status`, by default `topic`, the program says whether it runs.

    Source: Home Assistant, "MQTT discovery": ``PREFIX/sensor/ID/config``, retained.
    """
    name = re.sub(r"\W+", "_", topic)
    device = {
        "identifiers": [name], "name": topic.replace("/", " "), "manufacturer": "gastlive",
        "sw_version": version("gastlive"),
    }  # fmt: skip
    shared = {"availability_topic": f"{status or topic}/status", "device": device}
    last, people = f"{name}_last_action", f"{name}_people"
    return {
        f"{prefix}/sensor/{last}/config": shared
        | {
            "name": "Last action",
            "unique_id": last,
            "icon": "mdi:human-handsup",
            "state_topic": f"{topic}/last_action",
            "value_template": "{{ value_json.label }}",
            "json_attributes_topic": f"{topic}/last_action",
        },
        f"{prefix}/sensor/{people}/config": shared
        | {
            "name": "People",
            "unique_id": people,
            "icon": "mdi:account-multiple",
            "state_topic": f"{topic}/people",
            "state_class": "measurement",
        },
    }
