"""What the flow needs from the outside, as Protocols. Each has a fake in `autofix.testing` and a
conformance suite that the fake and the real thing both pass."""

from autofix.ports.outside import (
    Cancel,
    Channel,
    Clock,
    Inventory,
    PlaybookRunner,
    Probe,
    Signer,
    Switch,
    Witness,
)
from autofix.ports.reads import Reads
from autofix.ports.store import Lead, Store, Transaction

__all__ = [
    "Cancel",
    "Channel",
    "Clock",
    "Inventory",
    "Lead",
    "PlaybookRunner",
    "Probe",
    "Reads",
    "Signer",
    "Store",
    "Switch",
    "Transaction",
    "Witness",
]
