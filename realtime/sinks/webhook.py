"""Every finished action as a POST to a web address."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import uuid4

from ...gast.errors import InputError
from ..clock import SYSTEM, Clock
from ..packets import Event, Frame, RunInfo
from .outbox import Outbox, Refused, Unreachable
from .records import EventRecords
from .spool import Spool, spool_of

_WANTED = "sink.webhook.url is no address of a web server; give https://HOST/PATH"
HOPELESS = (400, 410, 413, 415, 422)
"""Answers that say that this record will never be taken."""


class WebhookSink:
    """POSTs each finished action as JSON, in order and at least once.

    The body is a record of ``events.jsonl`` with the `source`'s description and an `id`; one that
    is sent twice has the same id, also in the header ``Idempotency-Key``. Any answer of 2xx means
    received. After 400, 410, 413, 415 or 422 the event is left out. After all else, and while
    nobody answers, it waits on the disk and is tried again, by the next run if need be; redirects
    are not followed. With a secret, ``X-Gastlive-Signature: sha256=HEX`` is the body's HMAC-SHA256.

    Args:
        url: http:// or https://, with name and password where it wants them; of which
            nothing but the host is ever printed.
        secret: For the signature.
        spool: File of what waits; by default one per address in the user's state folder.
        keep: Events that may wait; beyond, the oldest are dropped and counted.
        timeout_s: Longest wait for a connection and for an answer.
        retry_s, retry_max_s, close_s: See `Outbox`.

    Raises:
        InputError: No such address, or the spool can't be used.
    """

    own_thread = may_skip = True

    def __init__(
        self,
        url: str,
        *,
        secret: str | None = None,
        spool: str | None = None,
        keep: int,
        timeout_s: float,
        retry_s: float,
        retry_max_s: float,
        close_s: float,
        clock: Clock = SYSTEM,
    ) -> None:
        self._url, self._secret, self.timeout_s = _address(url), secret, timeout_s
        self._record, self._source = EventRecords(), ""
        self._outbox = Outbox(
            Spool(spool_of("webhook", url, spool), most=keep), self._send, clock=clock,
            receiver=f"webhook at {self._url.hostname}",
            retry_s=retry_s, retry_max_s=retry_max_s, close_s=close_s,
        )  # fmt: skip

    def begin(self, info: RunInfo) -> None:
        """Start sending."""
        self._source = info.source
        self._outbox.start()

    def __call__(self, frame: Frame) -> None:
        """Promise the actions that ended with the frame."""
        self._record.see(frame)
        self._add(frame.events)

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Send what is left, for a while."""
        try:
            self._add(events)
        finally:
            self._outbox.close()

    def summary(self) -> dict[str, Any]:
        """See `Outbox.summary`."""
        return self._outbox.summary()

    def _add(self, events: tuple[Event, ...]) -> None:
        for event in events:
            about = {"id": uuid4().hex, "source": self._source}
            self._outbox.add(json.dumps(about | self._record(event), ensure_ascii=False))

    def _send(self, record: str) -> None:
        try:
            status = self._post(record.encode(), self._headers(record))
        except (OSError, HTTPException) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        if status in HOPELESS:
            raise Refused(f"status {status}")
        if not 200 <= status < 300:
            raise Unreachable(f"status {status}")

    def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=self.timeout_s)
        target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            connection.request("POST", target, body, dict(headers))
            return connection.getresponse().status
        finally:
            connection.close()

    def _headers(self, record: str) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "gastlive"}
        headers["Idempotency-Key"] = json.loads(record)["id"]
        if self._url.username is not None:
            given = f"{unquote(self._url.username)}:{unquote(self._url.password or '')}"
            headers["Authorization"] = f"Basic {b64encode(given.encode()).decode()}"
        if self._secret:
            signed = hmac.digest(str(self._secret).encode(), record.encode(), "sha256")
            headers["X-Gastlive-Signature"] = f"sha256={signed.hex()}"
        return headers


def _address(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        _ = address.port  # checked when it is asked for
    except ValueError as error:
        raise InputError(_WANTED) from error
    if address.scheme not in ("http", "https") or not address.hostname:
        raise InputError(_WANTED)
    if any(c <= " " or c > "~" for c in url):
        raise InputError("sink.webhook.url has spaces or letters beyond ASCII; write them as %20")
    return address
