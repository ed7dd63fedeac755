"""URLs of clients, providers, configuration changes, permissions, the API reference and badges."""

from django.urls import URLPattern, path

from diagnostics.orgs.views import (
    badges,
    client_listing,
    clients,
    contract,
    org_changes,
    permissions,
    providers,
    syncs,
    user_orgs,
)

urlpatterns: list[URLPattern] = [
    path("clients/add/", clients.client_add, name="client-add"),
    path("clients/import/", clients.client_import, name="client-import"),
    path("clients/region/", clients.client_region, name="client-region"),
    path("clients/<int:pk>/", clients.client_detail, name="client"),
    path("clients/<int:pk>/verification/", clients.client_verification, name="client-verification"),
    path("clients/<int:pk>/edit/", clients.client_edit, name="client-edit"),
    path("clients/<int:pk>/secret/", clients.client_secret, name="client-secret"),
    path("clients/<int:pk>/verify/", clients.client_verify, name="client-verify"),
    path("clients/<int:pk>/listing/", client_listing.listing, name="client-listing"),
    path("clients/<int:pk>/listing/read/", client_listing.listing_read, name="client-listing-read"),
    path("clients/<int:pk>/listing/state/", client_listing.listing_state, name="client-listing-state"),
    path("clients/<int:pk>/retire/", clients.client_retire, name="client-retire"),
    path("orgs/<str:org_key>/providers/", providers.provider_list, name="org-providers"),
    path("orgs/<str:org_key>/changes/", org_changes.org_change_list, name="org-changes"),
    path("providers/", providers.provider_list, name="providers"),
    path("providers/match/", providers.provider_match, name="provider-match"),
    path("providers/<int:pk>/", providers.provider_detail, name="provider"),
    path("changes/", org_changes.org_change_list, name="changes"),
    path("clients/<int:pk>/sync/", syncs.sync_start, name="sync-start"),
    path("clients/<int:pk>/sync/state/", syncs.sync_state, name="sync-state"),
    path("clients/<int:pk>/permissions/", permissions.client_permissions, name="client-permissions"),
    path("reference/api/", contract.contract_page, name="contract"),
    path("reference/api/refreshes/", contract.contract_refreshes, name="contract-refreshes"),
    path("reference/api/refresh/", contract.refresh, name="contract-refresh"),
    path("badge/<slug:key>.svg", badges.badge, name="badge"),
    path("clients/<int:pk>/badge/", badges.client_badge, name="client-badge"),
    path("clients/<int:pk>/badge/remove/", badges.badge_remove, name="badge-remove"),
    path("settings/users/<int:pk>/orgs/", user_orgs.user_orgs, name="user-orgs"),
]
