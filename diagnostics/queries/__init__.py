"""Reads. No list's number of queries grows with its rows."""

from diagnostics.queries.cause_counts import cause_chart
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
from diagnostics.queries.known import (
    KNOWN_ABOUTS,
    KNOWN_STATES,
    KnownPage,
    known_of,
    known_page,
    notes_of,
    runs_that_met,
)
from diagnostics.queries.org_changes import change_page, changes_of
from diagnostics.queries.people import orgs, people
from diagnostics.queries.providers import provider_page, providers_named, runs_touching
from diagnostics.queries.readings import org_words, reading_of, readings_of
from diagnostics.queries.retention import (
    DEFAULT_RULES,
    changed_rules,
    pinned_runs,
    preview,
    recent_passes,
    rules_in_force,
)
from diagnostics.queries.run_choices import RunChoices, run_choices, saved_views
from diagnostics.queries.run_matrices import Matrix, run_matrix
from diagnostics.queries.run_pages import Place, RunPage, read_place, run_page
from diagnostics.queries.runs import (
    RECENT,
    RunState,
    exchanges_of,
    findings_of,
    recent_runs,
    runs_for_lists,
    state_of,
)
from diagnostics.queries.schedules import (
    missed_times,
    runs_of_schedule,
    schedule_counts,
    schedule_page,
    schedules_asked,
)
from diagnostics.queries.strips import Strip, strips

__all__ = [
    "CLIENT_STANDINGS",
    "DEFAULT_RULES",
    "KNOWN_ABOUTS",
    "KNOWN_STATES",
    "MATCH_PAGE",
    "RECENT",
    "TIER_UNSAID",
    "ClientPage",
    "ClientRow",
    "ClientsAsked",
    "KnownPage",
    "Matrix",
    "Place",
    "RunChoices",
    "RunPage",
    "RunState",
    "Strip",
    "cause_chart",
    "change_page",
    "changed_rules",
    "changes_of",
    "client_page",
    "exchanges_of",
    "findings_of",
    "known_of",
    "known_page",
    "matches",
    "missed_times",
    "notes_of",
    "org_words",
    "orgs",
    "people",
    "pinned_runs",
    "preview",
    "provider_page",
    "providers_named",
    "read_place",
    "reading_of",
    "readings_of",
    "recent_passes",
    "recent_runs",
    "region_name",
    "rules_in_force",
    "run_choices",
    "run_matrix",
    "run_page",
    "runs_for_lists",
    "runs_of_schedule",
    "runs_that_met",
    "runs_touching",
    "saved_views",
    "schedule_counts",
    "schedule_page",
    "schedules_asked",
    "state_of",
    "strips",
]
