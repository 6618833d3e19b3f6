"""Archives: entries that aged out leave the store for a sealed file, and only when that is proven.

A file is an export (see `export.lines`) up to a checkpoint, ended by a signed seal, compressed.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from autofix.core.audit import AuditEvent
from autofix.core.checkpoints import Archive, Checkpoint
from autofix.errors import AuditError
from autofix.ports import Reads, Signer, Store
from autofix.store.archive_files import sha256
from autofix.store.export import Readable, archive_line, lines
from autofix.store.exported import verify_export

#: Entries in one file at most.
LIMIT = 100_000
ARCHIVED = "audit.archived"


class Trusting(Signer, Protocol):
    def trusted(self) -> Mapping[str, bytes]:
        """Public halves by fingerprint."""


class Archived(Store, Readable, Protocol):
    """A store whose entries can be read as they are stored."""


def archive_next(
    store: Archived, keys: Trusting, folder: Path, *, before: float, now: float, owner: str
) -> Archive | None:
    """Archive the oldest entries, up to the last checkpoint older than `before`; None when there
    is none.

    AuditError, and nothing is removed, when they don't verify or the file can't be written.
    """
    with store.reading() as reads:
        base, last = _base(reads), _last(reads, before)
        if last is None:
            return None
        draft = Archive(base + 1, last.size, last.head, _name(base + 1, last.size), "", now)
    path = folder / draft.file
    with _writing(path):
        _make_room(folder, draft)
        _write(store, keys, draft, path)
    _prove(path, draft, keys.trusted())
    finished = Archive(draft.first, draft.last, draft.head, draft.file, sha256(path), now)
    payload = {name: getattr(finished, name) for name in ("first", "last", "head", "file")}
    event = AuditEvent(now, owner, ARCHIVED, payload={**payload, "sha256": finished.sha256})
    with keys.turn(), store.transaction() as tx:
        signed = keys.sign_archive(finished)
        tx.add_archive(signed, event)
    return signed


def _base(reads: Reads) -> int:
    return max((each.last for each in reads.archives()), default=0)


def _last(reads: Reads, before: float) -> Checkpoint | None:
    """The last checkpoint that a file may reach to."""
    base, found, after = _base(reads), None, 0
    while page := reads.checkpoints(after=after):
        for each in page:
            too_many = found is not None and each.size - base > LIMIT
            if each.at >= before or too_many:
                return found
            found = each
        after = page[-1].size
    return found


def _name(first: int, last: int) -> str:
    return f"audit-{first:012d}-{last:012d}.jsonl.gz"


def _make_room(folder: Path, draft: Archive) -> None:
    """The folder, without what an interrupted try has left: its entries are all in the store."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in folder.glob(f"*audit-{draft.first:012d}-*"):
        each.unlink()


def _write(store: Archived, keys: Signer, draft: Archive, path: Path) -> None:
    fresh = path.with_name(f".{path.name}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        # No time and no name within: the same entries make the same file.
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            _fill(store, keys, draft, cast(BinaryIO, packed))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _fill(store: Archived, keys: Signer, draft: Archive, out: BinaryIO) -> None:
    digest, count = hashlib.sha256(), 0
    for seq, line in lines(store, draft.last):
        count += seq > 0
        raw = line + b"\n"
        digest.update(raw)
        out.write(raw)
    if count != draft.last - draft.first + 1:
        raise AuditError(
            f"entries {draft.first} to {draft.last} can't be archived: {count} of them were found",
            hint="run autofix audit verify",
        )
    seal = Archive(draft.first, draft.last, draft.head, draft.file, digest.hexdigest(), draft.at)
    out.write(f"{archive_line(keys.sign_archive(seal), 'seal')}\n".encode())


def _prove(path: Path, draft: Archive, trusted: Mapping[str, bytes]) -> None:
    """Read it back: it must verify by itself, whole."""
    with opened(path) as content:
        report = verify_export(content, trusted=trusted, sealed=True)
    if report.holds and (report.size, report.head, report.sealed) == (
        draft.last - draft.first + 1, draft.head, draft.last,
    ):  # fmt: skip
        return
    what = report.breaks[0].what if report.breaks else "it is not whole"
    raise AuditError(
        f"entries {draft.first} to {draft.last} are not archived: {what}",
        hint="they stay in the store; run autofix audit verify",
    )


@contextmanager
def opened(path: Path) -> Iterator[Iterator[str]]:
    """The lines of an export, compressed or not; AuditError if it can't be read."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with (
            gzip.open(path, "rt", encoding="utf-8", newline="\n")
            if packed
            else path.open(encoding="utf-8", newline="\n")
        ) as content:
            yield iter(content)
    except OSError as error:
        raise AuditError(f"{path} can't be read: {error.strerror or error}") from None


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AuditError(
            f"the archive {path} can't be written: {error.strerror}",
            hint="the entries stay in the store; make room or mend the folder's rights",
        ) from None
