"""The web: does it listen, or could it?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autofix.app.doctor.finding import Finding, fail, ok, warn
from autofix.app.doctor.patient import Patient
from autofix.app.listening import certificate, listening
from autofix.config.web_models import listen_parts
from autofix.errors import ListenError


def web(patient: Patient) -> Iterator[Finding]:
    """Certificate and address; a port is tried only while no server runs."""
    settings, name = patient.settings.web, "web"
    if not settings.enabled:
        yield ok(name, "turned off: only the socket in the state folder is there")
        return
    found = certificate(patient.settings)
    if found is not None and (why := found.fault()):
        yield fail(name, why, "web.tls in autofix.yaml")
        return
    if settings.tls is not None:
        yield from private_key(patient.settings.file.parent / settings.tls.key)
    urls = listening(patient.state)
    if urls:
        yield ok(name, f"listens on {', '.join(urls)}")
    elif patient.server:
        mend = "see the server's log for why, and start it again"
        yield warn(name, "a server leads, and none on this machine listens", mend)
    else:
        yield _tried(*listen_parts(settings.listen))


def private_key(file: Path) -> Iterator[Finding]:
    """A group may read it: that is how certificates are often shared on one machine."""
    if file.stat().st_mode & 0o007:
        yield warn("web", f"everybody on this machine can read {file}", f"chmod o= {file}")


def _tried(host: str, port: int) -> Finding:
    from autofix.web import sockets

    try:
        for each in sockets.tcp(host, port):
            each.close()
    except ListenError as error:
        return fail("web", str(error), error.hint)
    return ok("web", f"{host}:{port} is free for the server")
