"""Endpoints for the permissions of clients, what depends on one, and configuration changes."""

from ninja import Query, Router

from diagnostics.api import schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.paging import HEAVY_CLIENT_COLUMNS, matching, page_of
from diagnostics.api.problems import wrong
from diagnostics.api.requests import ChangeParameters, Id, ImpactParameters
from diagnostics.api.responses import filled
from diagnostics.monitoring.queries import impact as impact_queries
from diagnostics.orgs.contracts import current_contract
from diagnostics.orgs.models import OrgChange
from diagnostics.orgs.permissions.impact import parse_permission
from diagnostics.orgs.permissions.relevant import needed_permissions, relevant_permissions
from diagnostics.orgs.permissions.synced import parse_client_permissions
from diagnostics.orgs.queries.clients import latest_permission_sync
from diagnostics.orgs.visibility import find_client, visible_rows

router = Router(tags=["Permissions and changes"])


@router.get(
    "/clients/{client_id}/permissions",
    response=schemas.ClientPermissionsSchema,
    url_name="client-permissions",
    summary="Permissions of a client",
)
def client_permissions(request: AuthenticatedRequest, client_id: Id) -> schemas.ClientPermissionsSchema:
    """The permissions that cobrowse and the checks need, and whether the client holds each, as of its latest sync."""
    client = find_client(client_id, request.user)
    sync = latest_permission_sync(client)
    if sync is None:
        return schemas.ClientPermissionsSchema(synced_at=None, items=[])
    permissions = parse_client_permissions(sync.permissions)
    relevant = relevant_permissions(permissions, needed_permissions(current_contract(client.region)))
    items = [
        schemas.PermissionSchema(
            permission=each.status.permission,
            state=each.status.state.value,
            purpose=each.purpose,
            checks=list(each.checks),
            roles=list(each.status.roles),
            divisions=list(each.status.places),
        )
        for each in relevant
    ]
    return schemas.ClientPermissionsSchema(synced_at=sync.finished_at, items=items)


@router.get("/impact", response=schemas.ImpactSchema, url_name="impact", summary="Impact of a permission")
def impact(request: AuthenticatedRequest, parameters: Query[ImpactParameters]) -> schemas.ImpactSchema:
    """How many clients hold a permission, and the deployments, schedules and runs that depend on it."""
    permission = parse_permission(parameters.permission)
    if not permission:
        raise wrong("A permission has the form domain:entity:action.", ("query.permission", "Not a permission."))
    active = impact_queries.active_clients(request.user)
    clients = impact_queries.clients_with_permission(permission, active)
    found = impact_queries.impact_of(clients, impact_queries.runs_with_permission(permission, request.user, None))
    return schemas.ImpactSchema(
        permission=permission,
        clients=clients.count(),
        clients_unknown=impact_queries.clients_with_unknown_permission(permission, active).count,
        deployments=found.deployments,
        deployments_on=found.deployments_on,
        schedules=found.schedules,
        runs=found.run_count,
    )


@router.get("/changes", response=schemas.OrgChanges, url_name="changes", summary="List configuration changes")
def changes(request: AuthenticatedRequest, filters: Query[ChangeParameters]) -> schemas.OrgChanges:
    """What syncs found to be different from the sync before, newest first."""
    rows = visible_rows(OrgChange.objects.select_related("client").defer(*HEAVY_CLIENT_COLUMNS), request.user)
    rows = matching(rows, client=filters.client, about=filters.about, kind=filters.kind)
    found, next_url = page_of(request, rows, filters)
    return schemas.OrgChanges(items=[filled(schemas.ListedOrgChange, row) for row in found], next=next_url)
