"""The sealed record of a site: its keys, its notary, and what has aged out of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from autofix.app.witnessing import witnesses
from autofix.core.audit import AuditEvent
from autofix.core.hosts import HostTable
from autofix.errors import AuditError, AutofixError, Problem
from autofix.flow.context import Book, Context, log
from autofix.flow.escalate import notify
from autofix.flow.notary import KEY_ROTATED, Notary

if TYPE_CHECKING:
    from autofix.app.site import Site
    from autofix.config import Settings
    from autofix.store.keys import Keys
    from autofix.store.sql import SqlStore
    from autofix.store.verify import Report

#: Seconds for each witness at the end of a command.
AT_THE_END = 5.0


def keys(settings: Settings) -> Keys:
    from autofix.store.keys import Keys

    return Keys(settings.state / "keys")


def archive_folder(settings: Settings) -> Path:
    return settings.state / "archive"


def notary(site: Site, ctx: Context) -> Notary:
    from autofix.store.tail import doubts

    return Notary(
        ctx,
        keys(site.settings),
        witnesses=lambda: witnesses(site.settings, ctx),
        doubts=lambda: doubts(site.store),
    )


def begin(site: Site, ctx: Context) -> Notary:
    """Before anything is done: the key is there and good, and what was left unsealed is sealed.

    A project that never had a key gets one. AuditError says what to do about one that is gone.
    """
    from autofix.store.keys import fingerprint

    pair, made = keys(site.settings), notary(site, ctx)
    if first_time(site):
        make_key(site.settings)
    public = pair.public()
    _settle(pair, ctx)
    made.introduce(fingerprint(public), public.hex())
    return made


def first_time(site: Site) -> bool:
    """The project has no key and never had one."""
    if keys(site.settings).ever or _head_names_one(site.settings):
        return False
    return not (has_store(site.settings) and _was_sealed(site))


def has_store(settings: Settings) -> bool:
    """There is something to seal, as far as that can be seen without making it."""
    sqlite = "sqlite:///"
    return (
        not settings.store.startswith(sqlite) or Path(settings.store.removeprefix(sqlite)).exists()
    )


def make_key(settings: Settings) -> str:
    """Make the first key pair, if there is none; its fingerprint, empty when nothing was made."""
    from autofix.store.keys import fingerprint

    public = keys(settings).make()
    if public is None:
        return ""
    name = fingerprint(public)
    log.info("an audit key was made: %s; keep a copy of %s", name, keys(settings).folder)
    return name


def _was_sealed(site: Site) -> bool:
    """A key was there once: somebody has signed with it."""
    with site.store.reading() as reads:
        sealed = reads.last_checkpoint() is not None or bool(reads.archives())
    return sealed or _head_names_one(site.settings)


def _head_names_one(settings: Settings) -> bool:
    from autofix.store.head import checkpoints

    beside = Path(settings.store.removeprefix("sqlite:///")).parent
    folder = beside if settings.store.startswith("sqlite:///") else settings.state
    try:
        return bool(checkpoints(folder / "audit.head"))
    except AutofixError:
        return False


def _settle(pair: Keys, ctx: Context) -> None:
    """A change of keys that was cut off is finished, or undone if it is not on the record."""
    with pair.turn():
        waiting = pair.waiting()
        if not waiting:
            return
        with ctx.store.reading() as reads:
            changes = reads.audit(action=KEY_ROTATED, newest_first=True, limit=1)
        if any(each.event.payload.get("new") == waiting for each in changes):
            pair.adopt()
        else:
            pair.drop()


def end(site: Site) -> None:
    """At the end of every command that wrote something. Never raises: the work is done."""
    from autofix.store.keys import fingerprint

    if not site.store.wrote or not keys(site.settings).ever:
        return
    try:
        # Without the runbooks: what a command needs at its end is who is paged.
        book = Book({}, HostTable({}, {}), policies=site.settings.policies)
        last = notary(site, replace(site.context("autofix"), book=book))
        public = keys(site.settings).public()
        last.introduce(fingerprint(public), public.hex())
        if not site.store.leader():  # a server tells its witnesses by itself
            last.tell(AT_THE_END)
    except AutofixError as error:
        log.error(
            "the record could not be sealed: %s%s", error, f" ({error.hint})" * bool(error.hint)
        )
    except Exception:  # noqa: BLE001 - the work that this follows has happened
        log.exception("the record could not be sealed")


def new_key(site: Site, actor: str) -> tuple[str, str]:
    """Another key follows the one in use, or a lost one; both fingerprints."""
    from autofix.store.keys import fingerprint

    pair, ctx = keys(site.settings), site.context(actor)
    old, old_public, lost = _old_key(site, pair)
    public = pair.prepare()
    payload = {
        "old": old, "old_public": old_public.hex(),
        "new": fingerprint(public), "public": public.hex(), "lost": lost,
    }  # fmt: skip
    event = AuditEvent(ctx.clock.now(), actor, KEY_ROTATED, payload=payload)
    try:
        if lost:
            with pair.turn():
                with ctx.store.transaction() as tx:
                    tx.record(event)
                pair.adopt()
        else:
            notary(site, ctx).seal(event, pair.adopt)
    except AutofixError:
        pair.drop()
        raise
    return old, fingerprint(public)


def _old_key(site: Site, pair: Keys) -> tuple[str, bytes, bool]:
    """Fingerprint and public half of the key in use; True when its private half is lost."""
    from autofix.store.keys import fingerprint

    try:
        public = pair.public()
    except AuditError:
        with site.store.reading() as reads:
            last = reads.last_checkpoint()
        name = last.key if last else ""
        return name, pair.trusted().get(name, b""), True
    return fingerprint(public), public, False


def problems(settings: Settings) -> list[Problem]:
    """What `check` says of the key."""
    pair = keys(settings)
    if not pair.ever and not _head_names_one(settings):
        return []  # the first `serve` or `run` makes it
    try:
        pair.public()
        pair.trusted()
    except AuditError as error:
        return [Problem(str(pair.file), 0, str(error), error.hint)]
    return []


def trusted(site: Site, given: Path | None) -> Mapping[str, bytes] | None:
    """The public halves to verify with: only the one given, or those of the project. None when
    the project has never had one."""
    if given is not None:
        return _only(given)
    pair = keys(site.settings)
    return pair.trusted() if pair.ever or _was_sealed(site) else None


def public_half(settings: Settings) -> tuple[str, str]:
    """Fingerprint and text of the public half of the key in use."""
    from autofix.store.keys import fingerprint, pem

    public = keys(settings).public()
    return fingerprint(public), pem(public)


def verify_exported(
    file: Path, key: Path | None, witness: Path | None, progress: Callable[[int, int], None]
) -> Report:
    """Verify an export or an archive by itself, without any project."""
    from autofix.store import copies
    from autofix.store.archive import opened
    from autofix.store.exported import verify_export
    from autofix.store.trust import Trust

    publics = None if key is None else _only(key)
    seen = copies.read(None, [witness] if witness else [], [], Trust(publics))
    with opened(file) as lines:
        return verify_export(lines, trusted=publics, witnesses=seen.copies, progress=progress)


def _only(key: Path) -> Mapping[str, bytes]:
    from autofix.store.keys import fingerprint, read_public

    public = read_public(key)
    return {fingerprint(public): public}


class Archivist:
    """Archives what is older than the settings keep, in a thread of its own: it may take long."""

    def __init__(self, site: Site, ctx: Context) -> None:
        self._site, self._ctx = site, ctx
        self._thread: threading.Thread | None = None

    def tend(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="archive", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        try:
            while self.archive():
                pass
        except AuditError as error:
            log.error("%s (%s)", error, error.hint)
            self._page(error)
        except AutofixError as error:
            log.error("the record could not be archived: %s", error)
        except Exception:  # noqa: BLE001 - a thread of its own: said, and tried again
            log.exception("the record could not be archived")

    def archive(self) -> bool:
        """One file; False when nothing is old enough."""
        from autofix.store.archive import archive_next

        settings, now = self._site.settings, self._ctx.clock.now()
        store = cast("SqlStore", self._ctx.store)  # the site's, fenced while we lead
        done = archive_next(
            store, keys(settings), archive_folder(settings),
            before=now - settings.retention.audit, now=now, owner=self._ctx.owner,
        )  # fmt: skip
        if done is not None:
            log.info("entries %d to %d are archived in %s", done.first, done.last, done.file)
        return done is not None

    def _page(self, error: AuditError) -> None:
        now = self._ctx.clock.now()
        text = f"{error}\nWhat to do: {error.hint}\n\nNothing was removed; it is tried again daily."
        try:
            with self._ctx.store.transaction() as tx:
                notify(self._ctx, tx, "the record can't be archived", text, "autofix:archive", now)
        except AutofixError as failed:
            log.error("nobody could be told of it: %s", failed)
