"""Running a program for a look: here, or on the target over SSH. Bounded in time and output."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from autofix.core.readings import Target
from autofix.errors import ProbeError
from autofix.probes.net import Deadline
from autofix.probes.words import one_line

LIMIT = 1024 * 1024  # bytes kept of each of the two outputs; the rest is read and dropped
CHUNK = 65536
#: Silence after a program's end that means: whoever still holds its output is a stray child.
GRACE = 0.2
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "TZ")


class ProgramError(ProbeError):
    """The program could not be run to its end; the message is one line for people."""


@dataclass(frozen=True)
class Result:
    """How a program ended. A local one killed by signal N has exit 128 + N, as in a shell."""

    exit: int
    stdout: str
    stderr: str
    cut: bool = False  # output went beyond the limit and was cut


class Output:
    """Bytes gathered up to the limit."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.cut = False

    def add(self, data: bytes) -> None:
        room = LIMIT - len(self._data)
        self.cut = self.cut or len(data) > room
        self._data += data[:room]

    @property
    def text(self) -> str:
        return self._data.decode("utf-8", "replace")


def is_local(target: Target) -> bool:
    """The inventory says that this host is this machine."""
    return target.variables.get("ansible_connection") in ("local", "ansible.builtin.local")


def run_on(target: Target, argv: Sequence[str], *, timeout: float, stdin: bytes = b"") -> Result:
    """Run `argv` where the target is. ProgramError (or SshError, its child) in one line."""
    if is_local(target):
        return run_local(argv, timeout=timeout, stdin=stdin)
    from autofix.probes import ssh  # paramiko takes a while to import

    return ssh.run(target, argv, timeout=timeout, stdin=stdin)


def run_local(
    argv: Sequence[str],
    *,
    timeout: float,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> Result:
    """Run `argv` here in its own process group, which is ended with it, within `timeout` seconds.

    It gets a small environment, since what the server was started with may hold secrets, and
    what `env` adds to it.
    """
    deadline = Deadline(timeout)
    process = _start(argv, env or {})
    try:
        output = _talk(process, stdin, deadline)
    finally:
        _end(process)
    if output is None or process.returncode is None:
        raise ProgramError(f"{one_line(argv[0])} did not end within {timeout:g} s")
    stdout, stderr = output
    code = process.returncode
    cut = stdout.cut or stderr.cut
    return Result(code if code >= 0 else 128 - code, stdout.text, stderr.text, cut)


def _start(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
    program = one_line(argv[0]) if argv else ""
    if not program:
        raise ProgramError("the command is empty")
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env={**environment, "LC_ALL": "C.UTF-8", **env},
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ProgramError(f"no such program: {program}") from error
    except PermissionError as error:
        raise ProgramError(f"not allowed to run {program}") from error
    except (OSError, ValueError) as error:
        raise ProgramError(f"{program} could not be started: {one_line(error)}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group; a process that hangs in the kernel (a dead NFS) is not waited for."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1.0)


def _talk(
    process: subprocess.Popen[bytes], stdin: bytes, deadline: Deadline
) -> tuple[Output, Output] | None:
    """Feed and read until the program has ended; None when the deadline came first."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    outputs = {process.stdout.fileno(): Output(), process.stderr.fileno(): Output()}
    stdout, stderr = outputs.values()
    feed = process.stdin.fileno()
    os.set_blocking(feed, False)
    with selectors.DefaultSelector() as selector:
        selector.register(feed, selectors.EVENT_WRITE)
        for number in outputs:
            selector.register(number, selectors.EVENT_READ)
        while selector.get_map() and not deadline.passed:
            ready = [key.fd for key, _ in selector.select(deadline.left(GRACE))]
            if not ready and _ended(process):
                break
            for number in ready:
                if number == feed:
                    stdin = _feed(process, stdin, selector)
                elif data := os.read(number, CHUNK):
                    outputs[number].add(data)
                else:
                    selector.unregister(number)
    while not _ended(process):
        if deadline.passed:
            return None
        time.sleep(0.01)
    return stdout, stderr


def _feed(process: subprocess.Popen[bytes], data: bytes, selector: selectors.BaseSelector) -> bytes:
    """Write a piece; what is left. Standard input is closed after the last one."""
    assert process.stdin is not None
    try:
        left = data[os.write(process.stdin.fileno(), data[:CHUNK]) :] if data else b""
    except BlockingIOError:
        return data
    except BrokenPipeError:
        left = b""
    if not left:
        selector.unregister(process.stdin.fileno())
        process.stdin.close()
    return left


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Without reaping it, so that its number still means its group and nobody else's."""
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None
