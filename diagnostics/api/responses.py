"""Database rows as API schemas."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from diagnostics import models
from diagnostics.api import schemas
from diagnostics.batches.queries import BatchState
from diagnostics.runs.rate_limit_waits import wait_of_run
from diagnostics.runs.run_json import verdict_json


def client_name(client: models.OAuthClient) -> schemas.ClientName:
    return schemas.ClientName(id=client.pk, name=client.name)


def client(request: HttpRequest, row: models.OAuthClient) -> schemas.ClientSchema:
    status = schemas.ClientStatusSchema(
        word=row.status,
        cause=row.status_cause,
        reason=row.status_reason,
        since=row.status_since,
        at=row.status_at,
    )
    names = (
        "name",
        "region",
        "client_id",
        "state",
        "verified_at",
        "org_id",
        "org_name",
        "gateway",
        "company_gateway",
    )
    return schemas.ClientSchema(
        id=row.pk,
        status=status,
        environment=row.environment,
        page=page_address(request, "client", row.pk),
        **_fields(row, *names, "created_at", "retired_at"),
    )


PROVIDER_FIELDS = (
    *("source", "ref", "name", "state", "status", "channels", "version", "draft_is_newer"),
    *("first_seen_at", "last_seen_at", "changed_at"),
)


def provider(request: HttpRequest, row: models.Provider) -> schemas.ProviderSchema:
    page = page_address(request, "provider", row.pk)
    return schemas.ProviderSchema(
        id=row.pk, client=client_name(row.client), page=page, gone_at=row.removed_at, **_fields(row, *PROVIDER_FIELDS)
    )


def provider_in_full(request: HttpRequest, row: models.Provider) -> schemas.ProviderInFull:
    summary = provider(request, row)
    return schemas.ProviderInFull(**dict(summary), settings=_as_dict(row.settings))


RUN_FIELDS = (
    *("kind", "status", "source", "created_at", "started_at", "finished_at", "cause", "cause_title", "certainty"),
    *("conversation_id", "target", "branch", "duration_ms", "engine_version", "contract_version"),
)


def run(request: HttpRequest, row: models.Run) -> schemas.RunSchema:
    return schemas.RunSchema(
        id=row.pk,
        client=client_name(row.client),
        started_by=row.started_by.username if row.started_by else None,
        repeats=row.repeats_id,
        schedule=row.schedule_id,
        pinned=row.pinned_at is not None,
        url=address_of(request, row),
        page=page_address(request, "run", row.pk),
        **_fields(row, *RUN_FIELDS),
    )


def run_in_full(request: HttpRequest, row: models.Run) -> schemas.RunInFull:
    stored = _as_dict(row.verdict)
    wait_s = ceil(wait_of_run(row))
    return schemas.RunInFull(
        **dict(run(request, row)),
        waiting=schemas.Waiting(reason="rate_limit", seconds=wait_s) if wait_s else None,
        verdict=schemas.VerdictSchema(**verdict_json(stored)) if stored else None,
        planned=[check for check in row.planned if isinstance(check, str)],
        inputs=_as_dict(row.inputs),
        environment=_as_dict(row.environment),
    )


def batch(request: HttpRequest, state: BatchState) -> schemas.BatchSchema:
    row = state.batch
    names = ("source", "created_at", "calls", "succeeded", "elsewhere", "left_out", "partial", "problem")
    return schemas.BatchSchema(
        id=row.pk,
        client=client_name(row.client),
        started_by=row.started_by.username if row.started_by else None,
        groups=[_batch_group(request, group) for group in state.groups],
        url=request.build_absolute_uri(reverse("api:batch", args=[row.pk])),
        page=page_address(request, "batch", row.pk),
        **_fields(state, "failed", "unanswered", "is_open", "done", "waiting"),
        **_fields(row, *names),
    )


def _batch_group(request: HttpRequest, row: models.BatchGroup) -> schemas.BatchGroupSchema:
    return schemas.BatchGroupSchema(
        path=row.template,
        by_call=schemas.ShortVerdictSchema(**_fields(row, "cause", "certainty", "sentence", "remedy")),
        run=_batch_run(request, row.run) if row.run else None,
        **_fields(row, "position", "method", "host", "provider", "status", "code", "calls", "first_at", "last_at"),
    )


def _batch_run(request: HttpRequest, row: models.Run) -> schemas.BatchRunSchema:
    verdict = _as_dict(row.verdict)
    return schemas.BatchRunSchema(
        id=row.pk,
        sentence=verdict.get("sentence", ""),
        remedy=verdict.get("remedy", ""),
        url=address_of(request, row),
        page=page_address(request, "run", row.pk),
        **_fields(row, "status", "cause", "certainty"),
    )


def address_of(request: HttpRequest, row: models.Run) -> str:
    return request.build_absolute_uri(reverse("api:run", args=[row.pk]))


def finding(row: models.Finding) -> schemas.FindingSchema:
    fields = _fields(row, "position", "subject", "outcome", "code", "sentence", "hint")
    return schemas.FindingSchema(
        check=row.check_id, version=row.check_version, evidence=_as_dict(row.evidence), **fields
    )


def exchange(row: models.Exchange) -> schemas.ExchangeSchema:
    names = ("position", "method", "url", "status", "ms", "started_at", "correlation_id", "error", "body")
    return schemas.ExchangeSchema(
        check=row.check_id,
        request_headers=_pairs(row.request_headers),
        response_headers=_pairs(row.response_headers),
        **_fields(row, *names),
    )


def issue(request: HttpRequest, row: models.Issue) -> schemas.IssueSchema:
    names = ("subject", "code", "outcome", "sentence", "first_seen_at", "last_seen_at")
    return schemas.IssueSchema(
        id=row.pk,
        client=client_name(row.client),
        check=row.check_id,
        about=row.target if row.target_name else "",
        ended_at=row.resolved_at,
        times=row.occurrences,
        reopened=row.times_reopened,
        state=_state(row),
        first_run=row.first_run_id,
        last_run=row.last_run_id,
        page=page_address(request, "issue", row.pk),
        **_fields(row, *names, "accepted_until", "accepted_reason"),
    )


def _state(row: models.Issue) -> str:
    if not row.is_open:
        return "ended"
    return "accepted" if row.is_accepted else "open"


def issue_of_cause(request: HttpRequest, row: models.Issue) -> schemas.CauseIssue:
    names = ("cause", "title", "org", "target", "outcome", "sentence", "first_seen_at", "last_seen_at", "resolved_at")
    return schemas.CauseIssue(
        id=row.pk,
        client=client_name(row.client),
        status=row.shown_status.value,
        first_run=row.first_run_id,
        last_run=row.last_run_id,
        page=page_address(request, "issue", row.pk),
        **_fields(row, *names, "occurrences", "times_reopened", "accepted_until"),
    )


def incident(row: models.Incident) -> schemas.IncidentSchema:
    return schemas.IncidentSchema(
        id=row.pk,
        issue=row.issue_id,
        client=client_name(row.client),
        schedule=row.schedule_id,
        first_run=row.first_run_id,
        last_run=row.last_run_id,
        **_fields(row, "cause", "sentence", "began_at", "opened_at", "closed_at"),
    )


def org_change(row: models.OrgChange) -> schemas.ListedOrgChange:
    names = ("about", "kind", "name", "setting", "before", "after", "not_before", "at")
    return schemas.ListedOrgChange(id=row.pk, client=client_name(row.client), **_fields(row, *names))


def schedule(row: models.Schedule) -> schemas.ScheduleSchema:
    names = ("name", "kind", "every", "minutes", "weekdays", "cron", "zone", "jitter_seconds", "paused_at", "missed")
    return schemas.ScheduleSchema(
        id=row.pk,
        client=client_name(row.client),
        at=row.at.isoformat() if row.at else None,
        owner=row.owner.username if row.owner else None,
        last_run=row.last_run_id,
        **_fields(row, *names, "pause_reason", "next_run_at", "last_due_at", "created_at"),
    )


def _pairs(headers: list[list[str]]) -> list[list[str]]:
    return [[str(part) for part in pair] for pair in headers]


def _fields(row: object, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _as_dict(value: object) -> dict[str, Any]:
    """Rows of older versions may contain something else."""
    return dict(value) if isinstance(value, Mapping) else {}


def page_address(request: HttpRequest, name: str, key: int | str) -> str:
    """The absolute URL of a web page."""
    return request.build_absolute_uri(reverse(name, args=[key]))
