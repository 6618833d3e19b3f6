"""The console: pages for people. Each noun has a file here and a template in `templates/console/`;
what they show and do, they show and do at the desk. A new room is a line here, its routes are lines
in `policy.py`, its place in the navigation a line of `frame.ROOMS`."""

ROUTERS: tuple[str, ...] = (
    "console.login",
    "console.preferences",
    "console.live",
    "console.now",
    "console.incidents",
    "console.report",
    "console.alerts",
    "console.pages",
    "console.brakes",
    "console.audit",
    "console.runbooks",
    "console.run_form",
    "console.runs",
    "console.raw",
    "console.search",
    "console.account",
    "console.fleet",
    "console.settings",
)
