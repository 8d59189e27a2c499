"""The page in a real browser: Debian's Chromium, headless, with the demo clip for a camera.

``make page-test`` runs these; they need Chromium and Playwright, and are skipped with a reason
where there is none. GASTLIVE_SCREENSHOTS=FOLDER keeps the pictures of the page in four sizes.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiohttp
import pytest

from gastlive.realtime.sources.demo import PATH as DEMO

from .browser import SOON_MS, TOKEN, needs_chromium, opened, program, runs, until

pytestmark = [pytest.mark.slow, needs_chromium]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with program(tmp_path_factory.mktemp("run")) as number:
        yield number


def shows(page, *, frames=3):
    """Wait until the page has drawn so many frames and somebody's probabilities."""
    page.wait_for_selector("#bars h3")
    until(page, f"+document.querySelector('#page-age').dataset.frames >= {frames}")


def source(page, name, title):
    page.select_option("#source", name)
    until(page, f"document.querySelector('#where').textContent == {title!r}")


def pixels(page, canvas):
    return page.evaluate(f"document.querySelector('{canvas}').toDataURL()")


def test_the_page_loads_and_labels_appear(browser, port, capsys):
    with opened(browser, port) as page:
        runs(page)  # once it has loaded its networks
    start_s = time.monotonic()
    with opened(browser, port) as page:
        shows(page, frames=1)
        with capsys.disabled():
            print(f"\nopened until labels appear: {time.monotonic() - start_s:.1f} s")
        shows(page)
        assert page.title() == "gastlive"
        assert "token" not in page.url
        assert re.fullmatch(r"\d+ / \d+ ms", page.inner_text("#age"))
        assert not page.is_checked("#mirror")
        before = pixels(page, "#picture")
        until(page, f"document.querySelector('#picture').toDataURL() != {before!r}")
        until(page, "document.querySelector('#picture').ariaLabel.includes('person ')")


def test_a_reload_needs_no_address_with_the_token(browser, port):
    with opened(browser, port) as page:
        runs(page)
        page.reload()
        runs(page)


def test_the_browsers_camera_goes_up_and_comes_back_as_labels(browser, port, capsys):
    with opened(browser, port) as page:
        runs(page)
        source(page, "camera", "a browser's camera")
        runs(page)
        shows(page, frames=150)  # of the last 10 seconds: p99 of fewer is their worst
        assert page.is_checked("#mirror")
        with capsys.disabled():
            print(
                f"\nbrowser's camera: capture to this page {page.inner_text('#page-age')},", end=" "
            )
            print(f"to label {page.inner_text('#age')}, {page.inner_text('#fps')} frames/s")
        source(page, "demo", "the embedded demo clip")
        shows(page)
        assert not page.is_checked("#mirror")


def test_a_video_file_of_the_viewers_is_played_and_named(browser, port, tmp_path):
    import av

    film = tmp_path / "film.webm"  # Debian's Chromium plays H.264, too, but not every one does
    with av.open(str(DEMO)) as demo, av.open(str(film), "w") as out:
        stream = out.add_stream("libvpx", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for i, picture in enumerate(demo.decode(video=0)):
            if i == 60:
                break
            small = picture.reformat(320, 240, "yuv420p").to_ndarray()
            out.mux(stream.encode(av.VideoFrame.from_ndarray(small, format="yuv420p")))
        out.mux(stream.encode())
    with opened(browser, port) as page:
        runs(page)
        with page.expect_file_chooser() as chooser:
            page.select_option("#source", "film")
        chooser.value.set_files(str(film))
        title = "a video file that a browser plays"
        until(page, f"document.querySelector('#where').textContent == {title!r}")
        runs(page)
        shows(page)
        source(page, "demo", "the embedded demo clip")


def test_lifter_and_head_are_changed_while_it_runs(browser, port):
    with opened(browser, port) as page:
        runs(page)
        page.select_option("#lifter", "gast27s")
        page.select_option("#head", "fight")
        until(page, "document.querySelector('#bars').textContent.includes('elbow strike')")
        runs(page)
        page.select_option("#head", "everyday")
        until(page, "!document.querySelector('#bars').textContent.includes('elbow strike')")


def test_what_is_recorded_can_be_downloaded(browser, port, tmp_path):
    with opened(browser, port) as page:
        runs(page)
        shows(page)
        page.click("#record")
        page.wait_for_selector("#record[aria-pressed=true]")
        page.wait_for_timeout(2000)
        page.click("#record")
        for kind in ("video", "keypoints", "events", "BVH"):
            with page.expect_download() as download:
                page.locator("#recordings button", has_text=kind).first.click()
            download.value.save_as(tmp_path / kind)
    assert (tmp_path / "video").read_bytes()[4:8] == b"ftyp"
    assert (tmp_path / "keypoints").read_text().startswith('{"gastlive":1')
    assert (tmp_path / "BVH").read_text().startswith("HIERARCHY")


def test_everything_is_reached_by_keyboard_and_the_bodies_turn(browser, port):
    with opened(browser, port) as page:
        runs(page)
        shows(page)
        reached = set()
        for _ in range(12):
            page.keyboard.press("Tab")
            reached.add(
                page.evaluate("document.activeElement.id || document.activeElement.textContent")
            )
            if reached >= {"bodies"}:
                break
        wanted = {
            "source",
            "lifter",
            "head",
            "record",
            "mirror",
            "Front",
            "Side",
            "Above",
            "bodies",
        }
        assert reached >= wanted
        angle = "document.querySelector('#bodies').dataset.turned"
        before = page.evaluate(angle)
        page.keyboard.press("ArrowRight")
        assert page.evaluate(angle) != before
        turned = page.evaluate(angle)
        box = page.locator("#bodies").bounding_box()
        page.mouse.move(box["x"] + 50, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + 120, box["y"] + 50)
        page.mouse.up()
        assert page.evaluate(angle) != turned


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 860), (390, 844)])
def test_the_page_fits_and_is_readable(browser, port, width, height, scheme):
    with opened(browser, port, width=width, height=height, scheme=scheme) as page:
        runs(page)
        shows(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(_CONTRAST) >= 4.5
        if folder := os.environ.get("GASTLIVE_SCREENSHOTS"):
            page.wait_for_timeout(8000)
            page.screenshot(path=Path(folder) / f"page_{width}_{scheme}.png", full_page=True)


# The least contrast (WCAG 2.2, 1.4.3) of a text with the ground behind it.
_CONTRAST = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const linear = (c) => c <= 10.31 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4;
    const [x, y, z] = [r, g, b].map(linear);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (at) => {
    for (; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll("body *")].filter((at) => at.checkVisibility()
    && [...at.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return Math.min(...texts.map((at) => {
    const both = [light(parts(getComputedStyle(at).color)), light(ground(at))];
    const [a, b] = both.sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
}"""


def test_a_wrong_token_shows_nothing_and_says_what_to_do(browser, port):
    with opened(browser, port, token="wrong-wrong-wrong-wrong") as page:
        page.wait_for_selector("#status[data-is=gone]")
        assert "open the address that gastlive printed" in page.inner_text("#status")
        assert page.is_hidden("#controls")
        assert not re.search(r"\d", page.inner_text("#age"))


def test_another_name_for_this_machine_gets_no_page(browser, port):
    context = browser.new_context()
    answer = context.new_page().goto(f"http://evil.example:{port}/#token={TOKEN}")
    assert answer.status == 403
    context.close()


def test_another_sites_page_can_not_connect_even_with_the_token(browser, port):
    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html>")

        def log_message(self, *_): ...

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever).start()
    try:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{site.server_port}/")
        heard = page.evaluate(
            """([port, token]) => new Promise((done) => {
              const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
              socket.onopen = () => socket.send(JSON.stringify({ token }));
              socket.onmessage = () => done("heard");
              socket.onclose = ({ code }) => done(code);
            })""",
            [port, TOKEN],
        )
        assert heard == 1006
        loaded = page.evaluate(
            "(port) => fetch(`http://127.0.0.1:${port}/`).then(() => 'read', () => 'refused')", port
        )
        assert loaded == "refused"
        context.close()
    finally:
        site.shutdown()
        site.server_close()


def test_the_page_comes_back_when_the_server_was_started_anew(browser, tmp_path):
    with program(tmp_path / "first") as port:
        context = browser.new_context()
        context.set_default_timeout(SOON_MS)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/#token={TOKEN}")
        runs(page)
        source(page, "camera", "a browser's camera")
        runs(page)
    page.wait_for_selector("#status[data-is=gone]")
    with program(tmp_path / "second", port=port):
        page.wait_for_selector("#status[data-is=running]")
        until(page, "document.querySelector('#where').textContent == \"a browser's camera\"")
        shows(page)
        context.close()


@pytest.mark.parametrize("viewers", [0, 2])
def test_viewers_are_measured(tmp_path, capsys, viewers):
    """The age of labels with so many viewers that show each frame at once; printed, not judged."""

    async def watch(port):
        headers = {"Origin": f"http://127.0.0.1:{port}"}
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{port}/socket", headers=headers) as ws,
        ):
            await ws.send_json({"token": TOKEN})
            async for message in ws:
                if message.type == aiohttp.WSMsgType.BINARY:
                    await ws.send_json({"kind": "shown"})

    async def all_of_them(port, process):
        watching = [asyncio.create_task(watch(port)) for _ in range(viewers)]
        await asyncio.to_thread(process.wait)
        await asyncio.gather(*watching)

    process = subprocess.Popen(
        [sys.executable, "-m", "gastlive.realtime.live", "source.realtime=true", "source.repeat=0",
         "source.frames=600", "sink=[page]", "sink.page.port=0", f"sink.page.token={TOKEN}",
         f"hydra.run.dir={tmp_path}"],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    port = next(found[1] for line in process.stdout if (found := re.search(r":(\d+)/#", line)))
    try:
        with ThreadPoolExecutor(1) as aside:  # Playwright has a loop in this thread
            aside.submit(asyncio.run, all_of_them(int(port), process)).result()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["ended"] == "source ended"
    assert (summary["sinks"]["page"]["sent"] > 0) == (viewers > 0)
    age = summary["age_ms"]
    with capsys.disabled():
        print(f"\n{viewers} viewers: age p50 {age['p50']}, p99 {age['p99']} ms,", end=" ")
        print(f"{summary['dropped']} of {summary['frames'] + summary['dropped']} dropped")
