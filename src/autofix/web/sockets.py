"""Where the server listens: the sockets, bound before anything is started on them."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from pathlib import Path

from autofix.errors import ListenError

SOCKET = "autofix.sock"
#: Bytes that the path of a Unix socket may have on Linux.
LONGEST = 107
BACKLOG = 2048


@dataclass(frozen=True)
class Listener:
    """`name` is what people are shown; `file` is of a Unix socket."""

    socket: socket.socket
    name: str
    file: Path | None = None

    def close(self) -> None:
        self.socket.close()
        if self.file is not None:
            with suppress(OSError):
                self.file.unlink()


def tcp(host: str, port: int, *, scheme: str = "http") -> list[Listener]:
    """One listener for each address of the host. ListenError when it can't be."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(
            f"web.listen: {host} is no address of this machine: {error.strerror}",
            hint="name one that it has, such as 127.0.0.1:8420",
        ) from error
    made: list[Listener] = []
    places = dict.fromkeys((family, address) for family, _, _, _, address in found)
    try:
        for family, address in list(places)[: 1 if port == 0 else None]:
            made.append(_bound(family, address, host, scheme))
    except ListenError:
        for each in made:
            each.close()
        raise
    return made


def _bound(family: int, address: tuple[object, ...], host: str, scheme: str) -> Listener:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        one.listen(BACKLOG)
    except OSError as error:
        one.close()
        raise _cant(host, address[1], error) from error
    one.setblocking(False)
    shown = f"[{host}]" if ":" in host else host
    return Listener(one, f"{scheme}://{shown}:{one.getsockname()[1]}")


def _cant(host: str, port: object, error: OSError) -> ListenError:
    why, hint = error.strerror or str(error), "web.listen in autofix.yaml names the address"
    if error.errno == EADDRINUSE:
        why = "another program listens there"
        hint = f"end it (ss -ltnp 'sport = :{port}'), or name another port: web.listen"
    elif error.errno == EACCES:
        hint = "a port from 1024 on needs no rights of root: web.listen"
    elif error.errno == EADDRNOTAVAIL:
        why, hint = "this machine has no such address", "name one that it has: web.listen"
    return ListenError(f"the web can't listen on {host}:{port}: {why}", hint=hint)


def unix(state: Path) -> Listener:
    """`autofix.sock` in the state folder, for this user alone. One that a dead server left is
    replaced; ListenError when a live one listens there, or what is there is no socket of ours."""
    file = state / SOCKET
    _free(file)
    fresh = state / f"{SOCKET}.new"
    with suppress(FileNotFoundError):
        fresh.unlink()
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        one.bind(short(fresh))
        fresh.chmod(0o600)
        one.listen(BACKLOG)
        fresh.rename(file)
    except OSError as error:
        one.close()
        raise ListenError(
            f"{file} can't be made: {error.strerror or error}",
            hint="the state folder must lie on a local disk: state in autofix.yaml",
        ) from error
    one.setblocking(False)
    return Listener(one, str(file), file)


def _free(file: Path) -> None:
    try:
        found = file.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ListenError(f"{file}: {error.strerror or error}") from error
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
        raise ListenError(
            f"{file} is not this server's socket", hint="move it away, and see who made it"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.settimeout(2.0)
        try:
            one.connect(short(file))
        except (ConnectionRefusedError, FileNotFoundError):
            return  # its server is dead
        except OSError as error:
            why = error.strerror or str(error)
            raise ListenError(f"{file}: does a server listen there? {why}") from None
    raise ListenError(
        f"another server listens on {file}", hint="two servers need a state folder each"
    )


_folders: dict[Path, int] = {}


def short(file: Path) -> str:
    """A way to this file that a Unix socket's address has room for: by its open folder where the
    path is too long. That folder stays open, so the way stays good."""
    if len(os.fsencode(file)) <= LONGEST:
        return str(file)
    if file.parent not in _folders:
        flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
        _folders[file.parent] = os.open(file.parent, flags)
    return f"/proc/self/fd/{_folders[file.parent]}/{file.name}"
