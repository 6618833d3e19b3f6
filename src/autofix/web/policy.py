"""The one table of routes: which permission each of them asks for.

A route that is not here may not exist, nor may a line without its route: the app is refused at its
start, and tests walk the table with every role.
"""

from __future__ import annotations

from collections.abc import Mapping

from autofix.core.roles import Permission as P
from autofix.web.console.policy import CONSOLE

V1 = "/api/v1"

#: For programs, senders, and links in pages.
API: Mapping[tuple[str, str], P] = {
    ("GET", "/healthz"): P.OPEN,
    ("GET", "/readyz"): P.OPEN,
    ("GET", "/metrics"): P.METRICS,
    ("GET", "/api/openapi.json"): P.OPEN,
    # Alerts: who posts is known by its source's own way.
    ("POST", "/hooks/{source}"): P.HOOK,
    ("OPTIONS", "/hooks/{source}"): P.HOOK,
    # Pages without a login: good for one act, once.
    ("GET", "/ack/{code}"): P.OPEN,
    ("POST", "/ack/{code}"): P.OPEN,
    ("GET", "/setup/{code}"): P.OPEN,
    ("POST", "/setup/{code}"): P.OPEN,
    ("GET", "/auth/oidc/login"): P.OPEN,
    ("GET", "/auth/oidc/callback"): P.OPEN,
    # One's own session.
    ("POST", f"{V1}/session"): P.OPEN,
    ("GET", f"{V1}/session"): P.SELF,
    ("DELETE", f"{V1}/session"): P.SELF,
    ("POST", f"{V1}/session/second-factor"): P.SELF,
    ("PUT", f"{V1}/session/second-factor"): P.SELF,
    ("DELETE", f"{V1}/session/second-factor"): P.SELF,
    ("PUT", f"{V1}/session/password"): P.SELF,
    # How things stand.
    ("GET", f"{V1}/status"): P.READ,
    ("GET", f"{V1}/overview"): P.READ,
    ("GET", f"{V1}/hosts"): P.READ,
    ("GET", f"{V1}/runbooks"): P.READ,
    ("GET", f"{V1}/runbooks/{{name}}"): P.READ,
    ("GET", f"{V1}/runbooks/{{name}}/why"): P.READ,
    ("POST", f"{V1}/runbooks/{{name}}/runs"): P.OPERATE,
    ("GET", f"{V1}/histories"): P.READ,
    ("GET", f"{V1}/runbooks/{{name}}/history"): P.READ,
    ("GET", f"{V1}/runbooks/{{name}}/source"): P.READ,
    ("POST", f"{V1}/runbooks/{{name}}/preview"): P.OPERATE,
    ("GET", f"{V1}/signals/{{number}}"): P.READ,
    # Incidents.
    ("GET", f"{V1}/incidents"): P.READ,
    ("GET", f"{V1}/incidents/{{number}}"): P.READ,
    ("GET", f"{V1}/incidents/{{number}}/readings"): P.READ,
    ("GET", f"{V1}/runbooks/{{name}}/readings"): P.READ,
    ("POST", f"{V1}/incidents/{{number}}/acknowledge"): P.OPERATE,
    ("POST", f"{V1}/incidents/{{number}}/triage"): P.OPERATE,
    ("POST", f"{V1}/incidents/{{number}}/workaround"): P.OPERATE,
    ("POST", f"{V1}/incidents/{{number}}/resolve"): P.OPERATE,
    ("POST", f"{V1}/incidents/{{number}}/close"): P.OPERATE,
    ("POST", f"{V1}/incidents/{{number}}/comment"): P.OPERATE,
    ("POST", f"{V1}/incidents/{{number}}/retry"): P.OPERATE,
    ("POST", f"{V1}/incidents/{{number}}/rollback"): P.OPERATE,
    ("POST", f"{V1}/incidents/{{number}}/approve"): P.APPROVE,
    ("POST", f"{V1}/incidents/{{number}}/reject"): P.APPROVE,
    # Runs.
    ("GET", f"{V1}/runs"): P.READ,
    ("GET", f"{V1}/runs/{{number}}/usual"): P.READ,
    ("GET", f"{V1}/runs/{{number}}"): P.READ,
    ("GET", f"{V1}/runs/{{number}}/events"): P.READ,
    ("POST", f"{V1}/runs/{{number}}/cancel"): P.OPERATE,
    # Pages to people.
    ("GET", f"{V1}/pages"): P.READ,
    ("GET", f"{V1}/pages/{{number}}"): P.READ,
    ("POST", f"{V1}/pages/{{number}}/acknowledge"): P.OPERATE,
    # Alerts that came in.
    ("GET", f"{V1}/alerts"): P.READ,
    ("GET", f"{V1}/alerts/{{number}}"): P.READ,
    ("POST", f"{V1}/alerts/{{number}}/replay"): P.OPERATE,
    ("POST", f"{V1}/alerts/test"): P.OPERATE,
    # Brakes.
    ("GET", f"{V1}/silences"): P.READ,
    ("POST", f"{V1}/silences"): P.OPERATE,
    ("DELETE", f"{V1}/silences/{{number}}"): P.OPERATE,
    ("GET", f"{V1}/pauses"): P.READ,
    ("POST", f"{V1}/pauses"): P.PAUSE,
    ("DELETE", f"{V1}/pauses"): P.PAUSE,
    ("GET", f"{V1}/breakers"): P.READ,
    ("POST", f"{V1}/breakers/reset"): P.OPERATE,
    ("GET", f"{V1}/fleet"): P.READ,
    ("GET", f"{V1}/fleet/{{name}}"): P.READ,
    ("GET", f"{V1}/settings"): P.READ,
    # Probes.
    ("GET", f"{V1}/probes"): P.READ,
    ("POST", f"{V1}/probes/{{name}}/look"): P.OPERATE,
    # The record.
    ("GET", f"{V1}/audit"): P.AUDIT,
    ("GET", f"{V1}/audit/verify"): P.AUDIT,
    ("GET", f"{V1}/audit/check"): P.AUDIT,
    ("POST", f"{V1}/audit/check"): P.AUDIT,
    ("GET", f"{V1}/audit/export"): P.AUDIT,
    ("GET", f"{V1}/audit/{{number}}"): P.AUDIT,
    # Accounts.
    ("GET", f"{V1}/users"): P.ADMIN,
    ("POST", f"{V1}/users"): P.ADMIN,
    ("PATCH", f"{V1}/users/{{name}}"): P.ADMIN,
    ("DELETE", f"{V1}/users/{{name}}"): P.ADMIN,
    ("GET", f"{V1}/tokens"): P.SELF,
    ("POST", f"{V1}/tokens"): P.SELF,
    ("DELETE", f"{V1}/tokens/{{number}}"): P.SELF,
    ("GET", f"{V1}/secrets"): P.ADMIN,
    ("PUT", f"{V1}/secrets/{{name}}"): P.ADMIN,
    ("DELETE", f"{V1}/secrets/{{name}}"): P.ADMIN,
    ("POST", f"{V1}/keys/rotate"): P.ADMIN,
}
ROUTES: Mapping[tuple[str, str], P] = {**API, **CONSOLE}
