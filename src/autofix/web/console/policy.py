"""The console's part of the one table of routes (`web/policy.py`): pages, and the forms on them."""

from __future__ import annotations

from collections.abc import Mapping

from autofix.core.roles import Permission as P

CONSOLE: Mapping[tuple[str, str], P] = {
    ("GET", "/static/{made}/{name}"): P.OPEN,
    ("GET", "/login"): P.OPEN,
    ("POST", "/login"): P.OPEN,
    ("POST", "/login/kept"): P.OPEN,
    ("POST", "/logout"): P.SELF,
    ("POST", "/preferences"): P.OPEN,
    ("GET", "/live"): P.READ,
    ("GET", "/"): P.READ,
    ("POST", "/pause"): P.PAUSE,
    ("POST", "/resume"): P.PAUSE,
    ("GET", "/search"): P.READ,
    # Incidents.
    ("GET", "/incidents"): P.READ,
    ("GET", "/incidents/{number}"): P.READ,
    ("GET", "/incidents/{number}/report"): P.READ,
    ("POST", "/incidents/{number}/acknowledge"): P.OPERATE,
    ("POST", "/incidents/{number}/triage"): P.OPERATE,
    ("POST", "/incidents/{number}/workaround"): P.OPERATE,
    ("POST", "/incidents/{number}/approve"): P.APPROVE,
    ("POST", "/incidents/{number}/reject"): P.APPROVE,
    ("POST", "/incidents/{number}/retry"): P.OPERATE,
    ("POST", "/incidents/{number}/rollback"): P.OPERATE,
    ("POST", "/incidents/{number}/resolve"): P.OPERATE,
    ("POST", "/incidents/{number}/close"): P.OPERATE,
    ("POST", "/incidents/{number}/comment"): P.OPERATE,
    # Runbooks.
    ("GET", "/runbooks"): P.READ,
    ("GET", "/runbooks/{name}"): P.READ,
    ("POST", "/runbooks/{name}/breaker"): P.OPERATE,
    ("GET", "/runbooks/{name}/run"): P.READ,
    ("POST", "/runbooks/{name}/preview"): P.OPERATE,
    ("POST", "/runbooks/{name}/run"): P.OPERATE,
    ("GET", "/runbooks/{name}/started"): P.READ,
    # Runs.
    ("GET", "/runs"): P.READ,
    ("GET", "/runs/{number}"): P.READ,
    ("GET", "/runs/{number}/raw"): P.READ,
    ("GET", "/runs/{number}/raw/{event}"): P.READ,
    ("POST", "/runs/{number}/cancel"): P.OPERATE,
    # Alerts.
    ("GET", "/alerts"): P.READ,
    ("GET", "/alerts/try"): P.OPERATE,
    ("POST", "/alerts/try"): P.OPERATE,
    ("GET", "/alerts/{number}"): P.READ,
    ("POST", "/alerts/{number}/replay"): P.OPERATE,
    ("GET", "/pages"): P.READ,
    ("GET", "/pages/{number}"): P.READ,
    ("POST", "/pages/{number}/acknowledge"): P.OPERATE,
    # Silences and pauses.
    ("GET", "/silences"): P.READ,
    ("POST", "/silences"): P.OPERATE,
    ("POST", "/silences/{number}/end"): P.OPERATE,
    ("POST", "/pauses"): P.PAUSE,
    ("POST", "/pauses/resume"): P.PAUSE,
    # The record.
    ("GET", "/audit"): P.AUDIT,
    ("POST", "/audit/check"): P.AUDIT,
    ("GET", "/audit/export"): P.AUDIT,
    ("GET", "/audit/{number}"): P.AUDIT,
    # The fleet.
    ("GET", "/fleet"): P.READ,
    ("GET", "/fleet/{host}"): P.READ,
    ("POST", "/fleet/{host}/look"): P.OPERATE,
    # Settings, users, tokens, one's own account.
    ("GET", "/settings"): P.READ,
    ("GET", "/settings/users"): P.ADMIN,
    ("POST", "/settings/users"): P.ADMIN,
    ("POST", "/settings/users/{name}"): P.ADMIN,
    ("POST", "/settings/users/{name}/remove"): P.ADMIN,
    ("GET", "/settings/tokens"): P.ADMIN,
    ("POST", "/settings/tokens"): P.ADMIN,
    ("POST", "/settings/tokens/{number}/revoke"): P.ADMIN,
    ("GET", "/settings/secrets"): P.ADMIN,
    ("POST", "/settings/secrets"): P.ADMIN,
    ("POST", "/settings/secrets/{name}/remove"): P.ADMIN,
    ("POST", "/settings/keys/rotate"): P.ADMIN,
    ("GET", "/account"): P.SELF,
    ("POST", "/account/password"): P.SELF,
    ("POST", "/account/tokens"): P.SELF,
    ("POST", "/account/tokens/{number}/revoke"): P.SELF,
    ("GET", "/account/second-factor"): P.SELF,
    ("POST", "/account/second-factor"): P.SELF,
    ("POST", "/account/second-factor/code"): P.SELF,
    ("POST", "/account/second-factor/drop"): P.SELF,
}
