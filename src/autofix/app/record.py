"""The sealed record of a site: sealed from its first moment to its last, and verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autofix.app.audit_keys import first_time, keys, make_key, only, settle
from autofix.app.witnessing import witnesses
from autofix.core.audit import AuditEvent
from autofix.core.hosts import HostTable
from autofix.errors import AutofixError
from autofix.flow.context import Book, Context, log
from autofix.flow.notary import KEY_ROTATED, Notary

if TYPE_CHECKING:
    from autofix.app.site import Site
    from autofix.store.keys import Keys
    from autofix.store.verify import Report

#: Seconds for each witness at the end of a command.
AT_THE_END = 5.0


def notary(site: Site, ctx: Context) -> Notary:
    from autofix.store.tail import doubts

    pair = keys(site.settings)
    return Notary(
        ctx,
        pair,
        witnesses=lambda: witnesses(site.settings, ctx),
        doubts=lambda: doubts(site.store, site.store.head_file, pair.name()),
    )


def begin(site: Site, ctx: Context) -> Notary:
    """Before anything is done: the key is there and good, and what was left unsealed is sealed.

    A project that never had a key gets one. AuditError says what to do about one that is gone.
    """
    from autofix.store.keys import fingerprint

    pair, made = keys(site.settings), notary(site, ctx)
    if first_time(site):
        make_key(site.settings)
    pair.complete()
    public = pair.public()
    settle(pair, ctx)
    made.introduce(fingerprint(public), public.hex())
    return made


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


def verify_exported(
    file: Path, key: Path | None, witness: Path | None, progress: Callable[[int, int], None]
) -> Report:
    """Verify an export or an archive by itself, without any project."""
    from autofix.store import copies
    from autofix.store.archive import opened
    from autofix.store.exported import verify_export
    from autofix.store.trust import Trust

    publics = None if key is None else only(key)
    seen = copies.read(None, [witness] if witness else [], [], Trust(publics))
    with opened(file) as lines:
        return verify_export(lines, trusted=publics, witnesses=seen.copies, progress=progress)


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

    if pair.lost:
        with site.store.reading() as reads:
            last = reads.last_checkpoint()
        name = last.key if last else ""
        return name, pair.trusted().get(name, b""), True
    public = pair.public()
    return fingerprint(public), public, False
