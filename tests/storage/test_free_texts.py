"""Every column that can hold what somebody wrote redacts it when it is stored, or stands here with the reason why not."""

import json
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.issues.issues import add_note
from diagnostics.issues.models import IssueNote
from diagnostics.issues.snoozes import snooze
from diagnostics.monitoring.models import AlertRule, Channel
from diagnostics.runs.models import SavedView
from diagnostics.storage.model_fields import EncryptedTextField, RedactedCharField, RedactedJSONField, RedactedTextField
from tests.factories import make_issue, make_user
from tests.redaction.secret_values import TOKENS

REDACTED = (RedactedCharField, RedactedTextField, RedactedJSONField, EncryptedTextField)
OUR_WORDS = "a word or an ID of the product's own"
OF_THE_ENGINE = "redacted by the engine, with the client's secret and token, before it is a value"
OF_THE_PARSER = "masked while it is parsed"
OF_A_SYNC = "redacted by the sync, with the client's secret and token"
OF_THE_LOG = "redacted by services.audit, which keeps no text that somebody wrote"
NO_FREE_TEXT = {
    "User": {
        "password": "a hash",
        "username": "who it is; an address may be somebody's name here",
        "first_name": "who it is",
        "last_name": "who it is",
        "email": "where mail is sent",
        "only_orgs": OUR_WORDS,
    },
    "TickPart": dict.fromkeys(("name", "error"), OUR_WORDS),
    "RowFailure": dict.fromkeys(("error", "sentence"), OUR_WORDS),
    "OAuthClient": {
        "region": OUR_WORDS,
        "client_id": "an ID, refused where it is none",
        "company_gateway": "an https address without a user or a query, refused where it is none",
        "verification": OF_THE_ENGINE,
        "org_id": "an ID, read by the engine",
        "status_cause": OUR_WORDS,
        "status_reason": OF_THE_ENGINE,
    },
    "ClientRateLimit": {
        "region": OUR_WORDS,
        "client_id": "an ID, refused where it is none",
        "held_by": OUR_WORDS,
        "recent": "numbers",
    },
    "Run": {
        "inputs": OF_THE_PARSER,
        "conversation_id": OF_THE_PARSER,
        "planned": OUR_WORDS,
        "engine_version": OUR_WORDS,
        "contract_version": OUR_WORDS,
        "worker": OUR_WORDS,
        "cause": OUR_WORDS,
        "certainty": OUR_WORDS,
        "verdict": OF_THE_ENGINE,
        "branch": OUR_WORDS,
        "target": "made of what was parsed, which is masked",
        "environment": OF_THE_ENGINE,
        "search_keys": OF_THE_ENGINE,
    },
    "Batch": {"key": "made here", "partial": OUR_WORDS},
    "BatchGroup": dict.fromkeys(("cause", "certainty", "method"), OUR_WORDS)
    | dict.fromkeys(("sentence", "remedy"), OF_THE_ENGINE)
    | {"inputs": OF_THE_PARSER},
    "Finding": dict.fromkeys(("check_id", "code"), OUR_WORDS)
    | dict.fromkeys(("subject", "sentence", "hint", "evidence"), OF_THE_ENGINE),
    "Exchange": dict.fromkeys(("check_id", "method", "error"), OUR_WORDS)
    | dict.fromkeys(("url", "correlation_id", "request_headers", "response_headers", "body"), OF_THE_ENGINE),
    "Schedule": {"inputs": OF_THE_PARSER, "weekdays": "numbers", "cron": "refused where it is none", "zone": OUR_WORDS},
    "Heartbeat": dict.fromkeys(("name", "details"), OUR_WORDS),
    "Channel": {"address": "where mail is sent; of a hook only its host", "events": OUR_WORDS},
    "AlertRule": {"quiet_days": "numbers", "zone": OUR_WORDS},
    "Incident": {"cause": OUR_WORDS, "sentence": OF_THE_ENGINE, "changes": "made of columns that are redacted"},
    "Delivery": {"message": "made of columns that are redacted"},
    "AuditEntry": dict.fromkeys(("action", "thing", "by", "thing_id", "request_id"), OUR_WORDS)
    | {"actor": "who it was", "name": OF_THE_LOG, "before": OF_THE_LOG, "after": OF_THE_LOG},
    "ContractVersion": dict.fromkeys(("region", "version", "source", "sha256"), OUR_WORDS),
    "ApiToken": {"prefix": OUR_WORDS, "hash": "a hash"},
    "IdempotencyKey": {"key": "compared exactly, deleted after a day", "request_hash": "a hash"},
    "Badge": {"key": "made here"},
    "Issue": dict.fromkeys(("org", "cause", "check_id", "code"), OUR_WORDS)
    | dict.fromkeys(("subject", "sentence"), OF_THE_ENGINE)
    | {"target": "made of what was parsed, which is masked"},
    "ConfigurationSync": dict.fromkeys(("worker",), OUR_WORDS)
    | dict.fromkeys(("progress", "parts", "permissions"), OF_A_SYNC),
    "Provider": dict.fromkeys(("ref", "name", "status", "channels", "settings", "version"), OF_A_SYNC),
    "OrgChange": dict.fromkeys(("ref", "name", "setting", "before", "after"), OF_A_SYNC),
    "HeldPermission": dict.fromkeys(("permission", "role", "division", "division_name"), OF_A_SYNC),
    "UsageReading": {"execution_id": "an ID that the org made"},
    "CallFailure": dict.fromkeys(("method", "cause"), OUR_WORDS)
    | dict.fromkeys(("template", "sentence", "remedy"), OF_A_SYNC),
    "RetentionPass": dict.fromkeys(("cutoffs", "deleted"), "numbers and times"),
    "Turn": {"queue": OUR_WORDS, "org": OUR_WORDS},
    "Watch": {"check_id": OUR_WORDS},
}
SECRET = TOKENS["GitHub personal token"]
WRITTEN = f"mail anna.zq@mail.example bearer {SECRET} card 4111 1111 1111 1111"
GONE = ("anna.zq", SECRET, "4111 1111")


def text_fields() -> Iterator[tuple[str, models.Field]]:  # type: ignore[type-arg]
    for model in apps.get_app_config("diagnostics").get_models():
        for field in model._meta.local_fields:
            kinds = (models.CharField, models.TextField, models.JSONField, ArrayField)
            if isinstance(field, kinds) and not field.choices and not isinstance(field, models.GeneratedField):
                yield model.__name__, field


def test_every_text_column_is_redacted_or_is_listed_with_its_reason() -> None:
    missing = [
        f"{model}.{field.name}"
        for model, field in text_fields()
        if not isinstance(field, REDACTED) and field.name not in NO_FREE_TEXT.get(model, {})
    ]
    assert not missing, f"Use a Redacted field, or list it with its reason: {missing}"


def test_the_list_names_no_column_that_is_redacted_or_gone() -> None:
    plain = {(model, field.name) for model, field in text_fields() if not isinstance(field, REDACTED)}
    assert not [(model, name) for model, names in NO_FREE_TEXT.items() for name in names if (model, name) not in plain]


def written(value: str) -> bool:
    return not any(secret in value for secret in GONE)


@pytest.mark.django_db
def test_redacted_columns_are_clean_by_every_way_of_writing() -> None:
    view = SavedView(name=WRITTEN[:80], query="q=a")
    view.save()
    assert written(view.name)
    SavedView.objects.filter(pk=view.pk).update(query=WRITTEN)
    SavedView.objects.bulk_create([SavedView(name=f"b {SECRET}")])
    SavedView.objects.create(name=f"c {SECRET}")
    rule = AlertRule.objects.create(name="r")
    AlertRule.objects.filter(pk=rule.pk).update(snooze_reason=WRITTEN)
    rule.snooze_reason = WRITTEN
    AlertRule.objects.bulk_update([rule], ["snooze_reason"])
    assert all(map(written, everything_stored()))
    assert SavedView.objects.filter(name=f"c {SECRET}").exists()  # what is looked for is redacted alike


@pytest.mark.django_db
def test_mask_that_is_longer_than_its_secret_fits_the_column() -> None:
    view = SavedView.objects.create(name=("pin 4711 " * 9)[:80])
    view.refresh_from_db()
    assert "4711" not in view.name
    assert len(view.name) <= 80


@pytest.mark.django_db
def test_the_audit_log_records_that_a_text_was_written_but_not_the_text() -> None:
    user = make_user(role="admin")
    known = make_issue()
    add_note(known, "I told Maria in Leipzig", user)
    rule = AlertRule.objects.create(name="Nights")
    snooze(rule, "Maria is on leave", timezone.now(), user)
    rows = json.dumps(list(AuditEntry.objects.values("name", "before", "after")), default=str)
    assert "Maria" not in rows
    assert "[text, 23 characters]" in rows
    assert IssueNote.objects.get().text == "I told Maria in Leipzig"


@pytest.mark.django_db
def test_audit_log_shows_words_and_names_and_hides_any_other_text() -> None:
    entry = record(
        "x.y", after={"role": "admin", "name": "Night shift", "anything": "some words of a person", "of": ["a", "b c"]}
    )
    assert entry.after == {
        "role": "admin",
        "name": "Night shift",
        "anything": "[text, 22 characters]",
        "of": ["a", "[text, 3 characters]"],
    }


def everything_stored() -> Iterator[str]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')  # noqa: S608  (names out of the catalogue)
            yield from (row for (row,) in cursor.fetchall())


@pytest.mark.django_db
def test_channel_words_and_names_hold_no_secret() -> None:
    channel = Channel.objects.create(name=f"hook {SECRET}", kind="webhook", last_reply=WRITTEN)
    assert written(channel.name)
    assert all(map(written, everything_stored()))
    assert User.objects.count() == 0
