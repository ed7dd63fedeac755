"""The part of a reading that tells what the client may do, and what became different about it."""

from typing import Any
from urllib.parse import quote

from django.utils import timezone

from diagnostics.checks.base import Result, all_checks
from diagnostics.checks.oauth import judge_identity, judge_token
from diagnostics.engine.check_reference import areas, smallest_role
from diagnostics.genesys.documents.catalogue import is_complete, permissions_in
from diagnostics.genesys.documents.grants import read_grants, with_role_policies
from diagnostics.genesys.fields import items, number, text
from diagnostics.genesys.paging import rate_limit_in
from diagnostics.genesys.response import OrgResponse
from diagnostics.orgs.contract_in_force import contract_in_force
from diagnostics.orgs.models import ConfigurationSync, HeldPermission, OrgChange
from diagnostics.orgs.sync import held_permissions as rights
from diagnostics.orgs.sync.execute import LONGEST_PART_SECONDS, SyncRun
from diagnostics.orgs.sync.store import keep_changes
from diagnostics.parsing.intent import START_PATH

PART = "rights"
NAMESPACES = ("platform.api", "cobrowse", "web.deployments")
MOST_GRANTS = 500
MOST_ROLES_ONE_BY_ONE = 30
AUTHORIZATION = "/api/v2/authorization"
# Beside what the checks need: what starts a session, and what tells more of an org and of a client.
ALSO_WANTED = ("webDeployments:configuration:view", "oauth:client:view", "authorization:grant:view")


class PermissionsUnreadable(Exception):
    """There is no token, or not of this org: nothing of it can be read. str() is the sentence for the screen."""


def read_rights(reading: SyncRun) -> None:
    """Some fifteen small reads, stored together. Raises NotReadable where the org lets this client in at no door."""
    token = reading.genesys.token()
    reading.heed(token.response or OrgResponse(None))
    login = judge_token(token, reading.genesys.region.login_host)
    if not token.value:
        raise _turned_away(reading, login)
    me = reading.get("/api/v2/tokens/me")
    identity = judge_identity(me, reading.genesys.region.api_host, reading.client.org_id)
    if identity.outcome != "pass":
        raise _turned_away(reading, identity)
    told: dict[str, Any] = reading.redactor.value(_gathered(reading, me))
    with reading.stored():
        reading.rights = told
        _keep_what_changed(reading, told)
        if told["read"]["subjects/me"] == "ok":
            _keep_holdings(reading, told)
        reading.end_part(PART, *_ended(told), items=len(told["grants"]))


def _turned_away(reading: SyncRun, said: Result) -> PermissionsUnreadable:
    """The reading keeps by which code, so that a client that is refused is told from an org that does not answer."""
    with reading.stored():
        reading.end_part(PART, "failed", said.code, said.sentence)
    return PermissionsUnreadable(f"{said.sentence} {said.hint}".strip())


def wanted_permissions(region_key: str) -> list[str]:
    """What matters to us, for the catalogue: it tells a licence that is not there from a role that lacks something."""
    contract = contract_in_force(region_key)
    start = contract.operation("POST", START_PATH)
    needed = [each.permission.api for each in smallest_role(areas(all_checks(), contract))]
    return sorted({*(start.permissions if start else ()), *needed, *ALSO_WANTED})


def _gathered(reading: SyncRun, me: OrgResponse) -> dict[str, Any]:
    organization = reading.get("/api/v2/organizations/me")
    subject = reading.get(f"{AUTHORIZATION}/subjects/me", includeFullRoles="true")
    own_id = quote(reading.client.client_id, safe="")
    oauth_client = reading.get(f"/api/v2/oauth/clients/{own_id}")
    divisions = reading.get(f"{AUTHORIZATION}/divisions", pageSize=1)
    grants, unread = _grants(reading, subject)
    catalogue = _catalogue(reading)
    limits = {name: reading.get(f"/api/v2/organizations/limits/namespaces/{name}") for name in NAMESPACES}
    rooms = [room.remaining for answer in reading.genesys.responses if (room := rate_limit_in(answer)) is not None]
    return {
        "org": rights.org_in(me.data, organization),
        "client": rights.client_in(me.data, oauth_client),
        "grants": grants,
        "unread_roles": unread,
        "catalogue": catalogue,
        "limits": {name: rights.limits_in(answer) for name, answer in limits.items() if answer.ok},
        "rate_left": min(rooms, default=None),
        "divisions": number(divisions.data, "total") if divisions.ok else None,
        "read": {
            "tokens/me": "ok",
            "organizations/me": rights.describe(organization),
            "subjects/me": _describe_grants(subject),
            "oauth/clients": rights.describe(oauth_client),
            "authorization/divisions": rights.describe(divisions),
            "authorization/permissions": "ok" if None not in catalogue.values() else "not read whole",
            **{f"limits/{name}": rights.describe(answer) for name, answer in limits.items()},
        },
    }


def _describe_grants(subject: OrgResponse) -> str:
    said = rights.describe(subject)
    return "no list of grants" if said == "ok" and items(subject.data, "grants") is None else said


def _grants(reading: SyncRun, subject: OrgResponse) -> tuple[list[dict[str, Any]], list[str]]:
    """Each role in each division, and the names of the roles whose policies stay hidden."""
    entries = items(subject.data, "grants") if subject.ok else None
    found: list[dict[str, Any]] = []
    unread: list[str] = []
    asked: set[str] = set()
    for entry in (entries or ())[:MOST_GRANTS]:
        alone = {"grants": [entry]}
        grants = read_grants(alone)
        role = text(entry, "role", "id")
        if grants.unread and (role in asked or len(asked) < MOST_ROLES_ONE_BY_ONE):
            reading.before_asking(LONGEST_PART_SECONDS)
            asked.add(role)
            grants = with_role_policies(grants, alone, reading.genesys)
        found.append(rights.grant_in(entry, grants))
        unread += grants.unread
    for answer in reading.genesys.responses:
        reading.heed(answer)
    return found, list(dict.fromkeys(unread))


def _catalogue(reading: SyncRun) -> dict[str, bool | None]:
    """True: the org has it. False: it has not, so no role can hold it. None: the catalogue could not be read whole."""
    wanted = wanted_permissions(reading.client.region)
    domains = sorted({each.split(":")[0] for each in wanted})
    pages = {
        domain: reading.get(f"{AUTHORIZATION}/permissions", queryType="domain", query=domain, pageSize=100)
        for domain in domains
    }
    known = {permission for page in pages.values() for permission in permissions_in(page)}
    # An empty catalogue is no catalogue: it says nothing of licences.
    whole = {domain for domain, page in pages.items() if known and is_complete(page)}
    return {
        each.lower(): True if each.lower() in known else False if each.split(":")[0] in whole else None
        for each in wanted
    }


def _ended(told: dict[str, Any]) -> tuple[str, str, str]:
    unread = sorted(name for name, said in told["read"].items() if said != "ok")
    if told["read"]["subjects/me"] != "ok":
        return "partial", "grants_unread", f"What the client may do could not be read: {told['read']['subjects/me']}."
    if told["unread_roles"]:
        names = ", ".join(told["unread_roles"][:5])
        return "partial", "roles_hidden", f"The org does not show what is in the role(s) {names}."
    if unread:
        return "partial", "some_unread", f"All roles were read, but not: {', '.join(unread[:6])}."
    return "whole", "read", "The client's roles, its token and the org's limits were read."


def _keep_what_changed(reading: SyncRun, told: dict[str, Any]) -> None:
    kept = [ConfigurationSync.State.WHOLE, ConfigurationSync.State.PARTIAL]
    before = (
        ConfigurationSync.objects.filter(client=reading.client, pk__lt=reading.snapshot.pk, state__in=kept)
        .exclude(rights={})
        .order_by("-id")
        .first()
    )
    if before is None:
        return
    now = timezone.now()
    changes = [
        OrgChange(
            client=reading.client,
            about=about,
            ref=ref,
            name=name,
            kind=change.kind,
            setting=change.setting,
            before=change.before,
            after=change.after,
            not_before=before.finished_at,
            at=now,
        )
        for about, ref, name, change in rights.rights_changes(before.rights, told)
    ]
    keep_changes(reading.snapshot, changes)


def _keep_holdings(reading: SyncRun, told: dict[str, Any]) -> None:
    """As a set: what is no longer held goes, but for roles that are not shown this time."""
    wanted = {
        (permission, grant["role"], grant["division"], conditional): grant["division_name"]
        for grant in told["grants"]
        for conditional, listed in ((False, grant["policies"] or []), (True, grant["conditional"]))
        for permission in listed
    }
    mine = HeldPermission.objects.filter(client=reading.client)
    known = {(each.permission, each.role, each.division, each.condition): each.pk for each in mine}
    hidden = set(told["unread_roles"])
    gone = [pk for key, pk in known.items() if key not in wanted and key[1] not in hidden]
    mine.filter(pk__in=gone).delete()
    HeldPermission.objects.bulk_create(
        [
            HeldPermission(
                client=reading.client,
                permission=permission,
                role=role,
                division=division,
                division_name=name,
                condition=conditional,
            )
            for (permission, role, division, conditional), name in wanted.items()
            if (permission, role, division, conditional) not in known
        ],
        batch_size=500,
        ignore_conflicts=True,
    )
