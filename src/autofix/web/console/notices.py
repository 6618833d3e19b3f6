"""What a page says after an act: a name in the address, the words here. A stranger who writes an
address can choose one of these sentences, and no others."""

from __future__ import annotations

from collections.abc import Mapping


def _(text: str) -> str:
    """Marks it for the catalogues; the template asks for it in the reader's language."""
    return text


NOTICES: Mapping[str, str] = {
    "acknowledged": _("It is yours: the calls stop."),
    "triaged": _("It is noted that you know what it is."),
    "worked_around": _("It is noted that users are served again."),
    "approved": _("Approved: the step starts now."),
    "rejected": _("Rejected: a person is called and takes it from here."),
    "retried": _("The fix starts again; what becomes of it shows below."),
    "rolling_back": _("The step is being undone; what becomes of it shows below."),
    "resolved": _("Resolved: the incident is over."),
    "closed": _("Accepted and filed."),
    "commented": _("Your words are on the record."),
    "user_added": _("The account is made."),
    "user_changed": _("It is changed; whoever it is logs in again."),
    "user_removed": _("The account is gone, and its tokens are good no more."),
    "secret_kept": _("The secret is kept. Its value is never shown again."),
    "secret_gone": _("The secret is gone."),
    "keys_rotated": _("There is a new key, and every kept secret is sealed with it."),
    "password": _("The password is changed; your other sessions have ended."),
    "others_ended": _("Your other sessions have ended; this one goes on."),
    "revoked": _("The token is good no more."),
    "second_factor_on": _("The second factor is on: each login asks for a code."),
    "second_factor_off": _("The second factor is off."),
    "paused": _("Everything is paused: nothing new is started until somebody resumes."),
    "resumed": _("It is resumed: what was held is decided anew."),
    "checking": _("The record is being checked; you may leave this page."),
    "held": _("It is paused: nothing new starts there."),
    "replayed": _("It was judged anew; what came of it is the newest line here."),
    "silence-ended": _("The silence is over: what it held is decided anew."),
    "silenced": _("It is left alone for that time."),
    "breaker-reset": _("Reset: one more attempt is let through."),
    "again": _("This had been sent already; nothing was done twice."),
    "cancelling": _("It was asked to end, and hears it within a second."),
    "not_yours": _("What somebody else had typed here is not kept for you."),
    "in": _("You are logged in again."),
    "kept": _("Your choice is kept in this browser."),
}


def notice(name: str) -> str:
    return NOTICES.get(name, "")
