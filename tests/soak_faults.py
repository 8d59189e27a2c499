"""What goes wrong in a soak, and with whom: `soak.py`."""

import asyncio
import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp


class Post:
    """A web server that takes events; `status` is its answer, None is none."""

    def __init__(self):
        self.taken, self.status, self.recovered = [], 200, threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.status
                if status is None:
                    outer.recovered.wait(60)
                    return
                if status == 200:
                    outer.taken.append(json.loads(body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.recovered.set()
        self._server.shutdown()
        self._server.server_close()


class Viewer:
    """A browser without a screen: shows each frame at once, and comes back when it is let go.

    `stalls` is one that takes nothing after its first frames.
    """

    def __init__(self, address, *, stalls=False):
        self.address, self._stalls, self._over = address, stalls, threading.Event()
        self.frames = self.connections = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(10)

    async def _live(self):
        async with aiohttp.ClientSession() as session:
            while not self._over.is_set():
                with suppress(aiohttp.ClientError, OSError):
                    await self._watch(session)
                await asyncio.sleep(1)

    async def _watch(self, session):
        place = urlsplit(self.address)
        home = f"http://{place.netloc}"
        async with session.ws_connect(f"{home}/socket", headers={"Origin": home}) as ws:
            await ws.send_json({"token": place.fragment.removeprefix("token=")})
            self.connections += 1
            while not self._over.is_set():
                if self._stalls:
                    await asyncio.sleep(0.2)
                    continue
                try:
                    message = await ws.receive(timeout=1)
                except TimeoutError:
                    continue
                if message.type == aiohttp.WSMsgType.BINARY:
                    self.frames += 1
                    await ws.send_json({"kind": "shown"})
                elif message.type != aiohttp.WSMsgType.TEXT:
                    return


@dataclass
class World:
    """All that the program has to do with."""

    folder: Path
    has_small_disk: bool
    broker: Any
    post: Post
    cameras: list[Any]
    viewer: Any = None
    rng: random.Random = field(default_factory=lambda: random.Random(0))

    @property
    def page(self) -> str:
        return self.viewer.address


@dataclass(frozen=True)
class Disk:
    folder: Path
    is_small: bool


@contextmanager
def small_disk(folder, minutes):
    """A disk in memory that can be filled, where root may mount one."""
    folder.mkdir()
    size = f"size={200 + 10 * minutes:.0f}m"
    mount = ["mount", "-t", "tmpfs", "-o", size, "none", str(folder)]
    is_small = not os.getuid() and not subprocess.run(mount, capture_output=True).returncode
    try:
        yield Disk(folder, is_small)
    finally:
        if is_small:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def broker_killed(world):
    world.broker.kill()
    yield
    world.broker.start()


@contextmanager
def camera_off(world):
    one = world.rng.choice(world.cameras)
    one.switch_off()
    yield
    one.switch_on()


@contextmanager
def damaged_pictures(world):
    world.rng.choice(world.cameras).damaged = 20
    yield


@contextmanager
def another_size(world):
    one = world.rng.choice(world.cameras)
    before, one.scale = one.scale, one.scale * 0.75
    yield
    one.scale = before


@contextmanager
def viewer_that_stalls(world):
    with Viewer(world.page, stalls=True):
        yield


@contextmanager
def viewer_that_leaves(world):
    with Viewer(world.page):
        time.sleep(3)
    yield


@contextmanager
def web_server_fails(world):
    world.post.status = 500
    yield
    world.post.status = 200


@contextmanager
def web_server_hangs(world):
    world.post.recovered.clear()
    world.post.status = None
    yield
    world.post.status = 200
    world.post.recovered.set()


@contextmanager
def disk_full(world):
    filler = world.folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


FAULTS: dict[str, Callable[[World], Any]] = {
    "broker killed": broker_killed, "camera off": camera_off, "damaged pictures": damaged_pictures,
    "another size": another_size, "viewer stalls": viewer_that_stalls,
    "viewer leaves": viewer_that_leaves, "web server fails": web_server_fails,
    "web server hangs": web_server_hangs, "disk full": disk_full,
}  # fmt: skip
