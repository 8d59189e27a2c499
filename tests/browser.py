"""Chromium for the page's tests: the browser, the program that serves, a page that is open."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import cv2
import pytest

from gastlive.realtime.sources.demo import PATH as DEMO

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"
)
TOKEN = "a-token-for-the-browser-tests"
SOON_MS = 120_000  # longest wait for anything; only a failing test takes so long


@contextmanager
def chromium(folder):
    """Chromium, whose camera shows the demo clip, and for which evil.example is this machine."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: make page-test installs it"
    )
    film = folder / "demo.mjpeg"
    capture, parts = cv2.VideoCapture(str(DEMO)), []
    for _ in range(300):
        parts.append(cv2.imencode(".jpg", capture.read()[1])[1].tobytes())
    capture.release()
    film.write_bytes(b"".join(parts))
    arguments = ["--no-sandbox", "--use-fake-ui-for-media-stream",
                 "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}",
                 "--host-resolver-rules=MAP evil.example 127.0.0.1"]  # fmt: skip
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield launched
        launched.close()


@contextmanager
def program(folder, *, port=0):
    """gastlive-page on the demo clip, once it serves; gives its port."""
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "gastlive.experiments.page", f"page.port={port}",
         f"page.token={TOKEN}", f"hydra.run.dir={folder}"],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert f":{port}/#token={TOKEN}" in process.stdout.readline()
        yield port
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def opened(browser, port, *, token=TOKEN, width=1280, height=860, scheme="light"):
    """The page, which reports no error until it is closed."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
    )
    context.set_default_timeout(SOON_MS)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(f"http://127.0.0.1:{port}/#token={token}")
    try:
        yield page
    finally:
        context.close()
    assert not [error for error in errors if "WebSocket" not in error]


def runs(page):
    page.wait_for_selector("#status[data-is=running]")


def until(page, expression):
    """Wait until it is true there; asked from outside, since the page's policy forbids `eval`."""
    end_s = time.monotonic() + SOON_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < end_s, expression
        page.wait_for_timeout(50)
