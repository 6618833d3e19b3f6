"""How the record is sealed, as `status` shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from autofix.cli.output import ago
from autofix.core.inert import inert
from autofix.flow.notary import MARK
from autofix.flow.witnesses import mark_name
from autofix.ports import Reads


def gathered(reads: Reads, witnesses: list[str]) -> dict[str, Any]:
    """JSON values: the last checkpoint, and what is wrong with sealing and with witnesses."""
    last, failing = reads.last_checkpoint(), reads.mark(MARK)
    marks = {name: reads.mark(mark_name(name)) for name in witnesses}
    return {
        "sealed": {"size": last.size, "at": last.at, "key": last.key} if last else None,
        "seal_failing": failing.data["why"] if failing and failing.data["failed"] else "",
        "witnesses": {name: dict(mark.data) if mark else None for name, mark in marks.items()},
    }


def lines(found: Mapping[str, Any], now: float) -> Iterator[str]:
    """A line for each thing that is wrong; nothing when all is well."""
    if found["seal_failing"]:
        sealed = found["sealed"]
        upto = f" since entry {sealed['size']}, {ago(sealed['at'], now)}" if sealed else ""
        yield f"NOT SEALED: the record{upto}: {inert(found['seal_failing'], 400)}"
    for name, told in found["witnesses"].items():
        if told and told["failed"]:
            why = inert(told["why"], 300)
            yield f"WITNESS: {inert(name)} took none of the last {told['failed']}: {why}"
