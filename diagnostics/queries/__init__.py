"""Reads. No list's number of queries grows with its rows."""

from diagnostics.queries.clients import (
    CLIENT_STANDINGS,
    TIER_UNSAID,
    ClientPage,
    ClientRow,
    ClientsAsked,
    client_page,
    region_name,
)
from diagnostics.queries.known import KNOWN_STATES, KnownPage, known_of, known_page, notes_of, runs_that_met
from diagnostics.queries.people import people
from diagnostics.queries.runs import (
    PAGE_SIZE,
    RECENT,
    RunPage,
    RunState,
    exchanges_of,
    findings_of,
    recent_runs,
    run_page,
    runs_for_lists,
    state_of,
)

__all__ = [
    "CLIENT_STANDINGS",
    "KNOWN_STATES",
    "PAGE_SIZE",
    "RECENT",
    "TIER_UNSAID",
    "ClientPage",
    "ClientRow",
    "ClientsAsked",
    "KnownPage",
    "RunPage",
    "RunState",
    "client_page",
    "exchanges_of",
    "findings_of",
    "known_of",
    "known_page",
    "notes_of",
    "people",
    "recent_runs",
    "region_name",
    "run_page",
    "runs_for_lists",
    "runs_that_met",
    "state_of",
]
