"""The desk: everything that people and programs may ask and do, as one person at a time.

Two of them exist: one works on the store and the files here, the other asks a server. Both give the
same values and raise the same errors: NotFound, Denied, HeldError, UsageError, StoreError.
Every call looks at what its principal may do, and a refusal is on the record.
"""

from __future__ import annotations

from typing import Protocol

from autofix.ports.desk.accounts import AccountsDesk
from autofix.ports.desk.acts import ActsDesk
from autofix.ports.desk.looks import LooksDesk
from autofix.ports.desk.places import PlacesDesk
from autofix.ports.desk.readings import ReadingsDesk
from autofix.ports.desk.runbooks import RunbooksDesk
from autofix.ports.desk.runs import RunsDesk


class Desk(
    LooksDesk, PlacesDesk, RunbooksDesk, RunsDesk, ActsDesk, AccountsDesk, ReadingsDesk, Protocol
):
    """All of it; each noun has a file here, a room in `desk/` and one in `remote/`."""
