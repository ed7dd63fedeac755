"""Rows as the API tells them."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from diagnostics import models
from diagnostics.api import schemas as shapes
from diagnostics.runs.run_json import EMPTY, SHOWN


def client_name(client: models.OAuthClient) -> shapes.ClientName:
    return shapes.ClientName(id=client.pk, name=client.name)


def client(request: HttpRequest, row: models.OAuthClient) -> shapes.ClientSchema:
    standing = shapes.Standing(
        word=row.standing,
        cause=row.standing_cause,
        reason=row.standing_reason,
        since=row.standing_since,
        at=row.standing_at,
    )
    same = (
        "name",
        "region",
        "tier",
        "client_id",
        "state",
        "verified_at",
        "org_id",
        "org_name",
        "gateway",
        "company_gateway",
    )
    return shapes.ClientSchema(
        id=row.pk,
        standing=standing,
        page=_page(request, "client", row.pk),
        **_same(row, *same, "created_at", "retired_at"),
    )


PROVIDER = (
    *("source", "ref", "name", "state", "status", "channels", "version", "draft_is_newer"),
    *("first_seen_at", "last_seen_at", "changed_at", "gone_at"),
)


def provider(request: HttpRequest, row: models.Provider) -> shapes.ProviderSchema:
    place = _page(request, "provider", row.pk)
    return shapes.ProviderSchema(id=row.pk, client=client_name(row.client), page=place, **_same(row, *PROVIDER))


def provider_in_full(request: HttpRequest, row: models.Provider) -> shapes.ProviderInFull:
    told = provider(request, row)
    return shapes.ProviderInFull(**dict(told), settings=_object(row.settings))


RUN = (
    *("kind", "status", "source", "created_at", "started_at", "finished_at", "cause", "cause_title", "certainty"),
    *("conversation_id", "target", "branch", "duration_ms", "engine_version", "contract_version"),
)


def run(request: HttpRequest, row: models.Run) -> shapes.RunSchema:
    return shapes.RunSchema(
        id=row.pk,
        client=client_name(row.client),
        started_by=row.started_by.username if row.started_by else None,
        repeats=row.repeats_id,
        schedule=row.schedule_id,
        pinned=row.pinned_at is not None,
        url=address_of(request, row),
        page=_page(request, "run", row.pk),
        **_same(row, *RUN),
    )


def run_in_full(request: HttpRequest, row: models.Run) -> shapes.RunInFull:
    told = _object(row.verdict)
    verdict = {key: told.get(key, EMPTY.get(key, "")) for key in SHOWN}
    return shapes.RunInFull(
        **dict(run(request, row)),
        verdict=shapes.VerdictSchema(**verdict) if told else None,
        planned=[each for each in row.planned if isinstance(each, str)],
        inputs=_object(row.inputs),
        environment=_object(row.environment),
    )


def address_of(request: HttpRequest, row: models.Run) -> str:
    return request.build_absolute_uri(reverse("api:run", args=[row.pk]))


def finding(row: models.Finding) -> shapes.FindingSchema:
    told = _same(row, "position", "subject", "outcome", "code", "sentence", "hint")
    return shapes.FindingSchema(check=row.check_id, version=row.check_version, evidence=_object(row.evidence), **told)


def exchange(row: models.Exchange) -> shapes.ExchangeSchema:
    same = ("position", "method", "url", "status", "ms", "started_at", "correlation_id", "error", "body")
    return shapes.ExchangeSchema(
        check=row.check_id,
        request_headers=_pairs(row.request_headers),
        response_headers=_pairs(row.response_headers),
        **_same(row, *same),
    )


def known(request: HttpRequest, row: models.Issue) -> shapes.IssueSchema:
    same = ("about", "subject", "code", "outcome", "sentence", "first_seen_at", "last_seen_at", "ended_at", "times")
    return shapes.IssueSchema(
        id=row.pk,
        client=client_name(row.client),
        check=row.check_id,
        state="ended" if not row.is_open else "accepted" if row.is_accepted else "open",
        first_run=row.first_run_id,
        last_run=row.last_run_id,
        page=_page(request, "finding", row.pk),
        **_same(row, *same, "reopened", "accepted_until", "accepted_reason"),
    )


def schedule(row: models.Schedule) -> shapes.ScheduleSchema:
    same = ("name", "kind", "every", "minutes", "weekdays", "cron", "zone", "jitter_seconds", "paused_at", "missed")
    return shapes.ScheduleSchema(
        id=row.pk,
        client=client_name(row.client),
        at=row.at.isoformat() if row.at else None,
        owner=row.owner.username if row.owner else None,
        last_run=row.last_run_id,
        **_same(row, *same, "pause_reason", "next_run_at", "last_due_at", "created_at"),
    )


def _pairs(headers: list[list[str]]) -> list[list[str]]:
    return [[str(part) for part in pair] for pair in headers]


def _same(row: object, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _object(value: object) -> dict[str, Any]:
    """Rows of older versions hold whatever was right then."""
    return dict(value) if isinstance(value, Mapping) else {}


def _page(request: HttpRequest, name: str, pk: int) -> str:
    return request.build_absolute_uri(reverse(name, args=[pk]))
