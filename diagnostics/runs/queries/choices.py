"""The clients, orgs and users that runs can be filtered by, and the saved views."""

from dataclasses import dataclass

from django.http import QueryDict

from diagnostics.accounts.models import User
from diagnostics.orgs.visibility import visible_clients, visible_people
from diagnostics.runs.models import SavedView


@dataclass(frozen=True)
class RunChoices:
    """Value in the query string -> display name."""

    clients: dict[str, str]
    orgs: dict[str, str]
    people: dict[str, str]


def run_choices(viewer: User | None) -> RunChoices:
    clients: dict[str, str] = {}
    orgs: dict[str, str] = {}
    rows = visible_clients(viewer).order_by("name").values_list("pk", "name", "org_id", "org_name", "retired_at")
    for pk, name, org_id, org_name, retired_at in rows:
        clients[str(pk)] = f"{name} (retired)" if retired_at else name
        if org_id:
            orgs[org_id] = org_name or org_id
    people = visible_people(viewer).order_by("username").values_list("username", flat=True)
    return RunChoices(clients, dict(sorted(orgs.items(), key=lambda item: item[1].lower())), {p: p for p in people})


def saved_views(viewer: User | None) -> list[SavedView]:
    """Without views that name a client, org or user that this user may not see."""
    views = list(SavedView.objects.select_related("created_by").order_by("name"))
    if viewer is None or viewer.sees_all:
        return views
    visible = visible_clients(viewer).values_list("pk", "org_id")
    clients, orgs = {"", *(str(pk) for pk, _ in visible)}, {"", *(org for _, org in visible)}
    people = {"", *visible_people(viewer).values_list("username", flat=True)}
    queries = {view: QueryDict(view.query) for view in views}
    return [
        view
        for view, query in queries.items()
        if {query.get("client", ""), _client_of(query.get("target", ""))} <= clients
        and query.get("org", "") in orgs
        and query.get("who", "") in people
    ]


def _client_of(target: str) -> str:
    """The client of a target, "" without one. See search_keys.target_of."""
    return target.split(":")[1] if target.count(":") else target
