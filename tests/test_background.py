import threading
from io import StringIO
from threading import Event as Flag
from threading import Thread, current_thread

import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.realtime.packets import Event, Frame, RunInfo
from gastlive.realtime.sinks.background import Background, apart
from gastlive.realtime.sinks.window import WindowClosed

INFO = RunInfo(160, 120, 30.0, "coco17", "h36m17", ("idle", "wave"), "idle", "demo")
ENDED = Event(1, "wave", 0.0, 1.0, 0.9)
LAST = Event(2, "wave", 1.0, 2.0, 0.8)
SOON_S = 10.0  # longest wait for a thread; only a failing test takes so long


def frame(index, *events):
    return Frame(None, index, index / 30, index / 30, 160, 120, events=events)


class Witness:
    """A sink that notes what it is told and by whom; it takes a frame only when let."""

    def __init__(self, *, errors=None, is_open=True):
        self.told, self.events, self.threads, self.errors = [], [], [], errors or {}
        self.reached, self.gate = Flag(), Flag()
        if is_open:
            self.gate.set()

    def begin(self, info):
        self._note("begin")

    def __call__(self, frame):
        self.reached.set()
        assert self.gate.wait(SOON_S)
        self.events += frame.events
        self._note(frame.index)

    def close(self, events=()):
        self.ended = events
        self._note("close")

    def summary(self):
        return {"told": len(self.told)}

    def _note(self, what):
        self.told.append(what)
        self.threads.append(current_thread())
        if what in self.errors:
            raise self.errors[what]


def begun(inner, **options):
    sink = Background(inner, **options)
    sink.begin(INFO)
    return sink


def stuck(inner, **options):
    """A background whose sink is at work on frame 0 and whose queue is full."""
    sink = begun(inner, **options, capacity=2)
    sink(frame(0))
    assert inner.reached.wait(SOON_S)
    sink(frame(1))
    sink(frame(2))
    return sink


def failed(inner):
    """A background whose sink has failed, which nobody has heard of yet."""
    sink = begun(inner)
    sink(frame(0))
    sink._thread.join(SOON_S)
    return sink


def test_begin_every_frame_and_close_arrive_in_order_and_once():
    inner = Witness()
    sink = begun(inner)
    for i in range(50):
        sink(frame(i))
    sink.close((LAST,))
    assert inner.told == ["begin", *range(50), "close"]
    assert inner.ended == (LAST,)
    assert sink.summary() == {"told": 52, "skipped": 0}


def test_a_sink_has_one_thread_which_is_not_the_pipelines_and_ends_with_close():
    inner = Witness()
    sink = begun(inner)
    for i in range(5):
        sink(frame(i))
    sink.close()
    (thread,) = set(inner.threads[:-1])  # close itself may come from anywhere, afterwards
    assert thread is not current_thread()
    assert thread not in threading.enumerate()


def test_the_pipeline_goes_on_while_the_sink_works():
    inner = Witness(is_open=False)
    sink = begun(inner)
    sink(frame(0))
    assert inner.reached.wait(SOON_S)
    sink(frame(1))
    assert inner.told == ["begin"]
    inner.gate.set()
    sink.close()


def test_a_file_waits_for_a_slow_sink_and_loses_nothing():
    inner = Witness(is_open=False)
    sink = stuck(inner)
    pipeline = Thread(target=sink, args=(frame(3),))
    pipeline.start()
    pipeline.join(0.05)
    assert pipeline.is_alive()
    inner.gate.set()
    pipeline.join(SOON_S)
    sink.close()
    assert inner.told == ["begin", 0, 1, 2, 3, "close"]


def test_a_camera_does_not_wait_and_what_is_left_out_is_counted():
    inner = Witness(is_open=False)
    sink = stuck(inner, may_skip=True)
    for i in range(3, 10):
        sink(frame(i))
    inner.gate.set()
    sink.close()
    assert inner.told == ["begin", 0, 1, 2, "close"]
    assert sink.summary()["skipped"] == 7


def test_actions_that_ended_in_a_frame_left_out_are_told_with_the_next():
    inner = Witness(is_open=False)
    sink = stuck(inner, may_skip=True)
    sink(frame(3, ENDED))
    inner.reached.clear()
    inner.gate.set()
    assert inner.reached.wait(SOON_S)  # at frame 1, so there is room again
    sink(frame(4, LAST))
    sink.close()
    assert inner.told[-2:] == [4, "close"]
    assert inner.events == [ENDED, LAST]
    assert inner.ended == ()


def test_actions_that_ended_in_the_last_frames_left_out_are_told_at_the_end():
    inner = Witness(is_open=False)
    sink = stuck(inner, may_skip=True)
    sink(frame(3, ENDED))
    inner.gate.set()
    sink.close((LAST,))
    assert inner.ended == (ENDED, LAST)


def test_closing_finishes_what_was_handed_over():
    inner = Witness(is_open=False)
    sink = stuck(inner)
    closing = Thread(target=sink.close)
    closing.start()
    closing.join(0.05)
    assert closing.is_alive()
    inner.gate.set()
    closing.join(SOON_S)
    assert inner.told == ["begin", 0, 1, 2, "close"]


@pytest.mark.parametrize(
    "error",
    [InputError("disk full"), OSError(5, "I/O error"), WindowClosed(), ZeroDivisionError()],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_raised_by_the_next_call_once_and_closing_still_works(error):
    inner = Witness(errors={0: error})
    sink = failed(inner)
    with pytest.raises(type(error)) as caught:
        sink(frame(1))
    assert caught.value is error
    for i in range(2, 20):
        sink(frame(i))
    sink.close((LAST,))
    assert inner.told == ["begin", 0, "close"]
    assert inner.ended == (LAST,)


def test_an_error_of_the_last_frame_is_raised_by_close_after_the_sink_is_closed():
    inner = Witness(errors={0: InputError("disk full")})
    sink = failed(inner)
    with pytest.raises(InputError, match="disk full"):
        sink.close()
    assert inner.told == ["begin", 0, "close"]


def test_an_error_in_begin_is_heard_of_too():
    inner = Witness(errors={"begin": InputError("no such thing")})
    with pytest.raises(InputError, match="no such thing"):
        begun(inner).close()
    assert inner.told == ["begin", "close"]


def test_a_call_that_waits_for_room_hears_of_the_error():
    inner = Witness(errors={0: InputError("disk full")}, is_open=False)
    sink, heard = stuck(inner), []

    def push():
        with pytest.raises(InputError) as caught:
            sink(frame(3))
        heard.append(str(caught.value))

    pipeline = Thread(target=push)
    pipeline.start()
    inner.gate.set()
    pipeline.join(SOON_S)
    sink.close()
    assert heard == ["disk full"]


def test_the_error_of_a_frame_is_told_rather_than_that_of_closing_after_it():
    inner = Witness(errors={0: InputError("disk full"), "close": OSError("no end either")})
    with pytest.raises(InputError, match="disk full"):
        failed(inner).close()


def test_a_sink_that_was_never_begun_is_closed_all_the_same():
    inner = Witness()
    Background(inner).close()
    assert inner.told == ["close"]


def test_only_a_sink_that_says_so_gets_a_thread_and_only_a_camera_is_skipped_in(tmp_path):
    plain, video = Witness(), option("sink/video", folder=str(tmp_path))
    assert apart(plain, live=True) is plain
    camera, file = apart(video, live=True), apart(video, live=False)
    assert (camera.sink, camera.may_skip, file.may_skip) == (video, True, False)


def test_a_sink_that_costs_but_is_a_record_is_never_skipped_in():
    class Record(Witness):
        own_thread = True

    assert apart(Record(), live=True).may_skip is False


def test_a_table_has_a_thread_and_lines_in_a_pipe_are_a_record(monkeypatch):
    class Screen(StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    lines, table = (
        option("sink/terminal", stream=StringIO()),
        option("sink/terminal", stream=Screen()),
    )
    assert apart(lines, live=True) is lines
    assert apart(table, live=True).may_skip is True


def test_a_video_in_the_background_is_the_same_as_one_in_the_pipeline(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (12, 120, 160, 3), np.uint8)
    sinks = [
        option("sink/video", folder=str(tmp_path / "a")),
        option("sink/video", folder=str(tmp_path / "b")),
    ]
    for sink in (sinks[0], apart(sinks[1], live=False)):
        sink.begin(INFO)
        for i, picture in enumerate(pictures):
            sink(frame(i).knowing(image=picture, finished_s=i / 30))
        sink.close()
    here, there = (sink.path.read_bytes() for sink in sinks)
    assert here == there
