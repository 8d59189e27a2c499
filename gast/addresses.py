"""Addresses and other secrets, which are never shown or written."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

_SECRET = "GASTLIVE_ADDRESS_"
"""Begins the names of environment variables with addresses that the command line gave."""
_WHOLE = "GASTLIVE_HIDDEN_"
"""The same of what is hidden whole."""
_ADDRESS = r"[A-Za-z][A-Za-z0-9+.-]*://"
SECRET = ("secret", "password", "username", "token")
"""Keys whose values are left out of what is written."""
_PRIVATE = r"\+*((?:\S*\.)?\w*(?:secr|pass?w)\w*|sink\.webhook\.u\w*)"
"""The same on a command line, mistyped ones too."""


def masked(url: str) -> str:
    """The address without name, password and parameters; if unclear, only the scheme."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return "***"
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if "@" in tail:
        return f"{scheme}://***"
    host = "***@" + authority.rpartition("@")[2] if "@" in authority else authority
    # Some cameras want `user=...&password=...` in the path.
    return f"{scheme}://{host}" + re.sub(r"[?#=&;].*", "***", tail, flags=re.DOTALL)


def put_away(words: Sequence[str]) -> list[str]:
    """Words of a command line with each address that hides something in an environment variable.

    So nothing that is made of the words, such as files of Hydra or errors, can show it, and
    processes that are started with them understand it too. The variable stands in its place as an
    interpolation of OmegaConf.
    """
    return [_put_away(word) for word in words]


def _put_away(word: str) -> str:
    private = re.fullmatch(rf"({_PRIVATE})=(['\"]?)(.+)\3", word, re.DOTALL)
    if private and private[4] not in ("null", "???") and "${" not in private[4]:
        return f"{private[1]}='{_held(private[4], _WHOLE)}'"
    whole = re.fullmatch(rf"([^=\s]+)=(['\"]?)({_ADDRESS}.*)\2", word, re.DOTALL)
    if whole:
        key, quote, address = whole.groups()
        plain = address.replace(f"\\{quote}", quote) if quote else address
        return f"{key}={quote}{_variable(plain)}{quote}"
    return re.sub(rf"{_ADDRESS}[^\s'\",\]}}]+", lambda found: _variable(found[0]), word)


def _variable(address: str) -> str:
    return address if masked(address) == address else _held(address, _SECRET)


def _held(value: str, begins: str) -> str:
    known = _known()
    alike = (n for n, other in known.items() if other == value and n.startswith(begins))
    name = next(alike, None)
    if name is None:
        name = f"{begins}{len(known) + 1}"
        os.environ[name] = value
    return f"${{oc.env:{name}}}"


def _known() -> dict[str, str]:
    return {n: value for n, value in os.environ.items() if n.startswith((_SECRET, _WHOLE))}


def shown(text: str) -> str:
    """A text with its addresses masked: those put away, and others with a name and a password."""
    for name, address in sorted(_known().items(), key=lambda one: -len(one[1])):
        for spelt in (address, f"${{oc.env:{name}}}"):
            text = text.replace(spelt, "***" if name.startswith(_WHOLE) else masked(address))
    return re.sub(rf"{_ADDRESS}[^\s'\"]*@[^\s'\"]*", lambda found: masked(found[0]), text)


def masked_all(content: Any) -> Any:
    """Plain data without secrets: addresses in its texts masked, values of `SECRET` keys left out.

    Of a webhook's address only the host is left, since its path is often the secret.
    """
    if isinstance(content, str):
        whole = re.fullmatch(rf"{_ADDRESS}.*@.*", content, re.DOTALL)
        return masked(content) if whole else shown(content)
    if isinstance(content, Mapping):
        return {key: _masked_value(key, value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [masked_all(value) for value in content]
    return content


def _masked_value(key: Any, value: Any) -> Any:
    if key in SECRET and value is not None:
        return "***"
    is_address = key == "path" and isinstance(value, str) and re.match(_ADDRESS, value)
    if is_address or (key == "url" and isinstance(value, str)):
        return masked(value)
    if key == "webhook" and isinstance(value, Mapping) and value.get("url"):
        return masked_all(value) | {"url": _host(str(value["url"]))}
    return masked_all(value)


def _host(url: str) -> str:
    scheme, _, rest = masked(url).partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/***"
