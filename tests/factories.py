"""Functions that create rows and JSON documents with defaults."""

import hashlib
import zlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.batches.models import Batch, BatchGroup
from diagnostics.genesys.contract import bundled, serialize
from diagnostics.issues.grouping import org_key
from diagnostics.issues.models import Incident, Issue
from diagnostics.monitoring.models import AlertRule, Channel, Delivery, Schedule
from diagnostics.orgs.models import (
    CallFailure,
    ClientListing,
    ConfigurationSync,
    ContractVersion,
    HeldPermission,
    OAuthClient,
    OrgChange,
    Provider,
)
from diagnostics.runs.models import Exchange, Finding, Run, SavedView

CONVERSATION = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
SECRET = "factory-secret-that-no-page-may-show"
PASSWORD = "factory-password-1"


def make_user(username: str = "ada", role: str = User.Role.ADMIN, **values: Any) -> User:
    return User.objects.create_user(username, password=PASSWORD, role=role, **values)


def make_team_lead(username: str = "tess", **values: Any) -> User:
    return make_user(username, User.Role.TEAM_LEAD, **values)


def make_person(role: str, **values: Any) -> User:
    """A user with this role, named after it."""
    return make_user(f"some-{role}", role, **values)


def make_saved_view(name: str = "Health checks", **values: Any) -> SavedView:
    return SavedView.objects.create(name=name, **{"query": "kind=health", **values})


def make_client(name: str = "Acme support", **values: Any) -> OAuthClient:
    defaults: dict[str, Any] = {
        "region": "eu-west-1",
        "client_id": "0b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b21",
        "secret": SECRET,
        "state": OAuthClient.State.VERIFIED,
        "verified_at": timezone.now(),
        "verification": [make_step()],
        "org_id": "8f1c7f0a-1d1e-4b0e-8d5c-0a5e4d1f2b3c",
        "org_name": "Acme Insurance",
        "gateway": False,
        "gateway_seen_at": timezone.now(),
    }
    return OAuthClient.objects.create(name=name, **{**defaults, **values})


def make_step(check: str = "oauth.token", outcome: str = "pass", **values: Any) -> dict[str, Any]:
    """One step of a client's verification."""
    defaults = {"subject": "", "code": "granted", "sentence": "The login host grants a token.", "hint": "", "ms": 112.0}
    return {"check": check, "outcome": outcome, **defaults, **values}


def make_contract_version(region: str = "eu-west-1", **values: Any) -> ContractVersion:
    """A region's live contract, in force by default, with the operations of the bundled one."""
    contract = bundled()
    operations = values.pop("contract_operations", contract.operations)
    version = values.pop("version", "live 2026-11-20 ab12cd34")
    source = f"https://api.{region}.test/api/v2/docs/swagger"
    document = serialize(operations, version=version, date="2026-11-20", source=source)
    defaults: dict[str, Any] = {
        "state": ContractVersion.State.STORED,
        "fetched_at": timezone.now(),
        "source": source,
        "sha256": hashlib.sha256(document).hexdigest(),
        "size": 20_000_000,
        "operations": len(operations),
        "document": zlib.compress(document),
    }
    return ContractVersion.objects.create(region=region, version=version, **{**defaults, **values})


def make_call_failure(client: OAuthClient, **values: Any) -> CallFailure:
    defaults: dict[str, Any] = {
        "method": "POST",
        "template": "/api/v2/conversations/cobrowse",
        "cause": "path.id_missing",
        "sentence": "The conversation ID is missing from the path /api/v2/conversations/cobrowse.",
        "remedy": "Call POST /api/v2/conversations/{conversationId}/cobrowse instead, without a body.",
        "requests": 9,
        "failed": 9,
    }
    return CallFailure.objects.create(client=client, **{**defaults, **values})


def make_listing(client: OAuthClient, client_id: str) -> ClientListing:
    """The list of OAuth clients of the client's org, with one that can be registered."""
    listed = {"client_id": client_id, "name": "Listed", "grant": "CLIENT-CREDENTIALS", "state": "active"}
    return ClientListing.objects.create(client=client, state="read", entries=[listed], read_at=timezone.now())


def make_run(client: OAuthClient | None = None, **values: Any) -> Run:
    """A finished run by default."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "status": Run.Status.FINISHED,
        "inputs": {"call": None, "answer": None, "conversation_id": CONVERSATION},
        "conversation_id": CONVERSATION,
        "planned": ["oauth.token", "request.path"],
        "engine_version": "1",
        "contract_version": "269.0.0",
        "started_at": now,
        "finished_at": now + timedelta(milliseconds=840),
        "cause": "path.not_in_api",
        "certainty": "proved",
        "verdict": make_verdict(),
        "duration_ms": 840.0,
        "critical_path_ms": 790.0,
    }
    client = client or make_client()
    return Run.objects.create(client=client, **{**defaults, "target": f"start:{client.pk}", **values})


def make_open_run(client: OAuthClient | None = None, status: str = Run.Status.RUNNING, **values: Any) -> Run:
    open_values: dict[str, Any] = {
        "finished_at": None,
        "cause": "",
        "certainty": "",
        "verdict": {},
        "duration_ms": None,
    }
    return make_run(client, status=status, **{**open_values, **values})


def make_verdict(**values: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "cause": "path.not_in_api",
        "certainty": "proved",
        "sentence": "The API has no such path.",
        "remedy": "Call the published one.",
        "because": ["request.path"],
        "also": [],
    }
    return {**defaults, **values}


def make_finding(run: Run, check_id: str = "request.path", outcome: str = "fail", **values: Any) -> Finding:
    defaults: dict[str, Any] = {
        "position": run.findings.count(),
        "code": "not_in_contract",
        "sentence": "No published operation has this path.",
        "hint": "",
        "evidence": {"path": "/api/v2/conversations/chat/x/cobrowse"},
    }
    return Finding.objects.create(run=run, check_id=check_id, outcome=outcome, **{**defaults, **values})


def make_exchange(run: Run, **values: Any) -> Exchange:
    position = run.exchanges.count()
    defaults: dict[str, Any] = {
        "position": position,
        "check_id": "oauth.token",
        "method": "GET",
        "url": "https://api.mypurecloud.ie/api/v2/tokens/me",
        "status": 200,
        "ms": 96.0,
        "started_at": timezone.now() + timedelta(milliseconds=100 * position),
        "correlation_id": f"00000000-0000-4000-8000-{position:012d}",
        "request_headers": [["Authorization", "Bearer [masked]"]],
        "response_headers": [["Content-Type", "application/json"]],
        "body": '{"organization": {"id": "8f1c"}}',
    }
    return Exchange.objects.create(run=run, **{**defaults, **values})


def make_snapshot(client: OAuthClient | None = None, **values: Any) -> ConfigurationSync:
    """A complete sync that started a minute ago, by default."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "state": ConfigurationSync.State.COMPLETE,
        "created_at": now - timedelta(minutes=1),
        "claimed_at": now - timedelta(minutes=1),
        "finished_at": now,
        "parts": [make_part(each) for each in ("rights", "gateway", "deployments", "settings", "drafts")],
        "permissions": make_rights(),
        "providers": 1,
    }
    return ConfigurationSync.objects.create(client=client or make_client(), **{**defaults, **values})


def make_part(part: str, state: str = "whole", **values: Any) -> dict[str, Any]:
    """The result of one part of a sync. `state` is whole, partial, refused, absent or failed."""
    defaults = {"code": "read", "sentence": "All of it was read.", "items": 1}
    return {"part": part, "state": state, **defaults, **values}


def make_rights(**values: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "org": {
            "id": "8f1c7f0a-1d1e-4b0e-8d5c-0a5e4d1f2b3c",
            "name": "Acme Insurance",
            "state": "active",
            "features": {},
        },
        "client": {
            "name": "Acme support",
            "state": "active",
            "grant_type": "CLIENT-CREDENTIALS",
            "scopes": [],
            "token_seconds": 86_400,
        },
        "grants": [
            {
                "role": "Cobrowse reader",
                "role_id": "1c1c2a52-9a50-4f4e-9a5e-6f0e7f2c3d01",
                "division": "5a1c2a52-9a50-4f4e-9a5e-6f0e7f2c3d02",
                "division_name": "Home",
                "policies": ["conversation:cobrowse:add", "webdeployments:deployment:view"],
                "conditional": [],
            }
        ],
        "unread_roles": [],
        "catalogue": {"conversation:cobrowse:add": True, "conversation:cobrowsevoice:add": True},
        "limits": {"platform.api": {"client.credentials.token.rate.per.minute": 300}},
        "rate_left": 280,
        "divisions": 1,
        "read": {"tokens/me": "ok", "subjects/me": "ok"},
    }
    return {**defaults, **values}


def make_batch(client: OAuthClient | None = None, run: Run | None = None, **values: Any) -> Batch:
    """A batch of ten calls, nine of them failing and in one group, which the run diagnosed."""
    batch = Batch.objects.create(
        client=client or make_client(), **{"calls": 10, "succeeded": 1, "is_starting": False, **values}
    )
    BatchGroup.objects.create(
        batch=batch,
        position=1,
        cause="path.not_in_api",
        certainty="proved",
        sentence="This path isn't in the API.",
        method="POST",
        template="/api/v2/conversations/chat/{id}/cobrowse",
        status=404,
        calls=9,
        inputs={"call": None, "answer": None, "conversation_id": CONVERSATION},
        run=run,
    )
    return batch


def make_provider(client: OAuthClient | None = None, ref: str = "", **values: Any) -> Provider:
    """A web deployment with cobrowse enabled for both channels, by default."""
    defaults: dict[str, Any] = {
        "source": Provider.Source.DEPLOYMENT,
        "name": "Acme shop",
        "state": Provider.State.ON,
        "status": "Active",
        "channels": ["Webmessaging", "Voice"],
        "settings": make_settings(),
        "version": "3",
        "draft_is_newer": False,
    }
    ref = ref or str(uuid4())
    return Provider.objects.create(client=client or make_client(), ref=ref, **{**defaults, **values})


def make_settings(**values: Any) -> dict[str, Any]:
    """The settings that a sync stores of a deployment and of its published configuration."""
    defaults: dict[str, Any] = {
        "enabled": True,
        "channels": ["Webmessaging", "Voice"],
        "allowAgentControl": True,
        "allowAgentNavigation": False,
        "allowDraw": True,
        "maskSelectors": [".card-number"],
        "readonlySelectors": [],
        "pauseCriteria": [{"urlFragment": "/pay", "condition": "Includes"}],
        "allowAllDomains": False,
        "allowedDomains": ["shop.example"],
        "configuration": {"id": "4d0c2a52-9a50-4f4e-9a5e-6f0e7f2c3d03", "name": "Shop messenger"},
        "draft": {"date_modified": None, "different": []},
    }
    return {**defaults, **values}


def make_org_change(client: OAuthClient | None = None, **values: Any) -> OrgChange:
    """By default, cobrowse was disabled in a deployment within the last minute."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "about": OrgChange.About.DEPLOYMENT,
        "ref": "0e3b1a8e-42f2-4a1d-bb0f-1f5f1d1c9a01",
        "name": "Acme shop",
        "kind": OrgChange.Kind.DISABLED,
        "setting": "enabled",
        "before": True,
        "after": False,
        "not_before": now - timedelta(minutes=1),
        "at": now,
    }
    return OrgChange.objects.create(client=client or make_client(), **{**defaults, **values})


def make_held_permission(
    client: OAuthClient | None = None, permission: str = "conversation:cobrowse:add", **values: Any
) -> HeldPermission:
    defaults = {"role": "Cobrowse reader", "division": "*", "division_name": "every division"}
    return HeldPermission.objects.create(
        client=client or make_client(), permission=permission, **{**defaults, **values}
    )


def make_issue(client: OAuthClient | None = None, **values: Any) -> Issue:
    """An issue that was first seen an hour ago and last seen a minute ago."""
    now = timezone.now()
    client = client or make_client()
    defaults: dict[str, Any] = {
        "org": org_key(client.org_id, client.pk),
        "cause": "authz.permission_missing",
        "target": f"client:{client.pk}",
        "check_id": "permissions.call",
        "code": "permission_missing",
        "outcome": "fail",
        "sentence": "The client lacks conversation:cobrowse:add.",
        "first_seen_at": now - timedelta(hours=1),
        "last_seen_at": now - timedelta(minutes=1),
        "occurrences": 3,
    }
    issue = Issue.objects.create(client=client, **{**defaults, **values})
    issue.refresh_from_db(fields=["status"])
    return issue


def make_schedule(client: OAuthClient | None = None, name: str = "Every five minutes", **values: Any) -> Schedule:
    """A health check schedule that is due now, by default."""
    now = timezone.now()
    defaults: dict[str, Any] = {"every": "minutes", "minutes": 5, "due_at": now, "next_run_at": now}
    return Schedule.objects.create(name=name, client=client or make_client(), **{**defaults, **values})


def make_channel(name: str = "Operations", kind: str = "webhook", **values: Any) -> Channel:
    """A signed webhook by default. Nothing listens at its URL."""
    defaults: dict[str, Any] = {
        "secret": "https://hooks.example.com/factory-hook",
        "signing_secret": "whsec_ZmFjdG9yeS1zaWduaW5nLXNlY3JldC0xMjM0NTY3ODk=",
        "address": "hooks.example.com",
    }
    return Channel.objects.create(name=name, kind=kind, **{**defaults, **values})


def make_rule(name: str = "Everything", channels: Iterable[Channel] = (), **values: Any) -> AlertRule:
    """A rule for all clients, with default thresholds."""
    rule = AlertRule.objects.create(name=name, **values)
    rule.channels.set(channels)
    return rule


def make_incident(schedule: Schedule | None = None, **values: Any) -> Incident:
    """An incident that was opened an hour ago, by default."""
    schedule = schedule or make_schedule()
    hour_ago = timezone.now() - timedelta(hours=1)
    defaults: dict[str, Any] = {
        "cause": "config.cobrowse_disabled",
        "sentence": "Cobrowse is off in the deployment.",
        "began_at": hour_ago,
        "opened_at": hour_ago,
    }
    values = {**defaults, **values}
    if "issue" not in values:
        key = {"org": org_key(schedule.client.org_id, schedule.client.pk), "cause": values["cause"], "target": ""}
        values["issue"] = Issue.objects.filter(**key).first() or make_issue(
            schedule.client, sentence=values["sentence"], check_id="deployments.cobrowse", code="off", **key
        )
    return Incident.objects.create(schedule=schedule, client=schedule.client, **values)


def make_delivery(channel: Channel | None = None, incident: Incident | None = None, **values: Any) -> Delivery:
    """A pending delivery: a test message, or the opening message of the incident."""
    now = timezone.now()
    event = "opened" if incident else "test"
    message = {"event": event, "title": "Acme support: cobrowse is off", "sentences": ["It is off."], "thread": "t"}
    defaults: dict[str, Any] = {"event": event, "message": message, "message_id": uuid4(), "next_try_at": now}
    defaults["client"] = incident.client if incident else None
    return Delivery.objects.create(channel=channel or make_channel(), incident=incident, **{**defaults, **values})
