"""Changed files are in force everywhere, whether the store can be written just then or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autofix.app.server import Server
from autofix.app.site import Site
from autofix.errors import ConfigError, Problem, StoreError
from servers.project import Project
from unit.flow.world import World


class Moody:
    """A store that can't be written or read while it is `down`."""

    def __init__(self, store: Any) -> None:
        self._store, self.down = store, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        self._check()
        with self._store.transaction() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Any]:
        self._check()
        with self._store.reading() as reads:
            yield reads

    def _check(self) -> None:
        if self.down:
            raise StoreError("the disk is full")


class Files:
    """A site whose files changed once."""

    settings = None

    def __init__(self, outcome: Any) -> None:
        self._outcome, self._changed = outcome, True

    def changed(self) -> bool:
        changed, self._changed = self._changed, False
        return changed

    def reload(self) -> Any:
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


class Takes:
    """The web, and the schedule."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    def take(self, book: Any) -> None:
        self.taken.append(book)

    def load(self) -> None:
        self.taken.append("jobs")


def events(world: World, action: str) -> int:
    with world.store.reading() as reads:
        return len(reads.audit(action=action))


@pytest.mark.parametrize("good", [True, False])
def test_what_a_reload_owes_the_store_is_told_when_it_can_be(good: bool) -> None:
    world, web, schedule = World(), Takes(), Takes()
    broken = ConfigError([Problem("autofix.yaml", 1, "it is broken")])
    server: Any = Server(Files(world.ctx.book if good else broken))  # type: ignore[arg-type]
    server._web = web
    store: Any = Moody(world.ctx.store)
    world.ctx.store = store
    store.down = True
    for _ in range(2):
        with pytest.raises(StoreError):
            server._reload(world.ctx, schedule)
    assert schedule.taken == (["jobs"] if good else [])
    assert len(web.taken) == good
    store.down = False
    for _ in range(2):
        server._reload(world.ctx, schedule)
    assert events(world, "settings.loaded") == good
    assert events(world, "settings.rejected") == (not good)


def test_a_change_that_a_store_in_trouble_hid_is_seen_again(tmp_path: Path) -> None:
    project = Project(tmp_path, {"web": {"web1": {}}})
    pager = {"type": "webhook", "url": "https://pager.example/", "secret_kept": "pager"}
    given = {"channels": {"p": pager}, "policies": {"default": {"channels": ["p"]}}}
    project.autofix("secrets", "set", "pager", given="hush hush hush\n")
    project.settings(given)
    site = Site.open(tmp_path)
    try:
        site.context("test", full=True)
        assert not site.changed()
        project.settings({**given, "timezone": "Europe/Paris"})
        store: Any = Moody(site.store)
        site.store = store
        store.down = True
        with pytest.raises(StoreError):
            site.reload()
        store.down = False
        assert site.changed()
        site.reload()
        assert site.timezone == "Europe/Paris"
        assert not site.changed()
    finally:
        site.close()
