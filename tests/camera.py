"""A camera on the network: JPEGs over HTTP, with whatever may go wrong with one."""

import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import cv2

from gastlive.realtime.sources.demo import PATH


class _Server(ThreadingHTTPServer):
    allow_reuse_address = daemon_threads = True
    block_on_close = False


class Camera:
    """Sends the demo clip again and again, to everybody who asks, until it is switched off.

    Attributes:
        scale: Of the pictures from now on.
        damaged: So many of the next pictures are sent with a hole.
    """

    def __init__(self, *, fps=10.0, scale=0.5, pictures=120):
        self.fps, self.scale, self.damaged, self.port, self.url = fps, scale, 0, 0, ""
        with av.open(str(PATH)) as film:
            self._pictures = [
                picture.to_ndarray(format="bgr24")
                for picture, _ in zip(film.decode(video=0), range(3 * pictures), strict=False)
            ][::3]
        self._server = None

    def switch_on(self):
        """Listen, at the same port as before."""
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=x")
                self.end_headers()
                with suppress(OSError):
                    camera._send(self.wfile, is_on=lambda: camera._server is self.server)

            def log_message(self, *_):
                pass

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/video.mjpg"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def switch_off(self):
        """End all connections and listen no more."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _send(self, stream, *, is_on):
        begin_s = time.monotonic()
        for i in iter(range(1 << 40)):
            time.sleep(max(begin_s + i / self.fps - time.monotonic(), 0))
            if not is_on():
                return
            jpeg = self._jpeg(self._pictures[i % len(self._pictures)])
            head = f"--x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            stream.write(head.encode() + jpeg + b"\r\n")

    def _jpeg(self, picture):
        small = cv2.resize(picture, None, fx=self.scale, fy=self.scale)
        jpeg = cv2.imencode(".jpg", small)[1].tobytes()
        if self.damaged > 0:
            self.damaged -= 1
            jpeg = jpeg[: len(jpeg) // 3] + jpeg[len(jpeg) // 2 :]
        return jpeg


@contextmanager
def camera(**given):
    """One that is switched on."""
    made = Camera(**given)
    made.switch_on()
    try:
        yield made
    finally:
        made.switch_off()
