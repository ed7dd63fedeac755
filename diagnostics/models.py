"""Imports every model, so that Django finds them. The code imports them from their packages."""

from diagnostics.accounts.models import ApiToken, AuditEntry, User
from diagnostics.batches.models import Batch, BatchGroup
from diagnostics.issues.models import Incident, Issue, IssueNote
from diagnostics.jobs.models import RowFailure, Turn
from diagnostics.monitoring.models import AlertRule, Channel, Delivery, MissedTime, Schedule
from diagnostics.operations.models import Heartbeat, RetentionPass, RetentionRule, TickPart
from diagnostics.orgs.models import (
    AccessToken,
    Badge,
    CallFailure,
    ClientListing,
    ClientRateLimit,
    ConfigurationSync,
    ContractVersion,
    HeldPermission,
    OAuthClient,
    OrgChange,
    Provider,
    UsageReading,
)
from diagnostics.runs.models import Exchange, Finding, IdempotencyKey, Run, SavedView, Watch

__all__ = [
    "AccessToken",
    "AlertRule",
    "ApiToken",
    "AuditEntry",
    "Badge",
    "Batch",
    "BatchGroup",
    "CallFailure",
    "Channel",
    "ClientListing",
    "ClientRateLimit",
    "ConfigurationSync",
    "ContractVersion",
    "Delivery",
    "Exchange",
    "Finding",
    "Heartbeat",
    "HeldPermission",
    "IdempotencyKey",
    "Incident",
    "Issue",
    "IssueNote",
    "MissedTime",
    "OAuthClient",
    "OrgChange",
    "Provider",
    "RetentionPass",
    "RetentionRule",
    "RowFailure",
    "Run",
    "SavedView",
    "Schedule",
    "TickPart",
    "Turn",
    "UsageReading",
    "User",
    "Watch",
]
