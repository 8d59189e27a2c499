"""The tests test this checkout, or nothing."""

import logging
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure():
    """Stop in one line where `gastlive` is another checkout, or not installed."""
    try:
        found = find_spec("gastlive.gast.errors")
    except ModuleNotFoundError:
        found = None
    file = ROOT / "gast" / "errors.py"
    if found is None or found.origin is None:
        raise pytest.UsageError(f"gastlive is not installed for {ROOT}; run: make setup")
    if not file.samefile(found.origin):
        elsewhere = Path(found.origin).resolve().parent.parent
        raise pytest.UsageError(
            f"this environment has gastlive of {elsewhere}, not of {ROOT}; run: make test"
        )


@pytest.fixture(scope="session")
def demo_film():
    """Writes the first pictures of the demo clip as a video of its own."""

    def write(path, *, frames):
        import av

        from gastlive.realtime.sources.demo import PATH

        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(PATH)) as demo, av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=30)
            stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
            stream.bit_rate = 8_000_000
            for i, picture in enumerate(demo.decode(video=0)):
                if i == frames:
                    break
                bare = av.VideoFrame.from_ndarray(picture.to_ndarray(format="rgb24"))
                container.mux(stream.encode(bare))
            container.mux(stream.encode())
        return path

    return write


HANDLERS = {
    number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
}


@pytest.fixture(autouse=True)
def nothing_of_a_program_stays():
    """A program leaves its process deaf to signals and logs its own way; tests go on in it."""
    for number, handler in HANDLERS.items():
        if handler is not signal.getsignal(number):
            signal.signal(number, handler)
    logging.root.setLevel(logging.WARNING)  # Hydra's `disabled` leaves it at ERROR
    logging.getLogger("gastlive").propagate = True
    logging.getLogger("gastlive").handlers = []  # that of a test whose stderr is closed by now
    for name in list(logging.root.manager.loggerDict):
        if name == "gastlive" or name.startswith("gastlive."):
            logging.getLogger(name).disabled = False  # Hydra silences those that are there


@pytest.fixture
def ended(monkeypatch, capfd):
    """A program run in this process, which has torch already: its status, output and errors."""

    def run(main, *words, folder):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["gastlive", *words])
        capfd.readouterr()
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        return status, *capfd.readouterr()

    return run


@pytest.fixture
def warned(monkeypatch):
    """Warnings, whatever a program before has done to the loggers of this process."""
    lines = []

    def note(_, line, *given, **__):
        lines.append(str(line) % given if given else str(line))

    monkeypatch.setattr(logging.Logger, "warning", note)
    return lines


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """See `chromium`."""
    from .browser import chromium

    with chromium(tmp_path_factory.mktemp("camera")) as launched:
        yield launched
