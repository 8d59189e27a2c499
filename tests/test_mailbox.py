from threading import Thread

import pytest

from gastlive.realtime.mailbox import Latest, Queue


def writing(box, items):
    """A started thread that puts the items and closes; what `put` said is collected in `said`."""
    said = []

    def write():
        said.extend(box.put(item) for item in items)
        box.close()

    thread = Thread(target=write, daemon=True)
    thread.start()
    return thread, said


def test_the_newest_item_wins_and_the_rest_is_counted():
    box = Latest()
    for i in range(3):
        box.put(i)
    box.close()
    assert (list(box), box.dropped) == ([2], 2)


def test_drops_after_an_item_was_taken_are_not_counted_with_it():
    box = Latest()
    items = iter(box)
    counts = []
    for burst in ([0], [1, 2], [3, 4, 5]):
        for i in burst:
            box.put(i)
        item = next(items)
        before = box.dropped
        box.put(10 * item)
        box.put(10 * item)
        counts.append((item, before, box.dropped))
        assert next(items) == 10 * item
    assert counts == [(0, 0, 0), (2, 2, 2), (5, 5, 5)]


@pytest.mark.parametrize("make", [Latest, lambda: Queue(2)])
def test_the_writers_error_is_raised_in_the_reader_after_the_last_item(make):
    box = make()
    box.put(1)
    box.close(OSError("camera unplugged"))
    items = iter(box)
    assert next(items) == 1
    with pytest.raises(OSError, match="unplugged"):
        next(items)


def test_a_queue_loses_nothing_however_fast_the_writer_is():
    box = Queue(2)
    writing(box, range(50))
    assert list(box) == list(range(50))
    assert box.dropped == 0


def test_a_queue_lets_the_writer_be_ahead_by_its_capacity_only():
    box = Queue(2)
    thread, said = writing(box, range(5))
    thread.join(0.1)
    assert thread.is_alive()
    assert len(said) <= 2
    assert list(box) == [0, 1, 2, 3, 4]


def test_a_queue_is_full_while_its_writer_would_have_to_wait():
    box = Queue(2)
    said = []
    for item in range(2):
        said.append(box.is_full)
        box.put(item)
    said.append(box.is_full)
    next(iter(box))
    assert [*said, box.is_full] == [False, False, True, False]


def test_a_writer_waiting_for_room_hears_that_the_reader_left():
    box = Queue(1)
    thread, said = writing(box, range(3))
    assert next(iter(box)) == 0
    box.leave()
    thread.join(5)
    assert not thread.is_alive()
    assert said[-1] is False


def test_nothing_can_be_put_once_the_reader_has_left():
    box = Latest()
    box.put(1)
    box.leave()
    assert box.put(2) is False
    assert list(box) == []


def test_a_waiting_reader_ends_when_told_to_leave():
    box, got = Latest(), []
    thread = Thread(target=lambda: got.extend(box), daemon=True)
    thread.start()
    box.leave()
    thread.join(5)
    assert not thread.is_alive()
    assert got == []


def test_silence_is_an_error_only_after_the_time_given():
    box = Latest()
    items = box.items(timeout_s=0.05)
    box.put(1)
    assert next(items) == 1
    with pytest.raises(TimeoutError):
        next(items)
