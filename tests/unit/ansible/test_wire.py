"""The wire is bounded, and nothing that went astray stays unnoticed."""

import json

from hypothesis import given
from hypothesis import strategies as st

from autofix.ansible.wire import LONGEST_LINE, WireReader


def lines(*kinds):
    return b"".join(
        json.dumps({"n": n, "kind": kind}).encode() + b"\n" for n, kind in enumerate(kinds, 1)
    )


@given(st.integers(1, 40), st.integers(1, 50))
def test_messages_come_whole_however_the_bytes_are_split(count, size):
    data = lines(*["task"] * count, "end")
    reader = WireReader()
    got = [
        message
        for start in range(0, len(data), size)
        for message in reader.feed(data[start : start + size])
    ]
    assert [message["n"] for message in got] == list(range(1, count + 1))
    assert not reader.missing


def test_without_the_last_line_something_is_missing():
    reader = WireReader()
    assert len(list(reader.feed(lines("task", "stats")))) == 2
    assert reader.missing


def test_a_lost_message_is_noticed():
    reader = WireReader()
    data = lines("task", "failed", "end").splitlines(keepends=True)
    list(reader.feed(data[0] + data[2]))
    assert reader.missing


def test_a_message_after_the_end_is_noticed():
    reader = WireReader()
    list(reader.feed(lines("end", "task")))
    assert reader.missing


def test_what_is_no_message_is_dropped_and_noticed():
    for junk in (b"hello\n", b"[1]\n", b'{"n": 1}\n', b"[" * 100_000 + b"\n", b"\xff\n"):
        reader = WireReader()
        assert list(reader.feed(junk)) == []
        list(reader.feed(lines("end")))
        assert reader.missing


def test_an_endless_line_takes_no_memory_and_the_next_line_is_read_again():
    reader = WireReader()
    for _ in range(2 * LONGEST_LINE // 4096):
        list(reader.feed(b"x" * 4096))
    assert sum(len(piece) for piece in reader._pieces) <= LONGEST_LINE
    got = list(reader.feed(b"\n" + json.dumps({"n": 2, "kind": "task"}).encode() + b"\n"))
    assert [message["kind"] for message in got] == ["task"]
    assert reader.missing
