"""The desk that works on the store and the files here."""

from __future__ import annotations

from autofix.desk.accounts import Accounts
from autofix.desk.acts import Acts
from autofix.desk.alerts import Alerts
from autofix.desk.brakes import Brakes
from autofix.desk.histories import Histories
from autofix.desk.looks import Looks
from autofix.desk.places import Places
from autofix.desk.previews import Previews
from autofix.desk.readings import ReadingsRoom
from autofix.desk.records import Records
from autofix.desk.runs import Runs
from autofix.desk.secrets import KeptSecrets
from autofix.desk.tokens import Tokens


class LocalDesk(
    Looks,
    Histories,
    Previews,
    Runs,
    Records,
    Acts,
    Brakes,
    Accounts,
    Tokens,
    Alerts,
    KeptSecrets,
    Places,
    ReadingsRoom,
):
    """`ports.Desk` for one principal; each of its rooms is a mixin, named here."""
