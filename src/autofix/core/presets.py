"""Three ready-made sets of deadlines. The tables for people: docs/severities.md.

Where the agreements give a range (a fix in 4-24 h), its outer end is the deadline: a promise is
broken only there. Levels with other names are laid onto P0-P3 by how urgent they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from autofix.core.severities import Severities, Terms, WorkingDays

MINUTE, HOUR = 60.0, 3600.0
WORKING_DAY, SAME_DAY = WorkingDays(1), WorkingDays(0)
BUSINESS = "business"
#: A known hole in what runs; a fault that can only be mended on the spot.
VULNERABILITY, ON_SITE = "vulnerability", "on-site"
CLASSES = (VULNERABILITY, ON_SITE)

#: The three months after going live. P2 is the usual grade of an agreement without an escort.
ESCORT = Severities(
    {
        "P0": Terms(answer=15 * MINUTE, workaround=2 * HOUR, solution=24 * HOUR),
        "P1": Terms(answer=30 * MINUTE, workaround=4 * HOUR, solution=48 * HOUR),
        "P2": Terms(answer=2 * HOUR, solution=WORKING_DAY, calendar=BUSINESS),
    },
    {VULNERABILITY: {"P0": Terms(solution=24 * HOUR), "P1": Terms(solution=72 * HOUR)}},
    "escort",
)

#: Urgent, general, question, early warning.
AFTER_SALES = Severities(
    {
        "P0": Terms(answer=30 * MINUTE, workaround=2 * HOUR, solution=4 * HOUR),
        "P1": Terms(answer=1 * HOUR, solution=4 * HOUR, calendar=BUSINESS),
        "P2": Terms(answer=30 * MINUTE, calendar=BUSINESS),
        "P3": Terms(triage=15 * MINUTE, workaround=2 * HOUR, calendar=BUSINESS),
    },
    {ON_SITE: {"P0": Terms(answer=30 * MINUTE, workaround=2 * HOUR, solution=24 * HOUR)}},
    "after-sales",
)

#: Levels 1 to 3 and daily work; level 1 around the clock.
MALL = Severities(
    {
        "P0": Terms(answer=5 * MINUTE, triage=30 * MINUTE, solution=2 * HOUR),
        "P1": Terms(answer=30 * MINUTE, triage=1 * HOUR, solution=4 * HOUR, calendar=BUSINESS),
        "P2": Terms(answer=2 * HOUR, solution=WORKING_DAY, calendar=BUSINESS),
        "P3": Terms(solution=SAME_DAY, calendar=BUSINESS),
    },
    {},
    "mall",
)

PRESETS: Mapping[str, Severities] = MappingProxyType(
    {"escort": ESCORT, "after-sales": AFTER_SALES, "mall": MALL, "none": Severities()}
)
