"""A server that speaks as much S3 as files of a few kilobytes need."""

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Bucket:
    """Objects by ``bucket/key``, at an address of this machine while it is entered."""

    def __init__(self):
        self.objects = {}
        bucket = self

        class Handler(_Handler):
            objects = bucket.objects

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _key(self):
        return unquote(urlsplit(self.path).path).strip("/")

    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.objects[self._key] = content
        self._answer(200, more={"ETag": _tag(content)})

    def do_GET(self):
        if "/" not in self._key:
            self._list()
        elif (content := self.objects.get(self._key)) is None:
            self._missing()
        else:
            first, _, last = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
            part = content[int(first or 0) : int(last or len(content)) + 1]
            self._answer(206 if first else 200, part, more={"ETag": _tag(content)})

    do_HEAD = do_GET

    def do_DELETE(self):
        self.objects.pop(self._key, None)
        self._answer(204)

    def _list(self):
        prefix = parse_qs(urlsplit(self.path).query).get("prefix", [""])[0]
        found = {key.partition("/")[2]: content for key, content in self.objects.items()}
        listed = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size>"
            f"<ETag>{_tag(content)}</ETag>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for key, content in sorted(found.items())
            if key.startswith(prefix)
        )
        said = f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
        self._answer(200, said.encode())

    def _missing(self):
        self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")

    def _answer(self, status, content=b"", more=None):
        self.send_response(status)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        pass


def _tag(content):
    return f'"{hashlib.md5(content).hexdigest()}"'
