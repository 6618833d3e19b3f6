"""What is due at one moment, by number and by kind of work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Due:
    """Numbers, oldest due first. `running` are live runs: each should have somebody at it."""

    signals: tuple[int, ...] = ()  # received, not handled yet
    decisions: tuple[int, ...] = ()  # incidents to decide about, those just opened first
    looks: tuple[int, ...] = ()  # incidents that are being verified
    runs: tuple[int, ...] = ()  # planned
    running: tuple[int, ...] = ()
    pages: tuple[int, ...] = ()
    calls: tuple[int, ...] = ()  # incidents whose next level is called
    deadlines: tuple[int, ...] = ()  # incidents of which a deadline nears or passes
