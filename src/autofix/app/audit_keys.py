"""The keys that seal the record of a site: made, looked at, followed by another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autofix.errors import AuditError, AutofixError, Problem
from autofix.flow.context import Context, log
from autofix.flow.notary import KEY_ROTATED

if TYPE_CHECKING:
    from autofix.app.site import Site
    from autofix.config import Settings
    from autofix.store.keys import Keys


def keys(settings: Settings) -> Keys:
    from autofix.store.keys import Keys

    return Keys(settings.state / "keys")


def first_time(site: Site) -> bool:
    """The project has no key and never had one."""
    if keys(site.settings).ever or head_names_one(site.settings):
        return False
    return not (has_store(site.settings) and was_sealed(site))


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


def was_sealed(site: Site) -> bool:
    """A key was there once: somebody has signed with it."""
    with site.store.reading() as reads:
        sealed = reads.last_checkpoint() is not None or bool(reads.archives())
    return sealed or head_names_one(site.settings)


def head_names_one(settings: Settings) -> bool:
    """The head file names a checkpoint."""
    from autofix.store.head import checkpoints

    beside = Path(settings.store.removeprefix("sqlite:///")).parent
    folder = beside if settings.store.startswith("sqlite:///") else settings.state
    try:
        return bool(checkpoints(folder / "audit.head"))
    except AutofixError:
        return False


def settle(pair: Keys, ctx: Context) -> None:
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


def public_half(settings: Settings) -> tuple[str, str]:
    """Fingerprint and text of the public half of the key in use."""
    from autofix.store.keys import fingerprint, pem

    public = keys(settings).public()
    return fingerprint(public), pem(public)


def only(key: Path) -> Mapping[str, bytes]:
    """The public half in a file, and no other."""
    from autofix.store.keys import fingerprint, read_public

    public = read_public(key)
    return {fingerprint(public): public}


def problems(settings: Settings) -> list[Problem]:
    """What `check` says of the key."""
    pair = keys(settings)
    if not pair.ever and not head_names_one(settings):
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
        return only(given)
    pair = keys(site.settings)
    return pair.trusted() if pair.ever or was_sealed(site) else None
