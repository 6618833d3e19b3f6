"""What the checks need to know of other rooms; the composition root hands it in."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from autofix.config.settings_file import Decrypt, Keeper
from autofix.options import Options
from autofix.ports import Inventory, Probe


def any_cron(_text: str) -> str:
    """Says of every cron expression that nothing is wrong with it."""
    return ""


def any_distance(_text: str, _steps: int = 1) -> float:
    """Says of every cron expression that it is not known how often it is due."""
    return 0.0


@dataclass(frozen=True)
class Outside:
    """The other rooms. Without an inventory, hosts are not checked.

    `probes` and `channels` may load lazily: only what a file names is asked for.
    """

    probes: Mapping[str, Probe]
    channels: Mapping[str, type[Options]]
    inventory: Inventory | None = None
    decrypt: Decrypt | None = None
    keeper: Keeper | None = None
    check_cron: Callable[[str], str] = any_cron  # what is wrong with it, in words, or nothing
    # Seconds between a slot and the one so many steps after it, at least; 0: not known.
    cron_distance: Callable[[str, int], float] = any_distance
    sources: Mapping[str, type[Options]] = field(default_factory=dict)
    parts: Mapping[str, type[Options]] = field(default_factory=dict)  # blocks of other rooms
    witnesses: Mapping[str, type[Options]] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
