"""What a person hears of alerts that nothing runs for, and of text that no honest sender writes."""

from __future__ import annotations

from collections.abc import Sequence

from autofix.core.alerts import Alert, Delivery
from autofix.core.inert import inert
from autofix.core.messages import Message
from autofix.core.reasons import told
from autofix.core.words import Words

#: So many labels of an alert stand in its page.
SHOWN = 20


def compose_unplaced(
    alert: Alert,
    named: str,
    what: str,
    whys: Sequence[str],
    row: Delivery,
    severity: str,
    words: Words,
) -> Message:
    """`named`: the host it is about, or empty; `what`: a marked sentence, why a person hears of it;
    `whys`: why each runbook does not run."""
    about = words.gettext("{alert} on {host}") if named else "{alert}"
    about, what = about.format(alert=alert.name, host=named), told(what, words)
    title = words.gettext("[{severity}] alert {alert}: {why}")
    head = words.gettext("{source} sent the alert {alert}, and {why}.")
    lines = [
        head.format(source=row.source, alert=inert(about, 300), why=what),
        words.gettext("why nothing runs: {why}").format(
            why=inert("; ".join(told(why, words) for why in whys), 500)
        ),
        *_labels(alert, words),
        "",
        words.gettext(
            "Nothing was done, and nothing will be: the host may have to join the inventory, or a "
            "runbook is missing. You are told once a day."
        ),
        words.gettext("look: autofix alerts show {number}").format(number=row.id),
    ]
    title = title.format(severity=severity, alert=about, why=what)
    return _message(title, "\n".join(lines), f"autofix:alert:{row.source}:{alert.name}:{named}")


def compose_hostile(row: Delivery, why: str, severity: str, words: Words) -> Message:
    title = words.gettext("[{severity}] {source} posted text that no honest sender writes")
    text = words.gettext(
        "It came from {source} ({sender}, {address}) with a good credential, and was refused: "
        "{why}.\n"
        "Nothing ran. Somebody may be trying what autofix can be made to do, or a system that "
        "it watches was broken into and writes into its alerts. You are told once a day.\n"
        "look: autofix alerts show {number}"
    ).format(
        source=row.source,
        sender=inert(row.sender, 120) if row.sender else words.gettext("unknown"),
        address=inert(row.address, 64) if row.address else words.gettext("no address"),
        why=inert(told(why, words), 300),
        number=row.id,
    )
    title = title.format(severity=severity, source=row.source)
    return _message(title, text, f"autofix:hostile:{row.source}")


def _labels(alert: Alert, words: Words) -> list[str]:
    lines = [
        f"  {inert(name, 80)}: {inert(value, 200)}"
        for name, value in [*alert.labels.items(), *alert.annotations.items()][:SHOWN]
    ]
    return [words.gettext("what it says:"), *lines] if lines else []


def _message(title: str, text: str, key: str) -> Message:
    return Message(inert(title, 250), text, inert(key, 255))
