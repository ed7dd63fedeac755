"""URLs of sign-in, the account, users and API tokens."""

from allauth.account import views as sign_in
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.contrib.auth import views as auth
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from diagnostics.accounts.views import account, api_tokens, users

SIGN_IN = account.with_retry_after(sign_in.login)
SIGN_OUT = require_POST(sign_in.logout)
sign_in_urls: list[URLPattern] = [
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

account_urls: list[URLPattern] = [
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

urlpatterns: list[URLPattern] = [
    *sign_in_urls,
    *account_urls,
    path("settings/tokens/", api_tokens.token_list, name="api-tokens"),
    path("settings/tokens/add/", api_tokens.token_add, name="api-token-add"),
    path("settings/tokens/<int:pk>/revoke/", api_tokens.token_revoke, name="api-token-revoke"),
    path("settings/users/", users.user_list, name="users"),
    path("settings/users/add/", users.user_add, name="user-add"),
    path("settings/users/<int:pk>/role/", users.user_role, name="user-role"),
    path("settings/users/<int:pk>/second-factor/", users.user_second_factor, name="user-second-factor"),
    path("settings/users/<int:pk>/password/", users.user_password, name="user-password"),
    path("settings/users/<int:pk>/deactivate/", users.user_deactivate, name="user-deactivate"),
    path("settings/users/<int:pk>/activate/", users.user_activate, name="user-activate"),
]
