"""What a config must not show to who reads the results."""

from typing import Any

from ..gast.addresses import masked

SECRET = ("secret", "password", "username", "token")
"""Keys whose values are left out."""


def hidden(config: Any) -> Any:
    """The config without its secrets, and with addresses as `masked` shows them.

    Of a webhook's address only the host is left, since its path is often the secret.
    """
    if isinstance(config, dict):
        return {key: _value(key, value) for key, value in config.items()}
    return [hidden(value) for value in config] if isinstance(config, list) else config


def _value(key: Any, value: Any) -> Any:
    if value is None:
        return None
    if key in SECRET:
        return "***"
    if key == "url" and isinstance(value, str):
        return masked(value)
    if key == "webhook" and isinstance(value, dict):
        return hidden(value) | {"url": _host(str(value.get("url")))}
    return hidden(value)


def _host(url: str) -> str:
    scheme, _, rest = masked(url).partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/***"
