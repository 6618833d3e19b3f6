"""Reading what the host script printed: pure functions from text to numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

_DF_ROW = re.compile(
    r"^(?P<device>.*\S)\s+(?P<total>\d{1,18}|-)\s+(?P<used>-?\d{1,18}|-)"
    r"\s+(?P<free>-?\d{1,18}|-)\s+(?P<percent>\d+%|-)\s+(?P<mount>/.*)$"
)
_OCTAL = re.compile(r"\\([0-7]{3})")
_COUNTED = re.compile(r"^\s*(\d{1,9})\s+State:\s*(\S)")


@dataclass(frozen=True)
class Cpu:
    """Ticks since boot."""

    total: int
    idle: int
    iowait: int
    steal: int


@dataclass(frozen=True)
class Traffic:
    """Bytes since boot of one network interface."""

    received: int
    sent: int


@dataclass(frozen=True)
class Usage:
    """One row of df: kilobytes, or inodes. `free` is what is left for ordinary users."""

    device: str
    total: int
    used: int
    free: int

    @property
    def ratio(self) -> float | None:
        """As df's own percentage: used of what ordinary users could ever use; None when unknown."""
        whole = self.used + max(self.free, 0)
        return self.used / whole if whole > 0 else None


@dataclass(frozen=True)
class Mount:
    device: str
    type: str


@dataclass(frozen=True)
class Link:
    """One network interface; `speed` in bits per second, None when the driver knows none."""

    physical: bool
    speed: float | None


def sections(text: str) -> dict[str, list[str]]:
    """The parts of the output by name."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("@@ "):
            lines = found.setdefault(line[3:].strip(), [])
        else:
            lines.append(line)
    return found


def number(lines: list[str], column: int = 0) -> float | None:
    """The number in this column of the first line; None when there is none."""
    fields = lines[0].split() if lines else []
    try:
        value = float(fields[column])
    except (IndexError, ValueError):
        return None
    return value if math.isfinite(value) else None


def whole(text: str) -> int | None:
    """A counter of the kernel; None for anything else, which a strange host may send."""
    return int(text) if text.isdecimal() and len(text) <= 20 else None


def cpu(lines: list[str]) -> tuple[Cpu | None, int]:
    """(ticks of all processors together, how many processors)."""
    rows = [line.split() for line in lines if line.startswith("cpu")]
    count = sum(1 for row in rows if row[0] != "cpu")
    for row in rows:
        ticks = [tick for field in row[1:9] if (tick := whole(field)) is not None]
        if row[0] == "cpu" and len(ticks) >= 4:
            # user nice system idle iowait irq softirq steal; guest time is in user already.
            ticks += [0] * (8 - len(ticks))
            return Cpu(sum(ticks), ticks[3], ticks[4], ticks[7]), count
    return None, count


def traffic(lines: list[str]) -> dict[str, Traffic]:
    """Interfaces of /proc/net/dev by name."""
    found = {}
    for line in lines:
        name, colon, rest = line.rpartition(":")
        fields = rest.split()
        received, sent = map(whole, (fields[0], fields[8])) if len(fields) >= 16 else (None, None)
        if colon and received is not None and sent is not None:
            found[name.strip()] = Traffic(received, sent)
    return found


def meminfo(lines: list[str]) -> dict[str, int]:
    """Bytes by the kernel's own names (`MemTotal`, `SwapFree`, …)."""
    found = {}
    for line in lines:
        name, _, rest = line.partition(":")
        fields = rest.split()
        size = whole(fields[0]) if fields else None
        if size is not None and fields[1:] == ["kB"]:
            found[name.strip()] = size * 1024
    return found


def df(lines: list[str]) -> dict[str, Usage]:
    """Rows of `df -P` by mount point; rows without numbers (btrfs inodes) are left out."""
    found = {}
    for line in lines:
        row = _DF_ROW.match(line)
        if row and "-" not in (row["total"], row["used"], row["free"]):
            usage = Usage(row["device"], int(row["total"]), int(row["used"]), int(row["free"]))
            if usage.total > 0:
                found[row["mount"]] = usage
    return found


def mounts(lines: list[str]) -> dict[str, Mount]:
    """Mount points with device and type; one mounted over another hides it."""
    found = {}
    for line in lines:
        fields = line.split(" ")
        if len(fields) == 3:
            found[unescaped(fields[1])] = Mount(unescaped(fields[0]), fields[2])
    return found


def unescaped(text: str) -> str:
    """`/mnt/a\\040b` of /proc/self/mounts as it is: `/mnt/a b`."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)


def links(lines: list[str]) -> dict[str, Link]:
    found = {}
    for line in lines:
        name, kind, *rest = line.split() if len(line.split()) >= 2 else ("", "")
        megabits = (whole(rest[0]) if rest else None) or 0
        # 2^32 - 1 is how old kernels say "unknown" without a sign.
        known = 0 < megabits < 4294967295
        if name:
            found[name] = Link(kind == "physical", megabits * 1e6 if known else None)
    return found


def failed_units(lines: list[str]) -> list[str] | None:
    """Names of failed units; None when systemd did not answer."""
    if not lines or lines[-1].strip() != "exit 0":
        return None
    rows = [line.lstrip("●*× \t").split() for line in lines[:-1]]
    return sorted(row[0] for row in rows if len(row) >= 4)


def processes(lines: list[str]) -> dict[str, int]:
    """How many processes in each state letter."""
    found: dict[str, int] = {}
    for line in lines:
        if row := _COUNTED.match(line):
            found[row[2]] = found.get(row[2], 0) + int(row[1])
    return found


def os_name(lines: list[str]) -> str:
    """PRETTY_NAME of os-release."""
    values: Mapping[str, str] = dict(line.partition("=")[::2] for line in lines if "=" in line)
    return values.get("PRETTY_NAME", values.get("NAME", "")).strip("\"'")
