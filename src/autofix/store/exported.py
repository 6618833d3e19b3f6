"""Verifying an exported record, or an archive, by itself: no store, at most a public key."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from json import JSONDecodeError, loads
from typing import Any

from autofix.core.audit import VERSION, AuditEntry, AuditEvent, Break, body, seal, walk
from autofix.core.checkpoints import Archive, Checkpoint, archive_from_json, from_json
from autofix.errors import StoreError
from autofix.store.canonical import canonical, json_text, read_json
from autofix.store.export import archive_line, checkpoint_line
from autofix.store.seals import Copy, Ledger
from autofix.store.trust import Trust
from autofix.store.verify import Progress, Report, Walk, judged_report, listed, quiet

#: An entry's line up to its `hash`. What stands around it is what was hashed.
_HEAD = re.compile(
    rb'\{"action":"(?:[^"\\]|\\.)*","actor":"(?:[^"\\]|\\.)*","at":[-+.0-9e]+,'
    rb'("hash":"([0-9a-f]{64})",)"host":"'
)
#: (seq, prev, hash as stored, hash as computed)
Link = tuple[int, str, str, str]


def verify_export(
    lines: Iterable[str],
    *,
    trusted: Mapping[str, bytes] | None = None,
    witnesses: Iterable[Copy] = (),
    sealed: bool = False,
    progress: Progress = quiet,
) -> Report:
    """Verify exported JSONL lines. `sealed` demands the seal that ends an archive.

    `trusted`: public halves by fingerprint; without them signatures are not checked.
    """
    trust = Trust(trusted)
    reader = Reader(lines, trust, [each.size for each in witnesses], progress)
    first = reader.begin()
    found, more = listed(walk(reader.links(first), *reader.ledger().base))
    reader.end(sealed)
    notes = [f"and {more} more breaks"] if more else []
    if not trust.checks:
        notes.append("signatures were not checked: give the public half with --key audit.pub")
    if not list(witnesses):
        notes.append("no witness given: what was cut off at the end does not show")
    return judged_report(
        reader.ledger(), reader.walked, trust, list(witnesses), [*found, *reader.faults], notes
    )


class Reader:
    """Takes the lines apart; what is none of ours becomes a fault."""

    def __init__(
        self, lines: Iterable[str], trust: Trust, wanted: Iterable[int], progress: Progress
    ) -> None:
        self._lines = self._readable(lines)
        self._trust = trust
        self._hash = hashlib.sha256()
        self._number = 0
        self._checkpoints: list[Checkpoint] = []
        self._archives: list[Archive] = []
        self._seal: Archive | None = None
        self._after_seal = False
        self.faults: list[Break] = []
        self.walked = Walk(set(wanted), trust, 0, progress)

    def ledger(self) -> Ledger:
        return Ledger(tuple(self._checkpoints), tuple(self._archives))

    def begin(self) -> bytes | None:
        """Take the lines of archives; the first line that is none, or None."""
        for line in self._lines:
            if not line.startswith(b'{"archive":'):
                return line
            self._other(line)
        return None

    def links(self, first: bytes | None) -> Iterator[Link]:
        if first is not None:
            yield from self._link(first)
        for line in self._lines:
            yield from self._link(line)

    def end(self, sealed: bool) -> None:
        """After the last line: is the archive whole?"""
        at = self.walked.last
        if self._seal is None:
            if sealed:
                self.faults.append(Break(at + 1, "the seal at the end is missing"))
            return
        fault = self._trust.fault(self._seal)
        if self._seal.last != at or self._seal.head != self.walked.head:
            fault = f"says that entry {self._seal.last} is the last, which it is not"
        if fault:
            self.faults.append(Break(at, f"the seal at the end {fault}"))

    def _readable(self, lines: Iterable[str]) -> Iterator[bytes]:
        try:
            for line in lines:
                self._number += 1
                raw = line.encode("utf-8", "surrogatepass")
                yield raw.removesuffix(b"\n")
                self._hash.update(raw)
        except UnicodeDecodeError:
            place = self.walked.last + 1
            self.faults.append(Break(place, "the export is not UTF-8 text from here on"))
        except (EOFError, OSError, zlib.error):  # of a compressed file
            self.faults.append(Break(self.walked.last + 1, "the file is cut off or damaged here"))

    def _link(self, line: bytes) -> Iterator[Link]:
        if self._after_seal:
            self._fault("follows the seal of the archive")
            return
        found = _quick(line)
        if found is None and line.startswith((b'{"checkpoint":', b'{"archive":', b'{"seal":')):
            self._other(line)
            return
        found = found or _careful(line)
        if found is None:
            self._fault("is not an entry of an export")
            return
        link, at, action, payload = found
        self.walked.passed(link[0], link[2], at, action, payload)
        yield link

    def _fault(self, what: str) -> None:
        self.faults.append(Break(self.walked.last + 1, f"line {self._number} {what}"))

    def _other(self, line: bytes) -> None:
        """A checkpoint, an archive that is gone before, or the seal of this archive."""
        try:
            [(kind, value)] = read_json(line.decode()).items()
            self._take(kind, value, line)
        except (ValueError, KeyError, TypeError, AttributeError, StoreError, RecursionError):
            self._fault("is not what an export has")

    def _take(self, kind: str, value: dict[str, Any], line: bytes) -> None:
        if (value.pop("v"), value.pop("what")) != (
            VERSION, "checkpoint" if kind == "checkpoint" else "archive",
        ):  # fmt: skip
            raise ValueError("not ours")
        if kind == "checkpoint":
            checkpoint = from_json(value)
            again, size = checkpoint_line(checkpoint), checkpoint.size
            if size != self.walked.last:
                raise ValueError("it stands elsewhere")
            self._checkpoints.append(checkpoint)
            self.walked.keep(size)
        else:
            archive = archive_from_json(value)
            again = archive_line(archive, kind)
            if kind == "seal":
                self._sealed(archive)
            elif kind == "archive" and not self.walked.size:
                self._archives.append(archive)
            else:
                raise ValueError("it stands elsewhere")
        if again.encode() != line:
            raise ValueError("it is spelt otherwise")

    def _sealed(self, seal: Archive) -> None:
        if seal.sha256 != self._hash.hexdigest():
            self.faults.append(
                Break(self.walked.last, "the lines of the archive are not those that were sealed")
            )
        self._seal, self._after_seal = seal, True


def _quick(line: bytes) -> tuple[Link, Any, str, str] | None:
    """The entry of a line that is right; None for the careful way to say what is wrong.

    The line without its `hash` is byte for byte what was hashed, so nothing is encoded again.
    """
    head = _HEAD.match(line)
    if head is None:
        return None
    computed = hashlib.sha256(line[: head.start(1)] + line[head.end(1) :]).hexdigest()
    stored = head.group(2).decode()
    if computed != stored:
        return None
    try:
        value = loads(line)
    except (JSONDecodeError, UnicodeDecodeError, RecursionError):
        return None
    if value.get("v") != VERSION or type(value.get("seq")) is not int or len(value) != 12:
        return None
    action, payload = str(value["action"]), ""
    if action.startswith("audit."):
        payload = json_text(value.get("payload"))
    at = value.get("at")
    return (
        (value["seq"], str(value.get("prev")), stored, computed),
        float(at) if isinstance(at, int) else at, action, payload,
    )  # fmt: skip


def _careful(raw: bytes) -> tuple[Link, Any, str, str] | None:
    """The entry of a line; None unless the line is, byte for byte, what `export` writes of it."""
    try:
        line = raw.decode()
        value = read_json(line)
        names = ("at", "actor", "action", "runbook", "host", "incident", "run", "payload")
        event = AuditEvent(*(value[name] for name in names))
        entry = AuditEntry(value["seq"], event, value["prev"], value["hash"])
        again = json_text(body(entry.seq, event, entry.prev) | {"hash": entry.hash})
    except (ValueError, KeyError, TypeError, RecursionError, StoreError):
        return None
    whole = type(entry.seq) is int and value["v"] == VERSION and isinstance(entry.hash, str)
    if not whole or again != line:
        return None
    computed = seal(entry.seq, event, entry.prev, canonical).hash
    link = (entry.seq, str(entry.prev), entry.hash, computed)
    return link, event.at, str(event.action), json_text(event.payload)
