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
from diagnostics.queries.id_matches import MATCH_PAGE, matches
from diagnostics.queries.known import KNOWN_STATES, KnownPage, known_of, known_page, notes_of, runs_that_met
from diagnostics.queries.org_changes import change_page, changes_of
from diagnostics.queries.people import people
from diagnostics.queries.providers import provider_page, runs_touching
from diagnostics.queries.readings import org_words, reading_of, readings_of
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
    "MATCH_PAGE",
    "PAGE_SIZE",
    "RECENT",
    "TIER_UNSAID",
    "ClientPage",
    "ClientRow",
    "ClientsAsked",
    "KnownPage",
    "RunPage",
    "RunState",
    "change_page",
    "changes_of",
    "client_page",
    "exchanges_of",
    "findings_of",
    "known_of",
    "known_page",
    "matches",
    "notes_of",
    "org_words",
    "people",
    "provider_page",
    "reading_of",
    "readings_of",
    "recent_runs",
    "region_name",
    "run_page",
    "runs_for_lists",
    "runs_that_met",
    "runs_touching",
    "state_of",
]
