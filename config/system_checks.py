"""Django system checks for combinations of settings."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security)
def check_encryption_keys(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    if not settings.FIELD_ENCRYPTION_KEYS:
        return [
            checks.Error(
                "No key to encrypt client secrets.",
                hint="Set FIELD_ENCRYPTION_KEYS, newest key first.",
                id="config.E001",
            )
        ]
    if settings.SECRET_KEY in settings.FIELD_ENCRYPTION_KEYS:
        return [
            checks.Error(
                "SECRET_KEY is also an encryption key, so one leak exposes both sessions and client secrets.",
                hint="Use a separate key in FIELD_ENCRYPTION_KEYS.",
                id="config.E002",
            )
        ]
    return []


@checks.register(checks.Tags.database)
def check_database_engine(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    if settings.DATABASES["default"]["ENGINE"] == "config.database":
        return []
    return [
        checks.Error(
            "The database isn't PostgreSQL, which row claims need.",
            hint="Set DATABASE_URL to postgres://..., or leave it out for the embedded one.",
            id="config.E003",
        )
    ]


@checks.register()
def check_broker_visibility_timeout(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    if not settings.CELERY_BROKER_URL.startswith("redis"):
        return []
    timeout = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout", 0)
    if timeout > settings.CELERY_TASK_TIME_LIMIT:
        return []
    return [
        checks.Error(
            "The broker delivers a task again before its time limit ends.",
            hint="Raise visibility_timeout in CELERY_BROKER_TRANSPORT_OPTIONS above CELERY_TASK_TIME_LIMIT.",
            id="config.E004",
        )
    ]


@checks.register(checks.Tags.security)
def check_login_required(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    if "django.contrib.auth.middleware.LoginRequiredMiddleware" in settings.MIDDLEWARE:
        return []
    return [
        checks.Error(
            "Pages are public unless they require sign-in.",
            hint="Put LoginRequiredMiddleware back into MIDDLEWARE.",
            id="config.E005",
        )
    ]


@checks.register(checks.Tags.security)
def check_content_security_policy(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    allowed = {*directives.get("script-src", ["*"]), *directives.get("default-src", ["*"])}
    is_strict = not {"'unsafe-inline'", "'unsafe-eval'", "*"} & allowed
    if "csp.middleware.CSPMiddleware" in settings.MIDDLEWARE and is_strict:
        return []
    return [
        checks.Error(
            "The content security policy allows scripts of others.",
            hint="Keep CSPMiddleware, and neither unsafe-inline, unsafe-eval nor * for scripts.",
            id="config.E006",
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def check_https(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    if settings.HTTPS:
        return []
    return [
        checks.Warning(
            "The site is served without https.",
            hint="Set ALLOWED_HOSTS to the public name; this turns https on. HTTPS=0 turns it off.",
            id="config.W007",
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def check_genesys_endpoints_use_tls(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    plain = sorted(
        key
        for key, addresses in settings.GENESYS_ENDPOINTS.items()
        if key not in settings.DEMO_ENDPOINTS and any(str(url).startswith("http://") for url in addresses.values())
    )
    if not plain:
        return []
    return [
        checks.Warning(
            f"Client secrets are sent without TLS to: {', '.join(plain)}.",
            hint="Use https addresses in GENESYS_ENDPOINTS.",
            id="config.W008",
        )
    ]
