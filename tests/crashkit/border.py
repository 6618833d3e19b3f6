"""Failing system calls: a child's every write, fsync, rename, connect and the like is asked about.

The kernel itself asks (seccomp's user notification, Linux ≥ 5.5), so nothing of the program is
patched: SQLite, Python and whatever else is in the child see what a broken disk would show them.
Only files below the given folder count, and connections; everything else goes through.
"""

from __future__ import annotations

import array
import ctypes
import errno
import os
import platform
import select
import signal
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

_X86 = {
    "write": 1, "pwrite64": 18, "ftruncate": 77, "fsync": 74, "fdatasync": 75, "fallocate": 285,
    "connect": 42, "openat": 257, "rename": 82, "renameat": 264, "unlink": 87, "unlinkat": 263,
    "mkdir": 83, "mkdirat": 258, "link": 86, "linkat": 265,
}  # fmt: skip
_ARM = {
    "write": 64, "pwrite64": 68, "ftruncate": 46, "fsync": 82, "fdatasync": 83, "fallocate": 47,
    "connect": 203, "openat": 56, "renameat": 38, "renameat2": 276, "unlinkat": 35,
    "mkdirat": 34, "linkat": 37,
}  # fmt: skip
CALLS = {"x86_64": _X86, "aarch64": _ARM}.get(platform.machine(), {})
_SECCOMP = {"x86_64": 317, "aarch64": 277}.get(platform.machine(), 0)
_NAMES = {number: name for name, number in CALLS.items()}
#: Which argument is a descriptor, which one a path; connect has neither.
_DESCRIPTOR = {"write", "pwrite64", "ftruncate", "fsync", "fdatasync", "fallocate"}
_PATH = {"openat": 1, "rename": 1, "renameat": 3, "renameat2": 3, "unlink": 0, "unlinkat": 1,
         "mkdir": 0, "mkdirat": 1, "link": 1, "linkat": 3}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_RECEIVE, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1
KILL = -signal.SIGKILL


@dataclass
class Fault:
    """From the `first` call that counts on, `count` of them fail with `number`, or are never
    made because the process is killed (KILL)."""

    first: int
    number: int = errno.EIO
    count: int = 1
    only: str = "*"  # a pattern for what counts, such as `openat */autofix.db`
    when: Callable[[], bool] = lambda: True  # asked here, outside the child
    seen: int = 0
    failed: list[str] = field(default_factory=list)

    def next(self, name: str, where: str) -> int:
        """0 to let it through, else what it fails with."""
        if not fnmatch(f"{name} {where}", self.only) or not self.when():
            return 0
        self.seen += 1
        if not self.first <= self.seen < self.first + self.count:
            return 0
        self.failed.append(f"{name} {where}")
        return self.number


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


def _instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _guard() -> int:
    """From now on the kernel asks about this process's calls; the descriptor it asks through."""
    load, equal, give = 0x20, 0x15, 0x06
    count = len(CALLS)
    program = _instruction(load, 0)
    for place, number in enumerate(CALLS.values()):
        program += _instruction(equal, number, yes=count - place)
    program += _instruction(give, 0x7FFF0000) + _instruction(give, 0x7FC00000)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges: what an ordinary user needs for a filter
    filter_ = _Filter(len(program) // 8, program)
    found: int = libc.syscall(_SECCOMP, 1, 1 << 3, ctypes.byref(filter_))
    if found < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return found


def works() -> str:
    """Why faults can't be injected here; empty when they can."""
    if not CALLS:
        return f"no table of system calls for {platform.machine()}"
    pid = os.fork()
    if pid == 0:
        try:
            os.close(_guard())
        except OSError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return "" if status == 0 else "this kernel or container does not allow seccomp notifications"


def under_fault(work: Callable[[], None], folder: Path, fault: Fault) -> int:
    """Do the work in a child whose calls may fail; its exit code, negative: its signal."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _child(work, theirs)
    theirs.close()
    listener = _received(ours)
    ours.close()
    if listener >= 0:
        _Border(pid, listener, str(folder), fault).watch()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _child(work: Callable[[], None], channel: socket.socket) -> None:
    try:
        listener = _guard()
        # Not counted, and let through: the watcher gets it with this very message.
        rights = array.array("i", [listener])
        channel.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        os.close(listener)
        channel.close()
        work()
    except BaseException:
        os._exit(70)
    os._exit(0)


def _received(channel: socket.socket) -> int:
    _, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(4))
    for _, _, data in ancillary:
        return array.array("i", data[:4])[0]
    return -1


class _Border:
    def __init__(self, pid: int, listener: int, folder: str, fault: Fault) -> None:
        self._pid, self._listener = pid, listener
        self._folder, self._fault = folder, fault
        self._libc = ctypes.CDLL(None, use_errno=True)

    def watch(self) -> None:
        """Answer until nobody is left who could ask."""
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while True:
            ((_, happened),) = poll.poll()
            if not happened & select.POLLIN:
                break
            self._answer()
        os.close(self._listener)

    def _answer(self) -> None:
        asked = ctypes.create_string_buffer(80)
        if self._libc.ioctl(self._listener, ctypes.c_ulong(_RECEIVE), asked) != 0:
            return  # it was killed meanwhile
        number, pid = struct.unpack_from("QI", asked.raw)
        call, _, _, *arguments = struct.unpack_from("iIQ6Q", asked.raw, 16)
        error = self._decide(pid, _NAMES[call], arguments)
        if error == KILL:
            os.kill(self._pid, signal.SIGKILL)
            return
        flags = 0 if error else _CONTINUE
        answer = struct.pack("QqiI", number, 0, -error, flags)
        self._libc.ioctl(self._listener, ctypes.c_ulong(_SEND), answer)

    def _decide(self, pid: int, name: str, arguments: list[int]) -> int:
        if name == "connect":
            return self._fault.next(name, "")
        if name == "openat" and not arguments[2] & _WRITING:
            return 0
        where = _target(pid, name, arguments)
        return self._fault.next(name, where) if where.startswith(self._folder) else 0


def _target(pid: int, name: str, arguments: list[int]) -> str:
    try:
        if name in _DESCRIPTOR:
            return str(Path(f"/proc/{pid}/fd/{arguments[0]}").readlink())
        with Path(f"/proc/{pid}/mem").open("rb") as memory:
            memory.seek(arguments[_PATH[name]])
            found = memory.read1(4096).partition(b"\0")[0].decode(errors="replace")
        return str(Path(f"/proc/{pid}/cwd").readlink() / found)
    except OSError:
        return ""  # it is gone
