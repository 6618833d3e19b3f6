"""A checkpoint of the sealed record: how long the chain was, where it ended, signed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

VERSION = 1
#: A checkpoint follows at the latest after so many entries, or so many seconds.
ENTRIES, SECONDS = 1000, 60.0


@dataclass(frozen=True)
class Checkpoint:
    """One row. `signature` (hex, Ed25519) is over the canonical JSON of `body`.

    `before` names the checkpoint before this one, so that one that was taken away shows.
    """

    size: int
    head: str  # hex SHA-256 of the entry numbered `size`
    at: float  # whole milliseconds
    key: str  # which key signed: the beginning of its public half's SHA-256 (hex)
    before: int = 0  # size of the checkpoint before; 0 for the first
    signature: str = ""


@dataclass(frozen=True)
class Archive:
    """Entries that aged out: exported, sealed and compressed before they were removed.

    `signature` is over the canonical JSON of `archive_body`.
    """

    first: int
    last: int
    head: str  # the hash of entry `last`: what is left begins after it
    file: str  # name within the archive folder
    sha256: str
    at: float
    key: str = ""
    signature: str = ""


def body(checkpoint: Checkpoint) -> dict[str, Any]:
    """What is signed."""
    return {
        "v": VERSION,
        "what": "checkpoint",
        "size": checkpoint.size,
        "head": checkpoint.head,
        "at": checkpoint.at,
        "key": checkpoint.key,
        "before": checkpoint.before,
    }


def archive_body(archive: Archive) -> dict[str, Any]:
    """What is signed of an archive."""
    return {
        "v": VERSION,
        "what": "archive",
        "first": archive.first,
        "last": archive.last,
        "head": archive.head,
        "file": archive.file,
        "sha256": archive.sha256,
        "at": archive.at,
        "key": archive.key,
    }


def due(last: Checkpoint | None, size: int, now: float) -> str:
    """Why a checkpoint is due for a chain of `size` entries; empty when none is."""
    sealed = last.size if last else 0
    if size <= sealed:
        return ""
    if last is None:
        return "there is none yet"
    if size - sealed >= ENTRIES:
        return f"{size - sealed} entries since the last"
    # A clock that was set back must not put off the next one for ever.
    if not 0 <= now - last.at < SECONDS:
        return f"{SECONDS:.0f} s since the last"
    return ""


def sizes(last: Checkpoint | None, size: int, base: int = 0) -> Iterator[int]:
    """Where checkpoints belong between the last one and the head: at every ENTRIES-th entry that
    was missed, then at the head. The very first has nothing to catch up with."""
    if last is not None and last.size >= base:
        yield from range((last.size // ENTRIES + 1) * ENTRIES, size, ENTRIES)
    if size > (last.size if last else 0):
        yield size


def line(checkpoint: Checkpoint) -> str:
    """The line for a witness: `<time> <size> <head> <signature> <key> <before>`."""
    moment = datetime.fromtimestamp(checkpoint.at, UTC).isoformat(timespec="milliseconds")
    c = checkpoint
    return f"{moment.replace('+00:00', 'Z')} {c.size} {c.head} {c.signature} {c.key} {c.before}"


_LINE = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z (\d{1,15}) ([0-9a-f]{64}) ([0-9a-f]{128}) "
    r"([0-9a-f]{32}) (\d{1,15})(?!\d)"
)


def parse_lines(text: str) -> list[Checkpoint]:
    """Every checkpoint in a text that `line` may have written, in the text's order."""
    return list(_parsed(_LINE.findall(text)))


def _parsed(found: Iterable[tuple[str, ...]]) -> Iterator[Checkpoint]:
    for moment, size, head, signature, key, before in found:
        try:
            at = datetime.fromisoformat(f"{moment}+00:00").timestamp()
        except ValueError:  # the 31st of February
            continue
        yield Checkpoint(int(size), head, millis(at), key, int(before), signature)


def millis(at: float) -> float:
    """A moment in whole milliseconds: it can be written and read back without loss."""
    return round(at, 3)


def from_json(value: Mapping[str, Any]) -> Checkpoint:
    """A checkpoint of its JSON object; ValueError when it is none."""
    fields = ("size", "head", "at", "key", "before", "signature")
    size, head, at, key, before, signature = _taken(value, fields, {"size": int, "before": int})
    return Checkpoint(size, head, at, key, before, signature)


def archive_from_json(value: Mapping[str, Any]) -> Archive:
    """An archive's row of its JSON object; ValueError when it is none."""
    fields = ("first", "last", "head", "file", "sha256", "at", "key", "signature")
    return Archive(*_taken(value, fields, {"first": int, "last": int}))


def _taken(
    value: Mapping[str, Any], fields: tuple[str, ...], kinds: Mapping[str, type]
) -> list[Any]:
    if set(value) != set(fields):
        raise ValueError("other keys than written")
    taken = [float(value[name]) if name == "at" else value[name] for name in fields]
    for name, each in zip(fields, taken, strict=True):
        if type(each) is not kinds.get(name, float if name == "at" else str):
            raise ValueError(f"{name} is not of its type")
    return taken
