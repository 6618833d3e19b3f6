"""The `host` probe: processors, memory, disks, network and units of a Linux host.

It runs one small script (`host_script`) on the target, locally where the inventory says
`ansible_connection: local`, else over SSH; nothing has to be installed there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from autofix.core.readings import Fact, Reading, Target
from autofix.options import BeforeValidator, Duration, Field, Options, field_validator
from autofix.probes import host_parse, host_script
from autofix.probes.common import chosen, option_faults, seen, table
from autofix.probes.host_facts import HOST_FACTS, MOUNT_FACTS, Facts, host_facts, mount_facts
from autofix.probes.programs import ProgramError, Result, run_on
from autofix.probes.words import one_line

EACH = ("each",)


def _mount_points(value: Any) -> tuple[str, ...]:
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise ValueError("write `each`, a mount point such as /var, or a list of them")
    for item in items:
        if not isinstance(item, str) or not (item.startswith("/") or [item] == [*EACH] == [*items]):
            raise ValueError(f"{item!r} is not a mount point: write `each`, or a path such as /var")
    return tuple(dict.fromkeys(items))


class HostOptions(Options):
    """The `with:` block."""

    sample: Duration = Field(
        default=1.0,
        description="how long processor and network are watched for their rates; at most a third"
        " of the look's timeout",
    )
    mount: Annotated[
        tuple[str, ...], BeforeValidator(_mount_points, json_schema_input_type=str | list[str])
    ] = Field(
        default=(),
        description="one reading for `each` filesystem, or for the mount points named here;"
        " use it with `subject: mount`",
    )
    tmpfs: bool = Field(default=False, description="look at tmpfs filesystems, too")
    network_filesystems: bool = Field(
        default=False, description="look at NFS, SMB and the like, too; a dead server costs 3 s"
    )

    @field_validator("sample")
    @classmethod
    def _sensible(cls, value: float) -> float:
        if not 0.1 <= value <= 60:
            raise ValueError("sample is between 100ms and 60s")
        return value

    @property
    def named(self) -> tuple[str, ...]:
        """Mount points asked for by name."""
        return () if self.mount == EACH else self.mount


class HostProbe:
    """Implements the Probe port."""

    name = "host"
    facts: Mapping[str, Fact] = table(*HOST_FACTS, *MOUNT_FACTS)
    open_ended = False

    def options_schema(self) -> Mapping[str, Any]:
        return HostOptions.model_json_schema()

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        return option_faults(HostOptions, options)

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        """One reading of the host, or with the option `mount` one for each mount point."""
        wanted = chosen(HostOptions, options)
        words, script = host_script.command(
            min(wanted.sample, timeout / 3),
            tmpfs=wanted.tmpfs,
            remote=wanted.network_filesystems,
            mounts=wanted.named,
        )
        try:
            result = run_on(target, words, timeout=timeout, stdin=script)
        except ProgramError as error:
            return _unseen(target, wanted, now, str(error))
        if why := _useless(result):
            return _unseen(target, wanted, now, why)
        facts = host_facts(result.stdout) | _clock(result.stdout)
        return [seen(target.host, now, facts | mount) for mount in _mounts(result.stdout, wanted)]


def _unseen(target: Target, wanted: HostOptions, now: float, why: str) -> list[Reading]:
    # Mount points asked for by name tell readings apart, so they stand in failed ones as well.
    unseen = Reading.unseen(target.host, now, why)
    named = [Reading(target.host, now, {**unseen.facts, "mount": name}) for name in wanted.named]
    return named or [unseen]


def _mounts(output: str, wanted: HostOptions) -> list[Facts]:
    if not wanted.mount:
        return [{}]
    return mount_facts(output, wanted.named or None) or [{}]


def _useless(result: Result) -> str:
    """Why this output says nothing of the host; empty when it does."""
    part = host_parse.sections(result.stdout)
    if part.get("cpu_2") and "end" in part and not result.cut:
        return ""
    said = one_line(result.stderr.strip().splitlines()[0]) if result.stderr.strip() else ""
    kernel = " ".join(part.get("kernel", []))
    if kernel and not kernel.startswith("Linux"):
        return f"this is {one_line(kernel)}: the host probe reads Linux only"
    return f"the host's answer can't be read (exit {result.exit}{': ' + said if said else ''})"


def _clock(output: str) -> Facts:
    there = host_parse.number(host_parse.sections(output).get("date", []))
    # `date` cuts its second: on average half of one is missing.
    return {} if there is None else {"clock_offset_seconds": round(there + 0.5 - time.time(), 1)}
