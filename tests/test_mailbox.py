from threading import Event, Thread

import pytest

from gastlive.realtime.mailbox import Latest, Queue, Slots


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


def test_of_several_writers_those_are_next_whose_turn_was_longest_ago():
    slots, turns = Slots(), []
    for _ in range(6):
        for name in "abc":  # all are faster than the reader
            slots.put(name, name)
        turns += slots.take(2)
    assert turns == list("abcabcabcabc")


def test_who_has_nothing_new_does_not_hold_the_others_up():
    slots, turns = Slots(), []
    for i in range(6):
        slots.put("fast", i)
        if i % 3 == 0:
            slots.put("slow", i)
        turns.append(sorted(slots.take(2)))
    assert turns == [["fast", "slow"], ["fast"], ["fast"]] * 2


def test_what_is_replaced_in_a_slot_is_counted_for_its_writer():
    slots = Slots()
    for i in range(3):
        slots.put("a", i)
    slots.put("b", 9)
    assert slots.take(2) == {"a": (2, 2), "b": (9, 0)}


def test_a_writer_that_loses_nothing_waits_for_its_slot_and_is_let_go():
    slots, stop, said = Slots(), Event(), []
    slots.put("a", 1)
    waits = Thread(target=lambda: said.append(slots.wait("a", stop)), daemon=True)
    waits.start()
    slots.take(1)
    waits.join(10)
    slots.put("a", 2)
    waits = Thread(target=lambda: said.append(slots.wait("a", stop)), daemon=True)
    waits.start()
    stop.set()
    slots.wake()
    waits.join(10)
    assert said == [True, False]


def test_a_reader_of_slots_waits_no_longer_than_it_likes():
    assert Slots().take(1, timeout_s=0.001) == {}
