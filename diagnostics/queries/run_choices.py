"""What runs can be narrowed to: the clients, orgs and people there are."""

from dataclasses import dataclass

from diagnostics.models import OAuthClient, SavedView, User


@dataclass(frozen=True)
class RunChoices:
    """Value of the query string -> its name on the screen."""

    clients: dict[str, str]
    orgs: dict[str, str]
    people: dict[str, str]


def run_choices() -> RunChoices:
    clients: dict[str, str] = {}
    orgs: dict[str, str] = {}
    rows = OAuthClient.objects.order_by("name").values_list("pk", "name", "org_id", "org_name", "retired_at")
    for pk, name, org_id, org_name, retired_at in rows:
        clients[str(pk)] = f"{name} (retired)" if retired_at else name
        if org_id:
            orgs[org_id] = org_name or org_id
    people = User.objects.order_by("username").values_list("username", flat=True)
    return RunChoices(clients, dict(sorted(orgs.items(), key=lambda item: item[1].lower())), {p: p for p in people})


def saved_views() -> list[SavedView]:
    return list(SavedView.objects.select_related("created_by").order_by("name"))
