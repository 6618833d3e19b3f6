"""The console's part of the one table of routes (`web/policy.py`): pages, and the forms on them."""

from __future__ import annotations

from collections.abc import Mapping

from autofix.core.roles import Permission as P

CONSOLE: Mapping[tuple[str, str], P] = {
    ("GET", "/static/{made}/{name}"): P.OPEN,
    ("GET", "/login"): P.OPEN,
    ("POST", "/login"): P.OPEN,
    ("POST", "/logout"): P.SELF,
    ("POST", "/preferences"): P.OPEN,
    ("GET", "/live"): P.READ,
    ("GET", "/"): P.READ,
    # Incidents.
    # Runbooks.
    # Runs.
    # Alerts.
    # Silences and pauses.
    # The record.
    # The fleet.
    # Settings, users, tokens, one's own account.
}
