"""The archivist: what is older than the settings keep leaves the store for sealed files."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, cast

from autofix.app.audit_keys import keys
from autofix.errors import AuditError, AutofixError
from autofix.flow.context import Context, log
from autofix.flow.escalate import notify

if TYPE_CHECKING:
    from autofix.app.site import Site
    from autofix.config import Settings
    from autofix.store.sql import SqlStore


def archive_folder(settings: Settings) -> Path:
    return settings.state / "archive"


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
        now, words = self._ctx.clock.now(), self._ctx.book.words
        text = words.gettext(
            "{error}\nWhat to do: {hint}\n\nNothing was removed; it is tried again daily."
        ).format(error=error, hint=error.hint)
        title = words.gettext("the record can't be archived")
        try:
            with self._ctx.store.transaction() as tx:
                notify(self._ctx, tx, title, text, "autofix:archive", now)
        except AutofixError as failed:
            log.error("nobody could be told of it: %s", failed)
