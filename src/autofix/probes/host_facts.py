"""The facts of a host, worked out from what its script printed. Pure; what is unknown is absent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autofix.core.readings import Fact
from autofix.probes import host_parse as parse
from autofix.probes.host_parse import Usage
from autofix.probes.words import one_line

Facts = dict[str, Any]
LOOPBACK = "lo"

HOST_FACTS = (
    Fact("cpu_ratio", "number", "share of processor time in use, 0 to 1, during the sample"),
    Fact("cpu_iowait_ratio", "number", "share of processor time idle while waiting for a disk"),
    Fact("cpu_steal_ratio", "number", "share of processor time taken by the hypervisor"),
    Fact("cpu_count", "integer", "processors"),
    Fact("load_1", "number", "load average over 1 minute"),
    Fact("load_5", "number", "load average over 5 minutes"),
    Fact("load_15", "number", "load average over 15 minutes"),
    Fact("load_per_cpu", "number", "load_1 divided by cpu_count"),
    Fact("memory_total_bytes", "integer", "memory", "bytes"),
    Fact("memory_available_bytes", "integer", "memory free without swapping", "bytes"),
    Fact("memory_used_ratio", "number", "share of memory that is not available, 0 to 1"),
    Fact("swap_total_bytes", "integer", "swap space", "bytes"),
    Fact("swap_used_ratio", "number", "share of swap in use; absent without swap"),
    Fact("disk_used_ratio_max", "number", "the fullest filesystem, as df counts, 0 to 1"),
    Fact("disk_fullest", "string", "mount point of the fullest filesystem"),
    Fact("disk_free_bytes_min", "integer", "least room left on any filesystem", "bytes"),
    Fact("inode_used_ratio_max", "number", "the filesystem with most of its inodes used, 0 to 1"),
    Fact("inode_fullest", "string", "mount point with most of its inodes used"),
    Fact("net_rx_bytes_per_second", "number", "received, loopback left out", "bytes/s"),
    Fact("net_tx_bytes_per_second", "number", "sent, loopback left out", "bytes/s"),
    Fact("net_busiest", "string", "the network interface with most traffic"),
    Fact("net_used_ratio_max", "number", "the busiest direction of a link of known speed, 0 to 1"),
    Fact("failed_units", "list", "failed systemd units; absent without systemd"),
    Fact("failed_units_count", "integer", "how many; absent without systemd"),
    Fact("processes", "integer", "processes"),
    Fact("zombies", "integer", "processes that ended and were not collected by their parent"),
    Fact("open_files_ratio", "number", "open files as a share of the kernel's limit"),
    Fact("uptime_seconds", "number", "since boot", "s"),
    Fact("clock_offset_seconds", "number", "its clock minus ours, good to about a second", "s"),
    Fact("kernel", "string", "kernel name and release"),
    Fact("os", "string", "name of the distribution"),
)
MOUNT_FACTS = (
    Fact("mount", "string", "the mount point this reading is about (with the option mount)"),
    Fact("mounted", "boolean", "a filesystem is mounted there"),
    Fact("disk_type", "string", "type of the filesystem, such as ext4"),
    Fact("disk_total_bytes", "integer", "size of the filesystem", "bytes"),
    Fact("disk_free_bytes", "integer", "room left for ordinary users", "bytes"),
    Fact("disk_used_ratio", "number", "used share as df counts, 0 to 1"),
    Fact("inode_used_ratio", "number", "share of inodes in use; absent where they are not counted"),
)


def host_facts(output: str) -> Facts:
    """Everything about the host as a whole."""
    part = parse.sections(output)
    facts: Facts = {}
    for reader in (_cpu, _load, _memory, _network, _disks, _units, _rest):
        facts |= reader(part)
    return {name: value for name, value in facts.items() if value is not None}


def mount_facts(output: str, wanted: Iterable[str] | None) -> list[Facts]:
    """One dict for each mount: those `wanted`, or (None) each filesystem once, fullest first."""
    part = parse.sections(output)
    blocks, inodes = parse.df(part.get("blocks", [])), parse.df(part.get("inodes", []))
    known = parse.mounts(part.get("mounts", []))
    if wanted is None:
        once = _once(blocks)
        names = sorted(once, key=lambda mount: -(once[mount].ratio or 0.0))
    else:
        names = list(wanted)
    return [_mount(name, known.get(name), blocks, inodes) for name in names]


def _mount(
    name: str, mount: parse.Mount | None, blocks: Mapping[str, Usage], inodes: Mapping[str, Usage]
) -> Facts:
    facts: Facts = {"mount": name, "mounted": mount is not None}
    if mount is None:
        return facts
    facts["disk_type"] = mount.type
    if usage := blocks.get(name):
        facts["disk_total_bytes"] = usage.total * 1024
        facts["disk_free_bytes"] = max(usage.free, 0) * 1024
        facts["disk_used_ratio"] = _round(usage.ratio)
    if usage := inodes.get(name):
        facts["inode_used_ratio"] = _round(usage.ratio)
    return {key: value for key, value in facts.items() if value is not None}


def _cpu(part: Mapping[str, list[str]]) -> Facts:
    first, _ = parse.cpu(part.get("cpu_1", []))
    second, count = parse.cpu(part.get("cpu_2", []))
    facts: Facts = {"cpu_count": count or None}
    if first is None or second is None or second.total <= first.total:
        return facts
    span = second.total - first.total

    def share(take: Callable[[parse.Cpu], int]) -> float:
        # Idle counters of the kernel may step back a little.
        return _round(min(max((take(second) - take(first)) / span, 0.0), 1.0)) or 0.0

    facts["cpu_iowait_ratio"] = share(lambda cpu: cpu.iowait)
    facts["cpu_steal_ratio"] = share(lambda cpu: cpu.steal)
    facts["cpu_ratio"] = share(lambda cpu: cpu.total - cpu.idle - cpu.iowait)
    return facts


def _load(part: Mapping[str, list[str]]) -> Facts:
    lines = part.get("loadavg", [])
    facts: Facts = {f"load_{span}": parse.number(lines, at) for at, span in enumerate((1, 5, 15))}
    _, count = parse.cpu(part.get("cpu_2", []))
    if count and facts["load_1"] is not None:
        facts["load_per_cpu"] = _round(facts["load_1"] / count)
    return facts


def _memory(part: Mapping[str, list[str]]) -> Facts:
    memory = parse.meminfo(part.get("meminfo", []))
    total = memory.get("MemTotal")
    if not total:
        return {}
    # Kernels before 3.14 don't say what is available.
    guess = sum(memory.get(name, 0) for name in ("MemFree", "Buffers", "Cached"))
    available = min(memory.get("MemAvailable", guess), total)
    facts: Facts = {
        "memory_total_bytes": total,
        "memory_available_bytes": available,
        "memory_used_ratio": _round(1 - available / total),
        "swap_total_bytes": memory.get("SwapTotal"),
    }
    swap = memory.get("SwapTotal", 0)
    if swap:
        facts["swap_used_ratio"] = _round(1 - min(memory.get("SwapFree", 0), swap) / swap)
    return facts


def _network(part: Mapping[str, list[str]]) -> Facts:
    before, after = (parse.traffic(part.get(f"net_{at}", [])) for at in (1, 2))
    start, end = (parse.number(part.get(f"uptime_{at}", [])) for at in (1, 2))
    span = (end or 0.0) - (start or 0.0)
    if span <= 0:
        return {}
    rates = {
        name: (
            max(now.received - before[name].received, 0) / span,
            max(now.sent - before[name].sent, 0) / span,
        )
        for name, now in after.items()
        if name in before and name != LOOPBACK
    }
    links = parse.links(part.get("links", []))
    # Bridges, bonds and container pairs see the same bytes again: physical links are summed,
    # and all links only where none is physical, as in a container.
    physical = {
        name: rate for name, rate in rates.items() if name in links and links[name].physical
    }
    counted = physical or rates
    if not counted:
        return {}
    ratios = [
        max(rate) * 8 / speed
        for name, rate in counted.items()
        if name in links and (speed := links[name].speed)
    ]
    return {
        "net_rx_bytes_per_second": round(sum(rate[0] for rate in counted.values()), 1),
        "net_tx_bytes_per_second": round(sum(rate[1] for rate in counted.values()), 1),
        "net_busiest": max(counted, key=lambda name: sum(counted[name])),
        "net_used_ratio_max": _round(max(ratios)) if ratios else None,
    }


def _disks(part: Mapping[str, list[str]]) -> Facts:
    facts: Facts = {}
    blocks = _once(parse.df(part.get("blocks", [])))
    if blocks:
        fullest, facts["disk_used_ratio_max"] = _fullest(blocks)
        facts["disk_fullest"] = fullest
        facts["disk_free_bytes_min"] = min(max(row.free, 0) for row in blocks.values()) * 1024
    inodes = _once(parse.df(part.get("inodes", [])))
    if inodes:
        facts["inode_fullest"], facts["inode_used_ratio_max"] = _fullest(inodes)
    return facts


def _fullest(rows: Mapping[str, Usage]) -> tuple[str, float | None]:
    mount = max(rows, key=lambda name: rows[name].ratio or 0.0)
    return mount, _round(rows[mount].ratio)


def _once(rows: Mapping[str, Usage]) -> dict[str, Usage]:
    """Each filesystem once, by its shortest mount point: bind mounts show a device again."""
    first: dict[str, str] = {}
    for mount in sorted(rows, key=lambda name: (len(name), name)):
        device = rows[mount].device
        first.setdefault(device if device.startswith("/") else mount, mount)
    return {mount: rows[mount] for mount in first.values()}


def _units(part: Mapping[str, list[str]]) -> Facts:
    failed = parse.failed_units(part["units"]) if "units" in part else None
    if failed is None:
        return {}
    return {"failed_units": [one_line(name) for name in failed], "failed_units_count": len(failed)}


def _rest(part: Mapping[str, list[str]]) -> Facts:
    states = parse.processes(part.get("processes", []))
    files = part.get("files", [])
    used, limit = parse.number(files), parse.number(files, 2)
    return {
        "processes": sum(states.values()) or None,
        "zombies": states.get("Z", 0) if states else None,
        "open_files_ratio": _round(used / limit) if used is not None and limit else None,
        "uptime_seconds": parse.number(part.get("uptime_2", [])),
        "kernel": one_line(" ".join(part.get("kernel", []))) or None,
        "os": one_line(parse.os_name(part.get("os", []))) or None,
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
