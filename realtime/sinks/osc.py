"""Actions and joints as OSC messages, for programs of sound, light and animation."""

import socket
from collections.abc import Callable, Sequence
from typing import Any

from ...gast.errors import InputError
from ...gast.skeleton import named
from ..packets import Event, Frame, Person, RunInfo
from .vmc import Avatar

NAMES_S = 1.0
"""The names of the joints are sent so often, for receivers that come later."""


class OscSink:
    """Sends UDP messages of every frame to `host`; UDP promises nothing, and waits for nobody.

    ======================  =====================================================================
    ``/gastlive/people``    how many are in view
    ``/gastlive/ID/action`` label, confidence, since when (stream time, seconds)
    ``/gastlive/ID/joints`` x, y, z of each joint: metres from the hip, x right, y down, z forward
    ``/gastlive/ID/gone``   1, once, when somebody is out of view
    ``/gastlive/joints``    the joints' names, once a second
    ``/gastlive/event``     id, label, start and end (stream time), confidence, zone or nothing
    ======================  =====================================================================

    Of several cameras the camera's name comes before ``people`` and ``ID``, as in
    ``/gastlive/door/people``, and last in ``/gastlive/event``.

    With `vmc_port` the person with the lowest id, of the first camera, moves an avatar there as
    well (`Avatar`):
    ``/VMC/Ext/OK``, ``/VMC/Ext/T``, ``/VMC/Ext/Root/Pos`` and ``/VMC/Ext/Bone/Pos``.

    Raises:
        InputError: The package python-osc is missing, there is no such host, or, in `begin`, the
            lifter's joints are too few for an avatar.
    """

    own_thread = may_skip = True

    def __init__(self, *, host: str, port: int, vmc_port: int | None = None) -> None:
        self._packed = _packer()
        self._receiver = _Receiver(host, port, "port")
        self._vmc = None if vmc_port is None else _Receiver(host, vmc_port, "vmc_port")
        self._avatar: Avatar | None = None
        self._joints: tuple[str, ...] = ()
        self._there: dict[str | None, frozenset[int]] = {}
        self._named_s = float("-inf")
        self._messages = self._failed = 0

    def begin(self, info: RunInfo) -> None:
        """Take the joints' names."""
        layout = named(info.lifter_layout)
        self._joints = layout.joints
        self._avatar = None if self._vmc is None else Avatar(layout)

    def __call__(self, frame: Frame) -> None:
        """Send what is known of the frame."""
        if abs(frame.time_s - self._named_s) >= NAMES_S:
            self._named_s = frame.time_s
            self._send("joints", *self._joints)
        self._show(frame.camera, frozenset(frame.people))
        for track, person in frame.people.items():
            self._person(f"{_below(frame.camera)}{track}", person)
        self._add(frame.events)
        if frame.camera == next(iter(self._there)):
            self._move(frame)

    def close(self, events: tuple[Event, ...] = ()) -> None:
        """Send the last events, and that nobody is there."""
        self._add(events)
        for camera, there in (self._there or {None: frozenset[int]()}).items():
            self._tell_gone(camera, there)
            self._send(f"{_below(camera)}people", 0)
        for receiver in filter(None, (self._receiver, self._vmc)):
            receiver.close()

    def summary(self) -> dict[str, Any]:
        """How many messages went out, and how many the network did not take."""
        return {"messages": self._messages, "failed": self._failed}

    def _show(self, camera: str | None, there: frozenset[int]) -> None:
        """Tell who is in view of a camera, and who not any more."""
        self._send(f"{_below(camera)}people", len(there))
        self._tell_gone(camera, self._there.get(camera, frozenset()) - there)
        self._there[camera] = there

    def _tell_gone(self, camera: str | None, gone: frozenset[int]) -> None:
        for track in sorted(gone):
            self._send(f"{_below(camera)}{track}/gone", 1)

    def _person(self, who: str, person: Person) -> None:
        if person.action is not None:
            action = person.action
            self._send(f"{who}/action", action.label, float(action.confidence), action.start_s)
        if person.xyz is not None:
            self._send(f"{who}/joints", *person.xyz.ravel().tolist())

    def _add(self, events: tuple[Event, ...]) -> None:
        for e in events:
            sure, zone = float(e.confidence), e.zone or ""
            of = () if e.camera is None else (e.camera,)
            self._send("event", e.track, e.label, e.start_s, e.end_s, sure, zone, *of)

    def _move(self, frame: Frame) -> None:
        seen = [p.xyz for _, p in sorted(frame.people.items()) if p.xyz is not None]
        if self._avatar is None or not seen:
            return
        self._to_vmc("OK", 1)
        self._to_vmc("T", frame.time_s)
        self._to_vmc("Root/Pos", "root", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
        for bone, numbers in self._avatar(seen[0]).items():
            self._to_vmc("Bone/Pos", bone, *numbers)

    def _send(self, address: str, *values: int | float | str) -> None:
        self._out(self._receiver, f"/gastlive/{address}", values)

    def _to_vmc(self, address: str, *values: int | float | str) -> None:
        if self._vmc is not None:
            self._out(self._vmc, f"/VMC/Ext/{address}", values)

    def _out(self, receiver: "_Receiver", address: str, values: Any) -> None:
        try:
            receiver.send(self._packed(address, values))
            self._messages += 1
        except OSError:  # no network just now
            self._failed += 1


def _below(camera: str | None) -> str:
    """The part of an address that names a camera; OSC allows no spaces there."""
    return "" if camera is None else f"{camera.replace(' ', '_')}/"


class _Receiver:
    """A socket that messages go out from."""

    def __init__(self, host: str, port: int, key: str) -> None:
        if not 0 < port < 65536:
            raise InputError(f"sink.osc.{key}={port} is no port; give 1 to 65535")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise InputError(f"sink.osc.host={host} can't be found ({error})") from error
        family, _, _, _, address = found[0]
        self._address: tuple[Any, ...] = address
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, self._address)

    def close(self) -> None:
        self._socket.close()


def _packer() -> Callable[[str, Sequence[Any]], bytes]:
    try:
        from pythonosc.osc_message_builder import OscMessageBuilder
    except ImportError as error:
        raise InputError(
            "sink=[osc] needs the package python-osc; install it: pip install 'gastlive[osc]'"
        ) from error

    def pack(address: str, values: Sequence[Any]) -> bytes:
        builder = OscMessageBuilder(address=address)
        for value in values:
            builder.add_arg(value)
        return builder.build().dgram

    return pack
