"""Who may talk to the page's server: by Host, Origin and token."""

import hmac
import ipaddress
import re
import secrets

from aiohttp import web

from ...gast.errors import InputError
from ..clock import Clock

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
MIN_TOKEN = 16
"""Characters of a token that is given, not drawn."""


class Access:
    """The rules for requests to a server that listens at `host` and `port`.

    Other sites' pages reach this server, too, in their visitors' browsers. So Host must be one of
    this machine's names (or a site could give its own name this address), Origin one of the page's
    own addresses, and what is not the bare page needs the token, which only its address has.
    """

    def __init__(self, *, host: str, port: int, token: str) -> None:
        own = [f"[{host}]" if ":" in host else host.lower()]
        self.hosts = tuple(dict.fromkeys(LOOPBACK if is_loopback(host) else (*LOOPBACK, *own)))
        self.origins = tuple(f"http://{name}:{port}" for name in self.hosts)
        # 'self' covers [::1], which has no place in a policy.
        self.sockets = tuple(f"ws://{name}:{port}" for name in self.hosts if ":" not in name)
        self.address = f"http://{own[0]}:{port}/#token={token}"
        self._token = token

    def check(self, request: web.BaseRequest, *, must_name_origin: bool = False) -> None:
        """403 if Host or Origin is a stranger's; browsers name the origin of every upgrade."""
        hosts, origins = request.headers.getall("Host", []), request.headers.getall("Origin", [])
        if len(hosts) != 1 or re.sub(r":\d{1,5}$", "", hosts[0].lower()) not in self.hosts:
            raise web.HTTPForbidden(text="this name is none of this server's\n")
        if any(origin not in self.origins for origin in origins) or len(origins) > 1:
            raise web.HTTPForbidden(text="this site is not the page of this server\n")
        if must_name_origin and not origins:
            raise web.HTTPForbidden(text="no Origin\n")

    def knows(self, token: object) -> bool:
        """Whether it is the token; how long that takes tells nothing about it."""
        said = token.encode(errors="replace") if isinstance(token, str) else b""
        return hmac.compare_digest(said, self._token.encode())

    def check_token(self, request: web.BaseRequest) -> None:
        """401 if the Authorization header lacks the token."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not self.knows(token):
            raise web.HTTPUnauthorized(text="the token is missing or wrong\n")

    def headers(self) -> dict[str, str]:
        """Of every answer: nothing foreign runs in the page, and no other site may hold it."""
        sockets = " ".join(self.sockets)
        return {
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
                f"media-src 'self' blob:; connect-src 'self' {sockets}; base-uri 'none'; "
                "form-action 'none'; frame-ancestors 'none'"
            ),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cache-Control": "no-store",
        }


class Allowance:
    """At most `per_s` a second on average, `burst` at once."""

    def __init__(self, *, per_s: float, burst: float, clock: Clock) -> None:
        self.per_s, self.burst, self._clock = per_s, burst, clock
        self._left, self._seen_s = burst, clock()

    def take(self) -> bool:
        """Use one up; false when there is none left."""
        now_s = self._clock()
        self._left = min(self._left + (now_s - self._seen_s) * self.per_s, self.burst)
        self._seen_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach the address; InputError if it is every one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    if address.is_unspecified:
        raise InputError(
            f"page.host={host} is every address of this machine; give the one that the page is "
            f"opened at, such as page.host=192.168.1.5"
        )
    return address.is_loopback


def checked_token(token: str | None) -> str:
    """The given token, or a random one; InputError if it can be guessed or is no part of a URL."""
    if token is None:
        return secrets.token_urlsafe(32)
    if len(token) < MIN_TOKEN or not re.fullmatch(r"[\w.~-]+", token, re.ASCII):
        raise InputError(
            f"page.token of {len(token)} characters: give at least {MIN_TOKEN} letters and digits, "
            f"or leave it out for a random one"
        )
    return token
