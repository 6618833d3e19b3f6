"""Ansible and the hosts: would a run start, and reach them?"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from autofix.ansible import isolation, processes
from autofix.ansible.folder import marker
from autofix.ansible.reach import reach
from autofix.app import wiring
from autofix.app.doctor.finding import Finding, fail, ok, warn
from autofix.app.doctor.patient import Patient
from autofix.core.inert import inert
from autofix.core.runs import RunState
from autofix.errors import ConfigError, RunnerError

#: Faults shown one by one; more are counted.
SHOWN = 10


def ansible_version(_: Patient) -> Iterator[Finding]:
    """The version that autofix was made for."""
    try:
        found = version("ansible-core")
    except PackageNotFoundError:
        yield fail("ansible", "ansible-core is not installed", "install autofix again")
        return
    wanted = _wanted()
    if not wanted or _fits(found, wanted):
        yield ok("ansible", f"ansible-core {found}")
    else:
        mend = f"pip install 'ansible-core{wanted}'"
        yield fail("ansible", f"ansible-core {found} is not one that is supported", mend)


def _wanted() -> str:
    """`>=2.18,<2.20`, as autofix's own package says."""
    try:
        listed = requires("autofix") or []
    except PackageNotFoundError:
        return ""
    named = (each for each in listed if each.startswith("ansible-core"))
    return next(named, "").removeprefix("ansible-core").partition(";")[0].strip()


def _fits(found: str, wanted: str) -> bool:
    numbers = _numbers(found)
    for each in wanted.split(","):
        if each.startswith(">=") and numbers < _numbers(each[2:]):
            return False
        if each.startswith("<") and numbers >= _numbers(each[1:]):
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.strip("<>=~ ").split(".")[:2]
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in parts)


def isolated(patient: Patient) -> Iterator[Finding]:
    """Is a run shut in so that nothing of it outlives it?"""
    wanted = patient.settings.ansible.isolation
    fault = isolation.bwrap_fault()
    if not fault and wanted != "subreaper":
        yield ok("isolation", "bubblewrap works")
    elif wanted == "bwrap":
        yield fail("isolation", f"bubblewrap does not work: {fault}", "apt-get install bubblewrap")
    elif wanted == "subreaper":
        yield ok("isolation", "by a subreaper, as the settings say")
    else:
        mend = "apt-get install bubblewrap, and allow user namespaces"
        yield warn("isolation", f"by a subreaper, since bubblewrap does not work: {fault}", mend)


def vault_password(patient: Patient) -> Iterator[Finding]:
    """Is it there, and does it open what the project encrypted?"""
    file = patient.settings.ansible.vault_password_file
    if file is not None and not file.is_file():
        yield fail("vault", f"the password file {file} is not there", "make it, mode 0600")
        return
    try:
        patient.site.inventory  # noqa: B018 - reading it opens every vaulted variable
    except ConfigError as error:
        said = inert(str(error.problems[0]), 400)
        word = "vault" if "vault" in said.lower() else "inventory"
        yield fail(word, said, error.problems[0].hint or "autofix check")
        return
    yield ok("inventory", f"{len(list(patient.site.inventory.names()))} hosts, vaulted values open")


def reachable(patient: Patient) -> Iterator[Finding]:
    """Each host as a run would reach it: network, host key, login, Python."""
    name = "hosts"
    if not patient.hosts:
        yield warn(name, "not looked at", "leave --no-hosts out")
        return
    try:
        inventory = patient.site.inventory
    except ConfigError:
        return  # said by another check
    wanted = sorted(inventory.names()) if patient.hosts == "all" else inventory.hosts(patient.hosts)
    if not wanted:
        mend = "name your hosts in the inventory" if patient.hosts == "all" else "see autofix check"
        yield warn(name, f"there is no host in {patient.hosts}", mend)
        return
    try:
        options = wiring.ansible_options(patient.settings)
        found = reach(options, wanted, timeout=patient.timeout)
    except RunnerError as error:
        yield fail(name, str(error), error.hint or "autofix check")
        return
    bad = {host: why for host, why in found.items() if why}
    for host, why in list(bad.items())[:SHOWN]:
        yield fail("host keys" if "host key" in why else name, f"{host}: {why}", _mend(host, why))
    if len(bad) > SHOWN:
        more = ", ".join(list(bad)[SHOWN:])
        yield fail(
            name, inert(f"{len(bad) - SHOWN} more: {more}", 400), "mend the first ones first"
        )
    if len(bad) < len(found):
        yield ok(name, f"{len(found) - len(bad)} of {len(found)} can be worked on")


def _mend(host: str, why: str) -> str:
    if "host key" in why and "not the one" in why:
        return "somebody may be in between: verify the new key, then ssh-keygen -R and add it"
    if "host key" in why:
        return "ssh-keyscan it, verify the fingerprint, add the line to known_hosts"
    if "Python" in why:
        return "install python3 there, or set ansible_python_interpreter"
    if "ermission denied" in why:
        return "ansible.private_key, ansible_user: let the service's key in there"
    return f"as the service's user: ssh {host}; then ansible_host, ansible_port in the inventory"


def leftover_processes(patient: Patient) -> Iterator[Finding]:
    """Playbooks that still run though nobody is at them any more."""
    options = wiring.ansible_options(patient.settings)
    with patient.site.store.reading() as reads:
        running = {run.id for run in reads.runs(states=[RunState.CLAIMED, RunState.STARTED])}
        latest = max((run.id for run in reads.runs(limit=1)), default=0)
    # Without a server every process of a run is a leftover.
    live = running if patient.server else set()
    asked = {marker(options, run): run for run in range(max(latest - 2000, 0) + 1, latest + 1)}
    found = {pid: asked[mark] for pid, mark in processes.marked(asked).items()}
    stray = {pid: run for pid, run in found.items() if run not in live}
    if stray:
        pids = " ".join(map(str, sorted(stray)))
        mend = f"autofix serve ends them at its start; by hand: kill {pids}"
        runs = ", ".join(map(str, sorted(set(stray.values()))))
        yield fail("processes", f"playbooks of run {runs} still run, and nobody is at them", mend)
    else:
        yield ok("processes", "no playbook runs that nobody is at")
