"""Everything that somebody without the key could do to the record who can write the store.

Each mutation says at which numbers it must be found."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Any

from autofix.core.checkpoints import Checkpoint
from safety.tamper import COLUMNS, EVERY, OLD, SIZE, Done, Record

Mutation = Callable[[Record, Random], Done]


def checkpoint_after(number: int) -> int:
    """The checkpoint that seals this entry."""
    return -(-number // EVERY) * EVERY


def flip(record: Record, random: Random) -> Done:
    """One bit of one column of one entry."""
    number, place = random.randint(1, SIZE), random.randrange(len(COLUMNS))
    column = COLUMNS[place]
    value = record.rows()[number - 1][place]
    if column == "seq":
        return _renumber(record, number, number ^ 1 << random.randrange(40))
    if isinstance(value, bytes):
        raw = bytearray(value)
        bit = random.randrange(len(raw) * 8)
        raw[bit // 8] ^= 1 << bit % 8
        record.edit(
            f"UPDATE audit SET {column} = CAST(? AS TEXT) WHERE seq = {number}", values=(raw,)
        )
    elif isinstance(value, float):
        [whole] = struct.unpack("<q", struct.pack("<d", value))
        [changed] = struct.unpack("<d", struct.pack("<Q", (whole ^ 1 << random.randrange(64))))
        record.edit(f"UPDATE audit SET at = ? WHERE seq = {number}", values=(changed,))
    else:
        fresh = value ^ 1 << random.randrange(62)
        record.edit(f"UPDATE audit SET {column} = {fresh} WHERE seq = {number}")
    return Done(f"a bit of {column} of {number}", number, number)


def _renumber(record: Record, number: int, other: int) -> Done:
    if 1 <= other <= SIZE:
        return swap_numbers(record, number, other)
    record.edit(f"UPDATE audit SET seq = {other} WHERE seq = {number}")
    return Done(f"{number} renumbered {other}", min(number, other if other < 1 else number), number)


def swap_numbers(record: Record, one: int, other: int) -> Done:
    record.edit(
        f"UPDATE audit SET seq = -{one} WHERE seq = {one}",
        f"UPDATE audit SET seq = {one} WHERE seq = {other}",
        f"UPDATE audit SET seq = {other} WHERE seq = -{one}",
    )
    return Done(f"{one} and {other} swapped", min(one, other), min(one, other))


def delete(record: Record, random: Random) -> Done:
    number = random.randint(1, SIZE)
    record.edit(f"DELETE FROM audit WHERE seq = {number}")
    return Done(f"{number} deleted", number, number)


def delete_and_close_up(record: Record, random: Random) -> Done:
    number = random.randint(1, SIZE)
    record.edit(
        f"DELETE FROM audit WHERE seq = {number}",
        f"UPDATE audit SET seq = -seq + 1 WHERE seq > {number}",
        "UPDATE audit SET seq = -seq WHERE seq < 0",
    )
    return Done(f"{number} deleted, those after it moved up", number, number)


def insert(record: Record, random: Random) -> Done:
    number = random.randint(1, SIZE)
    record.edit(
        f"UPDATE audit SET seq = -seq - 1 WHERE seq >= {number}",
        "UPDATE audit SET seq = -seq WHERE seq < 0",
        f"INSERT INTO audit SELECT {number}, at, 'ghost', action, runbook, host, incident, run, "
        f"payload, prev, hash FROM audit WHERE seq = {number + 1}",
    )
    return Done(f"one inserted at {number}", number, number)


def reorder(record: Record, random: Random) -> Done:
    one, other = random.sample(range(1, SIZE + 1), 2)
    return swap_numbers(record, one, other)


def truncate(record: Record, random: Random) -> Done:
    """The tail, or all; the checkpoints of it too; the head file gone, or left."""
    left = random.choice([0, *range(1, SIZE)])
    record.edit(f"DELETE FROM audit WHERE seq > {left}")
    low = left + 1
    if random.random() < 0.5:
        record.edit(f"DELETE FROM checkpoints WHERE size > {left}")
        low = 1 if left < EVERY else low  # no checkpoint is left: nothing was ever sealed
        if random.random() < 0.5:
            record.head.unlink()
            # Nothing is left that knows how long it was, but the file that must be there is not.
            return Done(
                f"cut after {left}, checkpoints and head gone", 0, SIZE, by_witness=left < 8
            )
    return Done(f"cut after {left}", low, left + 1)


def rechain(record: Record, random: Random) -> Done:
    """From a point on, with hashes that are right."""
    number = random.randint(1, SIZE)
    record.rechain(number, _another_actor)
    return Done(f"written anew from {number}", number, checkpoint_after(number))


def rechain_with_head(record: Record, random: Random) -> Done:
    """The same, and the head file says what the chain says."""
    number = random.randint(1, SIZE)
    record.rechain(number, _another_actor)
    record.write_head(SIZE)
    return Done(f"written anew from {number}, head too", number, checkpoint_after(number))


def rechain_without_checkpoints(record: Record, random: Random) -> Done:
    """The same, and the checkpoints that contradict it are gone."""
    number = random.randint(1, SIZE)
    record.rechain(number, _another_actor)
    record.edit(f"DELETE FROM checkpoints WHERE size >= {number}")
    low = 1 if number <= EVERY else number  # no checkpoint is left: nothing was ever sealed
    return Done(f"written anew from {number}, its checkpoints gone", low, SIZE)


def rechain_and_sign(record: Record, random: Random) -> Done:
    """The same, with checkpoints signed by a key of the forger's own."""
    number = random.randint(1, SIZE)
    record.rechain(number, _another_actor)
    first = checkpoint_after(number)
    hashes = {row[0]: row[10].decode() for row in record.rows()}
    for size in range(first, SIZE + 1, EVERY):
        _put(record, record.stranger.sign(
            Checkpoint(size, hashes[size], 2000.0 + size, "", size - EVERY)
        ))  # fmt: skip
    record.write_head(SIZE)
    return Done(f"written anew from {number} and signed by a stranger", first, first)


def everything_but_the_witness(record: Record, random: Random) -> Done:
    """Written anew, its checkpoints gone, the head file as if nothing had been."""
    number = random.randint(EVERY + 1, SIZE)
    record.rechain(number, _another_actor)
    record.edit(f"DELETE FROM checkpoints WHERE size >= {number}")
    record.write_head(number - 1)
    return Done(
        f"written anew from {number}, all traces gone", number, checkpoint_after(number), True
    )


def old_copy(record: Record, _: Random) -> Done:
    """The whole store as it was once, its head file too."""
    for name in ("autofix.db", "audit.head"):
        shutil.copy(record.master / "old" / name, record.state / name)
    for name in ("autofix.db-wal", "autofix.db-shm"):
        (record.state / name).unlink(missing_ok=True)
    return Done("an old copy", OLD + 1, checkpoint_after(OLD + 1), True)


def checkpoint_gone(record: Record, random: Random) -> Done:
    size = random.randrange(EVERY, SIZE + 1, EVERY)
    record.edit(f"DELETE FROM checkpoints WHERE size = {size}")
    return Done(f"checkpoint {size} gone", size, size)


def checkpoints_gone(record: Record, random: Random) -> Done:
    """All of them, or the newest; the head file does not name one either."""
    record.edit("DELETE FROM checkpoints")
    record.write_head(SIZE)
    return Done("all checkpoints gone", 1, 1)


def checkpoint_edited(record: Record, random: Random) -> Done:
    size = random.randrange(EVERY, SIZE + 1, EVERY)
    change, place = random.choice([
        ("head = (SELECT hash FROM audit WHERE seq = 3)", size), ("at = at + 1", size),
        ("before = before + 1", size), ("before = 0, at = at + 0.001", size),
        ("signature = upper(signature)", size), ("signature = ''", size),
        ("signature = CAST(signature AS BLOB)", size), ("head = NULL || 'x'", size),
        ("key = 'x'", size), ("size = size - 3", size - 3), ("at = 9e999", size),
        ("head = (SELECT hash FROM audit WHERE seq = size - 1), size = size - 1", size - 1),
    ])  # fmt: skip
    try:
        record.edit(f"UPDATE checkpoints SET {change} WHERE size = {size}")
    except sqlite3.IntegrityError:  # it refuses that by itself
        return checkpoint_gone(record, random)
    return Done(f"checkpoint {size}: {change}", min(place, size - EVERY + 1), size)


def checkpoint_of_a_stranger(record: Record, random: Random) -> Done:
    size = random.randrange(EVERY, SIZE + 1, EVERY)
    head = record.rows()[size - 1][10].decode()
    made = record.stranger.sign(Checkpoint(size, head, 2000.0 + size, "", size - EVERY))
    _put(record, made)
    return Done(f"checkpoint {size} signed by a stranger", size, size)


def head_gone(record: Record, _: Random) -> Done:
    record.head.unlink()
    return Done("audit.head deleted", SIZE, SIZE)


def head_flipped(record: Record, random: Random) -> Done:
    raw = bytearray(record.head.read_bytes())
    bit = random.randrange(len(raw) * 8)
    raw[bit // 8] ^= 1 << bit % 8
    record.head.write_bytes(raw)
    return Done(f"bit {bit} of audit.head", 0, 10**15)  # it may be one of its number


def checkpoint_flipped(record: Record, random: Random) -> Done:
    size = random.randrange(EVERY, SIZE + 1, EVERY)
    column = random.choice(["head", "key", "signature"])
    with closing(sqlite3.connect(record.file)) as database:
        [text] = database.execute(
            f"SELECT {column} FROM checkpoints WHERE size = {size}"
        ).fetchone()
    raw = bytearray(text.encode())
    bit = random.randrange(len(raw) * 8)
    raw[bit // 8] ^= 1 << bit % 8
    record.edit(
        f"UPDATE checkpoints SET {column} = CAST(? AS TEXT) WHERE size = {size}", values=(raw,)
    )
    return Done(f"a bit of {column} of checkpoint {size}", size, size)


def false_archive(record: Record, random: Random) -> Done:
    """The beginning is gone, and said to be archived."""
    last = random.randrange(EVERY, SIZE, EVERY)
    head = record.rows()[last - 1][10].decode()
    record.edit(
        f"DELETE FROM audit WHERE seq <= {last}", f"DELETE FROM checkpoints WHERE size <= {last}",
        f"INSERT INTO archives (first, last, head, file, sha256, at, key, signature) VALUES "
        f"(1, {last}, '{head}', 'a.gz', '{'0' * 64}', 1.0, '{'0' * 32}', '{'0' * 128}')",
    )  # fmt: skip
    return Done(f"1 to {last} gone, and said to be archived", 1, 1)


def _another_actor(row: list[Any]) -> None:
    row[2] = b"nobody"


def _put(record: Record, made: Checkpoint) -> None:
    values = (made.size, made.head, made.at, made.key, made.before, made.signature)
    record.edit(
        "INSERT OR REPLACE INTO checkpoints (size, head, at, key, before, signature) "
        "VALUES (?,?,?,?,?,?)", values=values,
    )  # fmt: skip


MUTATIONS: tuple[Mutation, ...] = (
    flip, delete, delete_and_close_up, insert, reorder, truncate, rechain, rechain_with_head,
    rechain_without_checkpoints, rechain_and_sign, everything_but_the_witness, old_copy,
    checkpoint_gone, checkpoints_gone, checkpoint_edited, checkpoint_of_a_stranger, head_gone,
    head_flipped, checkpoint_flipped, false_archive,
)  # fmt: skip
