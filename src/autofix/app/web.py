"""The server's web: from before it leads, through standing by, to its end."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from autofix import __version__
from autofix.app import identity
from autofix.app.desk import OfServer, place_of
from autofix.app.listening import certificate
from autofix.app.sentinel.files import replace_text
from autofix.app.served import FILE
from autofix.app.site import Site
from autofix.core.roles import Principal
from autofix.errors import AutofixError, StoreError
from autofix.flow.context import Book, Context, log
from autofix.ports import Desk

if TYPE_CHECKING:
    from autofix.desk.checker import Checker
    from autofix.desk.entrance import Entrance
    from autofix.web.clerk import Clerk
    from autofix.web.metrics import Exposition
    from autofix.web.serving import WebServer
    from autofix.web.sockets import Listener
    from autofix.web.tls import Certificate

#: Open files that the server may have, where the machine allows so many.
FILES = 4096
#: Seconds since the engine's loop last went round, after which it does not.
STUCK = 30.0


class Web:
    """`age`: seconds since the engine's loop, or a standby's, last went round."""

    def __init__(self, site: Site, age: Callable[[], float]) -> None:
        self._site, self._age = site, age
        self._ctx: Context | None = None
        self._leads = False
        self._server: WebServer | None = None
        self._clerk: Clerk | None = None
        self._certificate: Certificate | None = None
        self._entrance: Entrance | None = None
        self._checker: Checker | None = None
        self._listening: list[Listener] = []
        self._begun = False

    def use(self, ctx: Context) -> None:
        """With these files and this store. Its own copy: not fenced when we lead no more."""
        ctx.meter = self._metrics.measures
        self._ctx = replace(ctx)

    @cached_property
    def _metrics(self) -> Exposition:
        from autofix.web.metrics import Exposition

        return Exposition(self._site.store, lambda: self._leads)

    def take(self, book: Book) -> None:
        """Changed files are in force."""
        self._context().book = book

    def leads(self, leads: bool) -> None:
        self._leads = leads

    def begin(self) -> None:
        """ListenError, ConfigError when it can't listen. Harmless later: `tend` sees to it, and
        a web that is lost and can't listen again keeps nobody from leading."""
        if not self._begun:
            self._start()
            self._begun = True

    def _start(self) -> None:
        from autofix.web.serving import WebServer

        _open_files()
        listeners = self._listeners()
        try:
            app = self._app()
            certificate = self._certificate
            server = WebServer(
                app,
                listeners,
                tls=certificate.context if certificate else None,
                trusted=self._trusted,
            )
            assert self._clerk is not None
            self._clerk.start()
            server.start()
        except BaseException:
            if self._clerk is not None:
                self._clerk.stop()
            for each in listeners:
                each.close()
            raise
        self._server, self._listening = server, listeners
        self._told(listeners)

    def welcome(self) -> None:
        """Where the console is. While nobody may come in: a link, on standard output only, makes
        the administrator."""
        if self._entrance is None or not self._site.settings.web.enabled:
            return
        self._greet()
        try:
            code = self._entrance.setup.begin()
        except StoreError as error:
            log.error("no link for the first administrator could be made: %s", error)
            return
        if code:
            link = f"{self._address()}/setup/{code}"
            print(f"make the first administrator, once and within a day: {link}", flush=True)

    def _greet(self) -> None:
        """Whoever starts us by hand sees where to go; who collects JSON gets nothing else."""
        if self._site.settings.logging.format == "json":
            log.info("the console: %s", self._address())
        else:
            print(f"the console: {self._address()}", flush=True)

    def _address(self) -> str:
        """Where a browser on this machine, or the one of `public_url`, finds us."""
        if self._site.settings.public_url:
            return self._site.settings.public_url.rstrip("/")
        web = self._site.settings.web
        [url, *_] = [each.name for each in self._listening if each.file is None]
        url = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
        return f"{url}{web.base_path}"

    def tend(self) -> None:
        """A chore: one that died is started anew, until it listens again; a changed certificate is
        taken. ListenError, ConfigError: it could not yet."""
        if self._server is not None and (died := self._died(self._server)):
            log.error("the web had died (%s): it is started anew", died)
            self.stop()
        if self._server is None:
            self._start()
        if self._certificate is not None and self._certificate.reload():
            log.info("the changed certificate is in force")
        if self._entrance is not None:
            self._entrance.denials.tell()
            self._entrance.logins.tend()

    def _died(self, server: WebServer) -> str:
        """Of what; empty while it lives."""
        if not server.alive:
            return server.died or "it does not answer"
        alive = self._clerk is not None and self._clerk.alive
        return "" if alive else "nobody writes down what is posted"

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        if self._clerk is not None:
            self._clerk.stop()
        if self._checker is not None:
            self._checker.stop()
        if self._entrance is not None:
            self._entrance.denials.tell_all()
        if server is not None:
            with suppress(OSError):
                (self._site.settings.state / FILE).unlink()

    # what it is made of

    def _context(self) -> Context:
        assert self._ctx is not None
        return self._ctx

    def _listeners(self) -> list[Listener]:
        from autofix.config.web_models import listen_parts
        from autofix.web import sockets

        settings = self._site.settings
        found = [sockets.unix(settings.state)]
        web = settings.web
        try:
            self._certificate = certificate(settings)
            if self._certificate is not None:
                self._certificate.load()
            if web.enabled:
                scheme = "https" if web.tls else "http"
                found += sockets.tcp(*listen_parts(web.listen), scheme=scheme)
        except AutofixError:
            found[0].close()
            raise
        return found

    def _app(self) -> Any:
        from autofix.desk.entrance import entrance
        from autofix.web.app import make_app
        from autofix.web.clerk import Clerk
        from autofix.web.gate import Gate
        from autofix.web.services import Services

        site = self._site
        identity.check(site)
        made = entrance(site.store, site.clock, lambda: site.settings.web, site.sealer)
        self._entrance = made
        place = place_of(site, OfServer(self._context), made.denials)
        place = replace(place, passwords=made.passwords)
        self._checker = place.checker

        def desk(principal: Principal) -> Desk:
            from autofix.desk.local import LocalDesk

            return LocalDesk(place, principal)

        services = Services(
            context=self._context,
            desk=desk,
            doorman=made.doorman,
            settings=lambda: site.settings.web,
            entrance=made,
            oidc=identity.Identity(site).provider,
            ready=self._ready,
            leads=lambda: self._leads,
            language=lambda: site.settings.language,
            extra={"metrics": self._metrics},
        )
        self._clerk = Clerk(services)
        return Gate(make_app(services), services, self._clerk)

    def _ready(self) -> str:
        """Why we are not; empty when we are."""
        if self._age() > STUCK:
            return f"the engine has not gone round for {self._age():.0f} s"
        try:
            with self._context().store.reading() as reads:
                reads.audit_head()
        except StoreError as error:
            return f"the store can't be read: {error}"
        return ""

    def _trusted(self, address: str) -> bool:
        from autofix.web.peers import trusted

        return trusted(address, tuple(self._site.settings.web.trusted_proxies))

    def _told(self, listeners: list[Listener]) -> None:
        urls = [each.name for each in listeners if each.file is None]
        base = self._site.settings.web.base_path
        shown = [f"{url}{base}" for url in urls]
        found = {"pid": os.getpid(), "version": __version__, "urls": shown}
        try:
            replace_text(self._site.settings.state / FILE, json.dumps(found))
        except OSError as error:
            log.warning("where the web listens can't be written down: %s", error)
        log.info("the web listens on %s", ", ".join([*shown, listeners[0].name]))


def _open_files() -> None:
    """Each connection is an open file; the usual limit is made for fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
