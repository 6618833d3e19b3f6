"""What the flow needs from the outside, as Protocols. Each has a fake in `autofix.testing` and a
conformance suite that the fake and the real thing both pass."""

from autofix.ports.desk import Desk
from autofix.ports.outside import (
    Cancel,
    Channel,
    Clock,
    FleetProbe,
    Inventory,
    Meter,
    PlaybookRunner,
    Probe,
    Sealer,
    Signer,
    Source,
    Switch,
    Vault,
    Witness,
)
from autofix.ports.reads import Reads
from autofix.ports.store import Lead, Store, Transaction

__all__ = [
    "Cancel",
    "Channel",
    "Clock",
    "Desk",
    "FleetProbe",
    "Inventory",
    "Lead",
    "Meter",
    "PlaybookRunner",
    "Probe",
    "Reads",
    "Sealer",
    "Signer",
    "Source",
    "Store",
    "Switch",
    "Transaction",
    "Vault",
    "Witness",
]
