"""What it means when the database fails, in words for people and a code for programs."""

from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

RETRY_SECONDS = 5


@dataclass(frozen=True)
class Outage:
    """Why a request could not be served although nothing is wrong with it."""

    code: str
    title: str
    why: str


AWAY = Outage(
    "database_unavailable",
    "The database isn't answering",
    "It may be restarting, or the connection to it is down. This page works again as soon as the database answers.",
)
FULL = Outage(
    "database_full",
    "The database is out of disk space",
    "It can't store anything until somebody makes room on its disk. Tell your administrator.",
)
CROWDED = Outage(
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
# SQLSTATE codes of PostgreSQL, appendix A of its manual; shorter ones stand for their class.
BY_STATE = {
    "53100": FULL,
    "53": CROWDED,
    "25006": READ_ONLY,
    "40": BUSY,
    "55P03": BUSY,
    "57014": BUSY,
}


def find_outage(error: BaseException | None) -> Outage | None:
    """The outage that this error is, or None for an error of another kind."""
    state = str(getattr(getattr(error, "__cause__", None), "sqlstate", None) or "")
    if known := BY_STATE.get(state) or BY_STATE.get(state[:2]):
        return known
    return AWAY if isinstance(error, OperationalError | InterfaceError) else None
