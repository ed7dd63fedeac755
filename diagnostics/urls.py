"""All URLs of the site: one list per subject, and the sign-in URLs."""

from allauth.account import views as sign_in
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.contrib.auth import views as auth
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_POST

from diagnostics.accounts.views import account, api_tokens, users
from diagnostics.api import v1
from diagnostics.api import views as api_guide
from diagnostics.issues import views as issues
from diagnostics.monitoring.views import alert_rules, channels, deliveries, incidents, schedules
from diagnostics.operations.views import audit, retention, system
from diagnostics.orgs.views import badges, clients, contract, org_changes, permissions, providers, syncs, user_orgs
from diagnostics.pages import checks, claims, home, impact
from diagnostics.runs.views import comparisons, exports, packets, reevaluate, runs, saved_views, start, watches
from diagnostics.runs.views import list as run_list
from diagnostics.runs.views import live_start as live

SIGN_IN = account.with_retry_after(sign_in.login)
SIGN_OUT = require_POST(sign_in.logout)
sign_in_urls = [
    path("login/", SIGN_IN, name="login"),
    path("login/", SIGN_IN, name="account_login"),  # allauth's URL names
    path("logout/", SIGN_OUT, name="logout"),
    path("logout/", SIGN_OUT, name="account_logout"),
    path("login/deactivated/", sign_in.account_inactive, name="account_inactive"),
    path("login/second/", account.with_retry_after(second_factor.authenticate), name="mfa_authenticate"),
    path("login/passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("login/sso/", account.sign_on, name="sign-on"),
    path("login/sso/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("login/sso/<str:provider_id>/callback/", openid_connect.callback, name="openid_connect_callback"),
]

account_urls = [
    path("account/", account.account_page, name="account"),
    path("account/", account.account_page, name="mfa_index"),
    path("account/passkeys/", account.account_page, name="mfa_list_webauthn"),
    path("account/confirm/", account.confirm_by_password, name="account_reauthenticate"),
    path("account/confirm/code/", account.confirm_by_code, name="mfa_reauthenticate"),
    path("account/confirm/passkey/", account.confirm_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("account/confirm/sso/", account.sign_on_confirm, name="sign-on-confirm"),
    path("account/confirmed/<str:id>/", account.confirmed, name="confirmed"),
    path("account/app/add/", account.new_app, name="mfa_activate_totp"),
    path("account/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/codes/file/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("account/passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/name/", account.passkey_name, name="mfa_edit_webauthn"),
    path("account/passkeys/<int:pk>/remove/", passkeys.remove_webauthn, name="mfa_remove_webauthn"),
    path("account/sessions/", account.session_list, name="usersessions_list"),
    path("account/sso/", social.connections, name="socialaccount_connections"),
    path("account/sso/join/", account.sign_on_join, name="sign-on-join"),
    path("password/", account.password_change, name="password"),
    path(
        "password/changed/",
        auth.PasswordChangeDoneView.as_view(template_name="registration/password_changed.html"),
        name="password-changed",
    ),
]

client_urls = [
    path("clients/", home.client_list, name="clients"),
    path("clients/add/", clients.client_add, name="client-add"),
    path("clients/region/", clients.client_region, name="client-region"),
    path("clients/<int:pk>/", clients.client_detail, name="client"),
    path("clients/<int:pk>/verification/", clients.client_verification, name="client-verification"),
    path("clients/<int:pk>/edit/", clients.client_edit, name="client-edit"),
    path("clients/<int:pk>/secret/", clients.client_secret, name="client-secret"),
    path("clients/<int:pk>/verify/", clients.client_verify, name="client-verify"),
    path("clients/<int:pk>/retire/", clients.client_retire, name="client-retire"),
]

run_urls = [
    path("start/", start.start, name="start"),
    path("start/preview/", start.preview, name="start-preview"),
    path("runs/", run_list.run_list, name="runs"),
    path("runs/matrix/", run_list.run_matrix, name="run-matrix"),
    path("runs/causes/", run_list.run_causes, name="run-causes"),
    path("runs/views/add/", saved_views.view_add, name="saved-view-add"),
    path("runs/views/<int:pk>/delete/", saved_views.view_delete, name="saved-view-delete"),
    path("runs/<int:pk>/", runs.run_detail, name="run"),
    path("runs/<int:pk>/json/", runs.run_as_json, name="run-json"),
    path("runs/<int:pk>/history/", comparisons.run_history, name="run-history"),
    path("runs/<int:pk>/progress/", runs.run_progress, name="run-progress"),
    path("runs/<int:pk>/exchanges/<int:position>/", runs.exchange_detail, name="run-exchange"),
    path("runs/<int:pk>/again/", runs.run_again, name="run-again"),
    path("runs/<int:pk>/watch/", watches.watch_state, name="watch"),
    path("runs/<int:pk>/watch/start/", watches.watch_start, name="watch-start"),
    path("runs/<int:pk>/watch/stop/", watches.watch_stop, name="watch-stop"),
    path("runs/<int:pk>/live/", live.live_start, name="live-start"),
    path("runs/<int:pk>/findings/<int:position>/again/", runs.check_again, name="check-again"),
]

comparison_urls = [
    path("compare/", comparisons.comparison, name="comparison"),
    path("compare/raw/", comparisons.comparison_raw, name="comparison-raw"),
]

export_urls = [
    path("runs/export/<str:file_format>/", exports.runs_export, name="runs-export"),
    path("runs/<int:pk>/page/", packets.run_page, name="run-page"),
    path("runs/<int:pk>/packet/", packets.run_packet, name="run-packet"),
    path("runs/<int:pk>/rejudge/", reevaluate.run_reevaluate, name="run-rejudge"),
    path("rejudge/", reevaluate.reevaluate, name="rejudge"),
    path("rejudge/batch/", reevaluate.reevaluate_batch, name="rejudge-batch"),
]

provider_urls = [
    path("providers/", providers.provider_list, name="providers"),
    path("providers/orgs/", providers.provider_orgs, name="provider-orgs"),
    path("providers/match/", providers.provider_match, name="provider-match"),
    path("providers/<int:pk>/", providers.provider_detail, name="provider"),
    path("changes/", org_changes.org_change_list, name="org-changes"),
    path("clients/<int:pk>/snapshot/", syncs.snapshot_start, name="snapshot-start"),
    path("clients/<int:pk>/snapshot/state/", syncs.snapshot_state, name="snapshot-state"),
]

rights_urls = [
    path("clients/<int:pk>/rights/", permissions.client_permissions, name="client-rights"),
    path("touches/", impact.impact_page, name="touches"),
]

claim_urls = [path("claims/", claims.claim_check, name="claims")]

known_urls = [
    path("findings/", issues.issue_list, name="findings"),
    path("findings/<int:pk>/", issues.issue_detail, name="finding"),
    path("findings/<int:pk>/notes/", issues.issue_note, name="finding-note"),
    path("findings/<int:pk>/accept/", issues.issue_accept, name="finding-accept"),
    path("findings/<int:pk>/accept/end/", issues.issue_end_acceptance, name="finding-end-acceptance"),
]

retention_urls = [
    path("retention/", retention.retention_page, name="retention"),
    path("retention/passes/", retention.retention_passes, name="retention-passes"),
    path("retention/preview/", retention.retention_preview, name="retention-preview"),
    path("retention/apply/", retention.retention_apply, name="retention-apply"),
    path("runs/<int:pk>/pin/", retention.run_pin, name="run-pin"),
    path("runs/<int:pk>/unpin/", retention.run_unpin, name="run-unpin"),
]

schedule_urls = [
    path("schedules/", schedules.schedule_list, name="schedules"),
    path("schedules/add/", schedules.schedule_add, name="schedule-add"),
    path("schedules/preview/", schedules.schedule_preview, name="schedule-preview"),
    path("schedules/many/", schedules.schedules_bulk, name="schedules-many"),
    path("schedules/<int:pk>/", schedules.schedule_detail, name="schedule"),
    path("schedules/<int:pk>/edit/", schedules.schedule_edit, name="schedule-edit"),
    path("schedules/<int:pk>/delete/", schedules.schedule_delete, name="schedule-delete"),
    path("schedules/<int:pk>/pause/", schedules.schedule_pause, name="schedule-pause"),
    path("schedules/<int:pk>/resume/", schedules.schedule_resume, name="schedule-resume"),
    path("schedules/<int:pk>/run/", schedules.schedule_run, name="schedule-run"),
]

check_urls = [path("checks/", checks.check_list, name="checks")]

contract_urls = [
    path("contract/", contract.contract_page, name="contract"),
    path("contract/readings/", contract.contract_refreshes, name="contract-readings"),
    path("contract/refresh/", contract.refresh, name="contract-refresh"),
]

audit_urls = [
    path("audit/", audit.audit_log, name="audit"),
    path("audit/export/<str:form>/", audit.audit_export, name="audit-export"),
]

alert_urls = [
    path("incidents/", incidents.incident_list, name="incidents"),
    path("incidents/<int:pk>/", incidents.incident_detail, name="incident"),
    path("incidents/<int:pk>/mute/", incidents.incident_mute, name="incident-mute"),
    path("incidents/<int:pk>/unmute/", incidents.incident_unmute, name="incident-unmute"),
    path("alerts/rules/", alert_rules.rule_list, name="alert-rules"),
    path("alerts/rules/add/", alert_rules.rule_add, name="alert-rule-add"),
    path("alerts/rules/<int:pk>/", alert_rules.rule_edit, name="alert-rule"),
    path("alerts/rules/<int:pk>/delete/", alert_rules.rule_delete, name="alert-rule-delete"),
    path("alerts/rules/<int:pk>/mute/", alert_rules.rule_mute, name="alert-rule-mute"),
    path("alerts/rules/<int:pk>/unmute/", alert_rules.rule_unmute, name="alert-rule-unmute"),
    path("alerts/channels/", channels.channel_list, name="channels"),
    path("alerts/channels/add/", channels.channel_add, name="channel-add"),
    path("alerts/channels/<int:pk>/", channels.channel_detail, name="channel"),
    path("alerts/channels/<int:pk>/test/", channels.channel_test, name="channel-test"),
    path("alerts/channels/<int:pk>/delete/", channels.channel_delete, name="channel-delete"),
    path("alerts/deliveries/", deliveries.delivery_list, name="deliveries"),
    path("alerts/deliveries/<int:pk>/", deliveries.delivery_detail, name="delivery"),
    path("alerts/deliveries/<int:pk>/state/", deliveries.delivery_state, name="delivery-state"),
    path("alerts/deliveries/<int:pk>/again/", deliveries.delivery_again, name="delivery-again"),
]

api_urls: list[URLPattern | URLResolver] = [
    path("api/", api_guide.api_guide, name="api-guide"),
    path("api/v1/", include((v1.urlpatterns, "api"))),
    path("api/<path:rest>", v1.unknown_path, name="api-nowhere"),
    path("tokens/", api_tokens.token_list, name="api-tokens"),
    path("tokens/add/", api_tokens.token_add, name="api-token-add"),
    path("tokens/<int:pk>/revoke/", api_tokens.token_revoke, name="api-token-revoke"),
    path("badge/<slug:key>.svg", badges.badge, name="badge"),
    path("clients/<int:pk>/badge/", badges.client_badge, name="client-badge"),
    path("clients/<int:pk>/badge/remove/", badges.badge_remove, name="badge-remove"),
]

user_urls = [
    path("users/", users.user_list, name="users"),
    path("users/add/", users.user_add, name="user-add"),
    path("users/<int:pk>/role/", users.user_role, name="user-role"),
    path("users/<int:pk>/orgs/", user_orgs.user_orgs, name="user-orgs"),
    path("users/<int:pk>/second-factor/", users.user_second_factor, name="user-second-factor"),
    path("users/<int:pk>/password/", users.user_password, name="user-password"),
    path("users/<int:pk>/deactivate/", users.user_deactivate, name="user-deactivate"),
    path("users/<int:pk>/activate/", users.user_activate, name="user-activate"),
]

system_urls = [
    path("system/", system.system_page, name="system"),
    path("system/state/", system.system_state, name="system-state"),
    path("system/items/<int:pk>/retry/", system.row_retry, name="row-retry"),
    path("system/items/<int:pk>/dismiss/", system.row_dismiss, name="row-dismiss"),
    path("health/live", system.health_live, name="health-live"),
    path("health/ready", system.health_ready, name="health-ready"),
    path("metrics", system.metrics, name="metrics"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    *sign_in_urls,
    *account_urls,
    *client_urls,
    *run_urls,
    *export_urls,
    *comparison_urls,
    *provider_urls,
    *rights_urls,
    *claim_urls,
    *contract_urls,
    *check_urls,
    *known_urls,
    *retention_urls,
    *schedule_urls,
    *alert_urls,
    *user_urls,
    *system_urls,
    *audit_urls,
    *api_urls,
]
