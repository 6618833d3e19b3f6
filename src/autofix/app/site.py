"""One project folder: its settings at once, everything else when it is asked for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autofix import config, outgoing
from autofix.app import audit_keys, identity, listening, record, synthetic, tracer, wiring
from autofix.app.archivist import archive_folder
from autofix.app.clock import SystemClock
from autofix.app.discreet import discreet
from autofix.app.hidden import settings_secrets
from autofix.app.killswitch import KillSwitch
from autofix.app.speaking import speaks
from autofix.app.witnessing import witness_files
from autofix.config import Project, Settings
from autofix.core.hosts import HostTable
from autofix.core.runbooks import Runbook
from autofix.errors import ConfigError, Problem
from autofix.flow.context import Book, Context

if TYPE_CHECKING:
    from autofix.ansible.inventory import AnsibleInventory
    from autofix.store.sealed import Vault
    from autofix.store.sql import SqlStore
    from autofix.store.verify import Report


def owner_name(what: str) -> str:
    """Who we are, for the lead and the record: `serve pid 4711 on ops1`."""
    return f"{what} pid {os.getpid()} on {socket.gethostname()}"


class Site:
    """What a command or the server works with. Nothing is read before it is needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.file = settings.file
        self.clock = SystemClock()
        self.warnings: list[Problem] = []
        self._seen = ""
        self._kept: Mapping[str, str] = {}
        self._lost_inventory: tuple[Problem, ...] = ()

    @classmethod
    def open(cls, start: Path) -> Site:
        """Find autofix.yaml at or above `start` and read it. What is wrong in it counts later,
        for whatever needs it: the record can be read with a broken channel."""
        return cls(wiring.load_settings(start))

    @property
    def timezone(self) -> str:
        return self.settings.timezone

    @cached_property
    def killswitch(self) -> KillSwitch:
        _raise_errors(wiring.place_unknown(self.settings))
        return KillSwitch(self.settings.state)

    @cached_property
    def store(self) -> SqlStore:
        """Opened at first use; made if it isn't there."""
        from autofix.store import open_store

        _raise_errors(wiring.place_unknown(self.settings))
        given = self.settings.store_password
        password = given.get_secret_value() if given else ""
        return open_store(self.settings.store, state=self.settings.state, password=password)

    @cached_property
    def sealer(self) -> Vault:
        """What autofix itself keeps, and the key to it; nothing is read before it is needed."""
        return wiring.vault(self.settings, self._nothing_kept)

    def _nothing_kept(self) -> bool:
        with self.store.reading() as reads:
            return not reads.kept()

    def close(self) -> None:
        """The record is sealed, and its head file says the latest then."""
        if "store" in self.__dict__:
            record.end(self)
            self.store.close()

    @cached_property
    def inventory(self) -> AnsibleInventory:
        """Read by Ansible itself, in a child: about a second."""
        from autofix.ansible.inventory import AnsibleInventory

        try:
            return AnsibleInventory.read(wiring.ansible_options(self.settings))
        except ConfigError as error:
            raise ConfigError(wiring.shown(error.problems)) from error

    def project(self) -> Project:
        """The runbooks, checked against everything else."""
        return config.load(self.settings, wiring.outside(self.inventory))

    def runbook(self, name: str) -> Runbook:
        """A runbook for a person's run: only its own errors and the settings' matter."""
        found = self.project().for_run(name)
        problems = [*self.inventory.problems, *wiring.lint(self.settings, found)]
        _raise_errors(wiring.shown(problems))
        return found

    def check(self, *, syntax: bool = False) -> list[Problem]:
        """Everything that is wrong or doubtful in the whole project."""
        inventory, problems = self._try_inventory()
        project = config.load(self.settings, wiring.outside(inventory))
        problems += [*project.problems, *audit_keys.problems(self.settings)]
        problems += synthetic.problems(self.settings, inventory)
        problems += tracer.problems(self.settings.parts.get("tracing"), str(self.file))
        problems += identity.problems(self.settings.parts.get("oidc"), str(self.file))
        problems += listening.problems(self.settings)
        for runbook in project.runbooks.values():
            linted = wiring.lint(self.settings, runbook)
            problems += linted
            if syntax and not any(each.level == "error" for each in linted):
                problems += wiring.syntax(self.settings, runbook)
        return wiring.shown(problems)

    def _try_inventory(self) -> tuple[AnsibleInventory | None, list[Problem]]:
        """A broken inventory is one of several things that may be wrong."""
        try:
            return self.inventory, list(self.inventory.problems)
        except ConfigError as error:
            return None, list(error.problems)

    def load_book(self) -> Book:
        """All files, as one book to go by. ConfigError with everything that is wrong."""
        self._seen = config.fingerprint(self.settings)
        problems = self.check()
        _raise_errors(problems)
        self.warnings = [each for each in problems if each.level != "error"]
        runbooks = self.project().runbooks
        return self._book(runbooks)

    def _book(self, runbooks: Any) -> Book:
        outgoing.allow(self.settings.outgoing)
        book = Book(
            runbooks,
            self.inventory.table,
            wiring.channels(self.settings),
            self.settings.policies,
            wiring.connections(self.settings),
            sources=wiring.sources(self.settings),
            public_url=self.settings.public_url,
            words=speaks(self.settings.language),
            calendars=self.settings.calendars,
            limits=self.settings.limits,
            freezes=self.settings.freezes,
            severities=self.settings.severities,
        )
        return synthetic.with_synthetic(book, self.settings)

    def changed(self) -> bool:
        """Did a file of the project change since the book was loaded?"""
        return (
            self._changed_inventory()
            or config.fingerprint(self.settings) != self._seen
            or self._kept_secrets() != self._kept
        )

    def _kept_secrets(self) -> Mapping[str, str]:
        """What the settings name of it, as it lies in the store."""
        if not self.settings.kept_names:
            return {}
        with self.store.reading() as reads:
            rows = reads.kept()
        return {row.name: row.sealed for row in rows if row.name in self.settings.kept_names}

    def _changed_inventory(self) -> bool:
        """An inventory that broke is a change too; `reload` says what is wrong with it."""
        try:
            if not self.inventory.reload_if_changed():
                return False
            self._lost_inventory = ()
        except ConfigError as error:
            self._lost_inventory = error.problems
        return True

    def reload(self) -> Book:
        """The changed files as a new book; ConfigError leaves everything as it was.

        The store and the state folder stay those of the start.
        """
        kept = self._kept_secrets()  # a store that can't be read: it is tried again
        self._seen = config.fingerprint(self.settings)
        if not self.file.is_file():  # else one in a folder above would be found
            raise ConfigError(
                [Problem(str(self.file), 0, "the settings are gone", "put them back")]
            )
        self._kept = kept
        fresh = Site(wiring.load_settings(self.file))
        if wiring.ansible_options(fresh.settings) == wiring.ansible_options(self.settings):
            _raise_errors(wiring.shown(self._lost_inventory))
            fresh.inventory = self.inventory
        book = fresh.load_book()
        self.settings, self.inventory = fresh.settings, fresh.inventory
        self.warnings, self._seen, self._lost_inventory = fresh.warnings, fresh._seen, ()
        return book

    def context(self, owner: str, *, full: bool = False) -> Context:
        """The ports; with `full` also the files, Ansible and the probes, to look and to act."""
        book = self.load_book() if full else Book({}, HostTable({}, {}))
        self._kept = self._kept_secrets() if full else {}
        return self._context(owner, book)

    def context_of_good(self, owner: str) -> Context:
        """To act with every runbook that has no errors; the others are not there."""
        return self._context(owner, self._book(dict(self.project().runbooks)))

    def context_for(self, owner: str, runbook: Runbook) -> Context:
        """To act with one runbook, whatever is wrong in the others."""
        good = dict(self.project().runbooks)
        return self._context(owner, self._book({**good, runbook.name: runbook}))

    def _context(self, owner: str, book: Book) -> Context:
        return Context(
            store=self.store,
            clock=self.clock,
            runner=wiring.LazyRunner(lambda: self.settings, lambda host: self._secrets(host)),
            probe=discreet(wiring.load_probe(), self._secrets),
            book=book,
            owner=owner,
            switch=self.killswitch,
        )

    def _secrets(self, host: str) -> list[str]:
        vaulted = self.inventory.secrets(host) if self.inventory.known(host) else ()
        return [*vaulted, *settings_secrets(self.settings)]

    def verify_audit(
        self,
        *,
        witness: Path | None = None,
        key: Path | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Report:
        """Compute the whole record again, check its seals, and compare it with its head file, this
        witness and those of the settings. Only `key` is trusted when it is given."""
        from autofix.store.verify import quiet, verify

        return verify(
            self.store,
            head=self.store.head_file,
            witnesses=[witness] if witness else [],
            known_witnesses=witness_files(self.settings),
            trusted=audit_keys.trusted(self, key),
            archives=archive_folder(self.settings),
            now=self.clock.now(),
            progress=progress or quiet,
        )


def _raise_errors(problems: list[Problem]) -> None:
    errors = [each for each in problems if each.level == "error"]
    if errors:
        raise ConfigError(errors)
