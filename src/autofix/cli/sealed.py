"""How the record is sealed, as `status` shows it."""

from __future__ import annotations

from collections.abc import Iterator

from autofix.cli.output import ago
from autofix.core.inert import inert
from autofix.core.stories import Status


def lines(found: Status, now: float) -> Iterator[str]:
    """A line for each thing that is wrong; nothing when all is well."""
    if found.seal_failing:
        sealed = found.sealed
        upto = f" since entry {sealed['size']}, {ago(sealed['at'], now)}" if sealed else ""
        yield f"NOT SEALED: the record{upto}: {inert(found.seal_failing, 400)}"
    for name, told in found.witnesses.items():
        if told and told["failed"]:
            why = inert(told["why"], 300)
            yield f"WITNESS: {inert(name)} took none of the last {told['failed']}: {why}"
