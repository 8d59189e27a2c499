"""Events and states to an MQTT broker, and so to Home Assistant."""

import json
import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock
from ..packets import Event, Frame, Person, RunInfo
from ..plain import number
from .home_assistant import discovery
from .outbox import Outbox, Unreachable
from .records import EventRecords
from .spool import Spool, spool_of

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo

KEEPALIVE_S = 30
"""A broker that has heard nothing for half as long again says that this program is gone."""
STATES_S = 1.0
"""States are sent so often at most."""
_LOGGER = logging.getLogger(__name__)


class MqttSink:
    """Publishes each finished action, and who is there, below `topic`.

    ``TOPIC/event`` gets each action as a record of ``events.jsonl`` with an `id`, QoS 1. Promised
    is that the broker has confirmed each, in order and at least once, whatever is killed meanwhile:
    until then it waits on the disk. What the broker does with it is the broker's affair.

    States are retained, QoS 0, and sent anew after each connection: ``TOPIC/last_action``, the last
    record; ``TOPIC/people``, how many are in view; ``TOPIC/status``, online or offline, also when
    this program is killed; with `people`, ``TOPIC/person/ID``, the action of each person in view.
    Of several cameras each has its ``TOPIC/NAME/last_action``, ``people`` and ``person/ID``, and is
    a device of its own in Home Assistant; ``TOPIC/event`` says of which camera.

    Args:
        tls: True for the system's certificates, or the path of the broker's.
        topic: No other program's, for it is also the name of the device in Home Assistant.
        discovery: Home Assistant's prefix (``homeassistant``); ``None`` for none.
        spool, keep: See `WebhookSink`.
        timeout_s: Longest wait for a confirmation, after which the wait begins anew.
        retry_s, retry_max_s, close_s: See `Outbox`.

    Raises:
        InputError: The package paho-mqtt is missing, a value can't be used, or the spool can't be.
    """

    own_thread = may_skip = True

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        tls: bool | str,
        topic: str,
        people: bool,
        discovery: str | None = None,
        spool: str | None = None,
        keep: int,
        timeout_s: float,
        retry_s: float,
        retry_max_s: float,
        close_s: float,
        clock: Clock = SYSTEM,
    ) -> None:
        self.topic, self.people, self._prefix = _plain(topic), people, discovery
        self.timeout_s, self._clock = timeout_s, clock
        self._place, self._record, self._source = (host, port), EventRecords(), ""
        self._sent: tuple[str, MQTTMessageInfo] | None = None
        self._states: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._next_s = float("-inf")
        self._cameras: dict[str | None, None] = {}  # in order
        self._client = _client(username, password, tls)
        self._client.reconnect_delay_set(max(round(retry_s), 1), max(round(retry_max_s), 1))
        self._client.will_set(f"{self.topic}/status", "offline", qos=1, retain=True)
        self._client.on_connect, self._client.on_message = self._on_connect, self._on_message
        self._outbox = Outbox(
            Spool(spool_of("mqtt", f"{host}:{port} {topic}", spool), most=keep), self._send,
            receiver=f"mqtt broker {host}:{port}", clock=clock,
            retry_s=retry_s, retry_max_s=retry_max_s, close_s=close_s,
        )  # fmt: skip

    def begin(self, info: RunInfo) -> None:
        """Start to connect, which may take as long as it likes."""
        self._source = info.source
        self._cameras = dict.fromkeys(info.cameras or (None,))
        self._client.connect_async(*self._place, keepalive=KEEPALIVE_S)
        self._client.loop_start()
        self._outbox.start()

    def __call__(self, frame: Frame) -> None:
        """Promise the actions that ended with the frame; show who is there."""
        self._record.see(frame)
        self._add(frame.events)
        if frame.camera not in self._cameras:
            self._cameras[frame.camera] = None
            self._introduce(frame.camera)
        below = _below(frame.camera)
        self._states[f"{below}people"] = str(len(frame.people))
        if self.people:
            place = f"{below}person/"
            there = {f"{place}{track}": _doing(person) for track, person in frame.people.items()}
            gone = [key for key in self._states if key.startswith(place) and key not in there]
            self._states |= dict.fromkeys(gone, "") | there
        if self._clock() >= self._next_s:
            self._next_s = self._clock() + STATES_S
            self._show()

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Send what is left, for a while, and say goodbye."""
        try:
            self._add(events)
            self._states |= {key: "" for key in self._states if _is_person(key)}
            self._states |= {f"{_below(camera)}people": "0" for camera in self._cameras}
            self._show()
        finally:
            try:
                self._outbox.close()
            finally:
                self._leave()

    def summary(self) -> dict[str, Any]:
        """See `Outbox.summary`."""
        return self._outbox.summary()

    def _add(self, events: tuple[Event, ...]) -> None:
        for event in events:
            about = {"id": uuid4().hex, "source": self._source}
            record = json.dumps(about | self._record(event), ensure_ascii=False)
            self._outbox.add(record)
            self._states[f"{_below(event.camera)}last_action"] = record

    def _send(self, record: str) -> None:
        # A connection that is lost meanwhile: paho sends the record again by itself.
        if self._sent is None or self._sent[0] != record:
            if not self._client.is_connected():
                raise Unreachable("no connection")
            self._sent = record, self._client.publish(f"{self.topic}/event", record, qos=1)
        try:
            self._sent[1].wait_for_publish(self.timeout_s)
            confirmed = self._sent[1].is_published()
        except (RuntimeError, ValueError) as error:
            self._sent = None
            raise Unreachable(str(error)) from error
        if not confirmed:
            raise Unreachable("no confirmation")
        self._sent = None

    def _show(self) -> None:
        """Publish the states that have changed; what does not arrive is sent after connecting."""
        for key, state in list(self._states.items()):
            if self._shown.get(key) != state:
                self._client.publish(f"{self.topic}/{key}", state, retain=True)
                self._shown[key] = state
            if not state:
                self._states.pop(key)
                self._shown.pop(key, None)

    def _leave(self) -> None:
        if self._client.is_connected():
            info = self._client.publish(f"{self.topic}/status", "offline", qos=1, retain=True)
            with suppress(RuntimeError, ValueError):
                info.wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: "Client", _: Any, flags: Any, reason: Any, more: Any) -> None:
        """In paho's thread."""
        if reason.is_failure:
            _LOGGER.warning("%s: %s", self._outbox.receiver, reason)
            return
        client.publish(f"{self.topic}/status", "online", qos=1, retain=True)
        for camera in list(self._cameras):
            self._introduce(camera)
            client.subscribe(f"{self.topic}/{_below(camera)}person/+")  # what a killed run left
        self._shown.clear()
        for key, state in list(self._states.items()):
            client.publish(f"{self.topic}/{key}", state, retain=True)
        self._outbox.try_now()

    def _introduce(self, camera: str | None) -> None:
        """Tell Home Assistant of a camera; without a connection, `_on_connect` does."""
        place = f"{self.topic}/{camera}" if camera else self.topic
        configs = discovery(place, self._prefix, status=self.topic) if self._prefix else {}
        for topic, payload in configs.items():
            self._client.publish(topic, json.dumps(payload), qos=1, retain=True)

    def _on_message(self, client: "Client", _: Any, message: "MQTTMessage") -> None:
        key = message.topic.removeprefix(f"{self.topic}/")
        if message.retain and message.payload and key not in self._states:
            client.publish(message.topic, "", retain=True)


def _below(camera: str | None) -> str:
    """The part of a topic that names a camera."""
    return "" if camera is None else f"{camera}/"


def _is_person(key: str) -> bool:
    return key.split("/")[-2:-1] == ["person"]


def _client(username: str | None, password: str | None, tls: bool | str) -> "Client":
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError as error:
        raise InputError(
            "sink=[mqtt] needs the package paho-mqtt; install it: pip install 'gastlive[mqtt]'"
        ) from error
    client = Client(CallbackAPIVersion.VERSION2)
    if username is not None:
        client.username_pw_set(str(username), None if password is None else str(password))
    if tls:
        try:
            client.tls_set(None if tls is True else str(tls))
        except OSError as error:  # ssl's, too
            raise InputError(
                f"sink.mqtt.tls={tls} can't be read ({error}); give true, or the path of the "
                f"broker's certificate (PEM)"
            ) from error
    return client


def _plain(topic: str) -> str:
    parts = topic.split("/")
    if not all(parts) or re.search(r"[+#\0]", topic) or topic.startswith("$"):
        raise InputError(f"sink.mqtt.topic={topic} is no place to publish at; give one such as "
                         f"gastlive/door")  # fmt: skip
    return topic


def _doing(person: Person) -> str:
    action = person.action
    known = {"label": None, "confidence": None} if action is None else {
        "label": action.label, "confidence": number(action.confidence),
    }  # fmt: skip
    return json.dumps(known)
