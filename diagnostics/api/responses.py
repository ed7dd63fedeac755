"""Database rows as API schemas."""

from math import ceil
from typing import Any, TypeVar

from django.http import HttpRequest
from django.urls import reverse
from ninja import Schema

from diagnostics import models
from diagnostics.api import schemas
from diagnostics.batches.queries import BatchState
from diagnostics.genesys.fields import mapping
from diagnostics.runs.rate_limit_waits import wait_of_run
from diagnostics.runs.run_json import verdict_json

AnySchema = TypeVar("AnySchema", bound=Schema)


def filled(schema: type[AnySchema], row: object, **given: Any) -> AnySchema:
    """The schema with these values; every other field is the row's attribute of that name."""
    return schema(**{name: getattr(row, name) for name in schema.model_fields.keys() - given.keys()}, **given)


def page_address(request: HttpRequest, name: str, key: int | str) -> str:
    """The absolute URL of a web page."""
    return request.build_absolute_uri(reverse(name, args=[key]))


def address_of(request: HttpRequest, row: models.Run) -> str:
    return page_address(request, "api:run", row.pk)


def client(request: HttpRequest, row: models.OAuthClient) -> schemas.ClientSchema:
    status = schemas.ClientStatusSchema(
        word=row.status,
        cause=row.status_cause,
        reason=row.status_reason,
        since=row.status_since,
        at=row.status_at,
    )
    return filled(schemas.ClientSchema, row, status=status, page=page_address(request, "client", row.pk))


def provider(request: HttpRequest, row: models.Provider) -> schemas.ProviderSchema:
    return filled(schemas.ProviderSchema, row, page=page_address(request, "provider", row.pk))


def provider_in_full(request: HttpRequest, row: models.Provider) -> schemas.ProviderInFull:
    return schemas.ProviderInFull(**dict(provider(request, row)), settings=mapping(row.settings))


def run(request: HttpRequest, row: models.Run) -> schemas.RunSchema:
    return filled(
        schemas.RunSchema,
        row,
        started_by=row.started_by.username if row.started_by else None,
        repeats=row.repeats_id,
        schedule=row.schedule_id,
        pinned=row.pinned_at is not None,
        url=address_of(request, row),
        page=page_address(request, "run", row.pk),
    )


def run_in_full(request: HttpRequest, row: models.Run) -> schemas.RunInFull:
    stored = mapping(row.verdict)
    wait_s = ceil(wait_of_run(row))
    return schemas.RunInFull(
        **dict(run(request, row)),
        waiting=schemas.Waiting(reason="rate_limit", seconds=wait_s) if wait_s else None,
        verdict=schemas.VerdictSchema(**verdict_json(stored)) if stored else None,
        planned=[check for check in row.planned if isinstance(check, str)],
        inputs=mapping(row.inputs),
        environment=mapping(row.environment),
    )


def batch(request: HttpRequest, state: BatchState) -> schemas.BatchSchema:
    row = state.batch
    return filled(
        schemas.BatchSchema,
        row,
        started_by=row.started_by.username if row.started_by else None,
        groups=[_batch_group(request, group) for group in state.groups],
        url=page_address(request, "api:batch", row.pk),
        page=page_address(request, "batch", row.pk),
        **{name: getattr(state, name) for name in ("failed", "unanswered", "is_open", "done", "waiting")},
    )


def _batch_group(request: HttpRequest, row: models.BatchGroup) -> schemas.BatchGroupSchema:
    run = _batch_run(request, row.run) if row.run else None
    return filled(schemas.BatchGroupSchema, row, path=row.template, by_call=row, run=run)


def _batch_run(request: HttpRequest, row: models.Run) -> schemas.BatchRunSchema:
    verdict = mapping(row.verdict)
    return filled(
        schemas.BatchRunSchema,
        row,
        sentence=verdict.get("sentence", ""),
        remedy=verdict.get("remedy", ""),
        url=address_of(request, row),
        page=page_address(request, "run", row.pk),
    )


def finding(row: models.Finding) -> schemas.FindingSchema:
    evidence = mapping(row.evidence)
    return filled(schemas.FindingSchema, row, check=row.check_id, version=row.check_version, evidence=evidence)


def issue(request: HttpRequest, row: models.Issue) -> schemas.IssueSchema:
    return filled(
        schemas.IssueSchema,
        row,
        check=row.check_id,
        about=row.target if row.target_name else "",
        ended_at=row.resolved_at,
        times=row.occurrences,
        reopened=row.times_reopened,
        state="resolved" if not row.is_open else "accepted" if row.is_accepted else "open",
        first_run=row.first_run_id,
        last_run=row.last_run_id,
        page=page_address(request, "issue", row.pk),
    )


def issue_of_cause(request: HttpRequest, row: models.Issue) -> schemas.CauseIssue:
    return filled(
        schemas.CauseIssue,
        row,
        status=row.shown_status.value,
        first_run=row.first_run_id,
        last_run=row.last_run_id,
        page=page_address(request, "issue", row.pk),
    )


def incident(row: models.Incident) -> schemas.IncidentSchema:
    return filled(
        schemas.IncidentSchema,
        row,
        issue=row.issue_id,
        schedule=row.schedule_id,
        first_run=row.first_run_id,
        last_run=row.last_run_id,
    )


def schedule(row: models.Schedule) -> schemas.ScheduleSchema:
    return filled(
        schemas.ScheduleSchema,
        row,
        at=row.at.isoformat() if row.at else None,
        owner=row.owner.username if row.owner else None,
        last_run=row.last_run_id,
    )
