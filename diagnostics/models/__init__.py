"""The rows."""

from diagnostics.models.alerts import AlertRule, Channel, Delivery, Incident
from diagnostics.models.audit import AuditEntry
from diagnostics.models.clients import AccessToken, OAuthClient
from diagnostics.models.contracts import ContractVersion
from diagnostics.models.doors import ApiToken, Badge, IdempotencyKey
from diagnostics.models.known import FindingNote, KnownFinding
from diagnostics.models.org import Holding, OrgChange, Provider, Snapshot
from diagnostics.models.people import User
from diagnostics.models.retention import RetentionPass, RetentionRule
from diagnostics.models.runs import Exchange, Finding, Run
from diagnostics.models.saved_views import SavedView
from diagnostics.models.schedules import Heartbeat, MissedTime, Schedule
from diagnostics.models.system import RowFailure, TickPart
from diagnostics.models.turns import Turn
from diagnostics.models.watches import Watch

__all__ = [
    "AccessToken",
    "AlertRule",
    "ApiToken",
    "AuditEntry",
    "Badge",
    "Channel",
    "ContractVersion",
    "Delivery",
    "Exchange",
    "Finding",
    "FindingNote",
    "Heartbeat",
    "Holding",
    "IdempotencyKey",
    "Incident",
    "KnownFinding",
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
    "Snapshot",
    "TickPart",
    "Turn",
    "User",
    "Watch",
]
