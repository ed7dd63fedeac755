"""Database failures as an error code and a text for the screen."""

from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

RETRY_SECONDS = 5


@dataclass(frozen=True)
class Outage:
    """Why a correct request couldn't be served."""

    code: str
    title: str
    why: str


UNAVAILABLE = Outage(
    "database_unavailable",
    "The database isn't answering",
    "It may be restarting, or the connection to it is down. This page works again as soon as the database answers.",
)
FULL = Outage(
    "database_full",
    "The database is out of disk space",
    "It can't store anything until somebody makes room on its disk. Tell your administrator.",
)
NO_CONNECTION = Outage(
    "database_busy",
    "The database has no connection left",
    "All the connections it allows are taken. This usually passes within seconds.",
)
BUSY = Outage(
    "database_busy",
    "The database was too busy",
    "It gave up on this request because of other work. This usually passes within seconds.",
)
READ_ONLY = Outage(
    "database_read_only",
    "The database is read-only",
    "Nothing can be saved at the moment. This is normal for a short time while a standby takes over.",
)
# By SQLSTATE, or its class of two characters (PostgreSQL manual, appendix A).
OUTAGES = {
    "53100": FULL,
    "53": NO_CONNECTION,
    "25006": READ_ONLY,
    "40": BUSY,
    "55P03": BUSY,
    "57014": BUSY,
}


def find_outage(error: BaseException | None) -> Outage | None:
    """The outage behind a database error, None for other errors."""
    state = str(getattr(getattr(error, "__cause__", None), "sqlstate", None) or "")
    if known := OUTAGES.get(state) or OUTAGES.get(state[:2]):
        return known
    return UNAVAILABLE if isinstance(error, OperationalError | InterfaceError) else None
