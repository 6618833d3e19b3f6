"""What databases complain of: what is wrong in our words, and what to do."""

from __future__ import annotations

Known = tuple[str, str]

UNIQUE = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"}

_FULL = ("can't be written: the disk is full", "free some space; nothing was lost")
_TRY_AGAIN = ("is locked by another program", "try again")

#: By the beginning of SQLite's error names.
SQLITE: dict[str, Known] = {
    "SQLITE_BUSY": (
        "is locked by another program",
        "end what holds it open (a copy, a backup, an SQL shell) and try again",
    ),
    "SQLITE_LOCKED": _TRY_AGAIN,
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": ("can't be written: it is read-only", "make it writable for this user"),
    "SQLITE_CANTOPEN": (
        "can't be opened",
        "check that its folder exists, can be written and belongs to the user who runs autofix",
    ),
    "SQLITE_PERM": ("can't be opened: permission denied", "check who owns the file"),
    "SQLITE_CORRUPT": (
        "is damaged",
        "keep a copy of the files as they are, then restore the last good backup",
    ),
    "SQLITE_NOTADB": ("is not an SQLite database", "check `store:` in autofix.yaml"),
    "SQLITE_IOERR": (
        "can't be read or written: the disk failed or a limit was reached",
        "look at the disk and at the system's log",
    ),
    "SQLITE_CONSTRAINT_FOREIGNKEY": ("has no such incident or run", ""),
}

_DOWN = (
    "can't be reached: PostgreSQL does not answer there",
    "start it, or correct host and port in `store:`",
)
_STOPPED = (
    "was cut off: PostgreSQL was restarted, or this program stood still for too long",
    "it is tried again by itself",
)
_STARTING = ("can't be reached yet: PostgreSQL is starting or stopping", "wait a moment")
_PASSWORD = (
    "refuses the password or the user",
    "check the user in `store:` and store_password_env or store_password_file",
)
_NO_DATABASE = ("does not exist", "make it: createdb -E UTF8 -O USER DATABASE")
_MANY = (
    "has no connection left for us",
    "raise max_connections in PostgreSQL, or end what holds so many",
)
_DAMAGED = ("is damaged", "keep a copy of it as it is, then restore the last good backup")
_RIGHTS = ("refuses it: this user lacks the right", "make the user of `store:` its owner")
_DISK = ("can't be read or written: its disk failed", "look at the disk and at PostgreSQL's log")

#: By the beginning of PostgreSQL's SQLSTATE.
POSTGRESQL: dict[str, Known] = {
    "08": _STOPPED,
    "57P01": _STOPPED,
    "57P02": _STOPPED,
    "57P03": _STARTING,
    "57P05": _STOPPED,
    "28": _PASSWORD,
    "3D000": _NO_DATABASE,
    "53100": _FULL,
    "53200": ("has no memory left", "look at PostgreSQL's log"),
    "53300": _MANY,
    "25006": ("can't be written: it is read-only", "is it a standby? name the primary in `store:`"),
    "25P03": (
        "ended a change that stood still for too long",
        "was this program stopped, or the machine asleep? nothing was changed",
    ),
    "40": ("was changed by somebody else at the same moment", "try again"),
    "55P03": (
        "is locked by another program",
        "end what holds it (another autofix that hangs, an SQL shell) and try again",
    ),
    "57014": ("took too long to answer", "look at what else PostgreSQL is busy with"),
    "42501": _RIGHTS,
    "42P01": (
        "lacks a table of ours",
        "restore the last good backup: somebody has changed the database by hand",
    ),
    "23503": ("has no such incident or run", ""),
    "58": _DISK,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}

#: What the client says when it could not connect, where it gives no code.
CONNECTING: tuple[tuple[str, Known], ...] = (
    ("password authentication failed", _PASSWORD),
    ("no password supplied", _PASSWORD),
    ("no pg_hba.conf entry", ("refuses this machine or user", "allow it in pg_hba.conf")),
    ("authentication failed", _PASSWORD),
    ("remaining connection slots", _MANY),
    ("too many clients", _MANY),
    ("too many connections", _MANY),
    ("is starting up", _STARTING),
    ("is shutting down", _STARTING),
    ("in recovery mode", _STARTING),
    ("Connection refused", _DOWN),
    ("No such file or directory", _DOWN),
    ("No route to host", _DOWN),
    ("timeout expired", _DOWN),
    ("connection timeout", _DOWN),
    (
        "translate host name",
        ("can't be reached: its host is not known", "correct the host in `store:`"),
    ),
    (
        "resolve host",
        ("can't be reached: its host is not known", "correct the host in `store:`"),
    ),
    ("server closed the connection", _STOPPED),
    ("connection is lost", _STOPPED),
    ("connection to server was lost", _STOPPED),
    ("terminating connection", _STOPPED),
    ("connection is closed", _STOPPED),
    ("role", _PASSWORD),
    ("database", _NO_DATABASE),
)
