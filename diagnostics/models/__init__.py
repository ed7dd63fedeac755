"""The rows."""

from diagnostics.models.clients import AccessToken, OAuthClient
from diagnostics.models.contracts import ContractVersion
from diagnostics.models.known import FindingNote, KnownFinding
from diagnostics.models.org import Holding, OrgChange, Provider, Snapshot
from diagnostics.models.people import User
from diagnostics.models.retention import RetentionPass, RetentionRule
from diagnostics.models.runs import Exchange, Finding, Run
from diagnostics.models.saved_views import SavedView
from diagnostics.models.watches import Watch

__all__ = [
    "AccessToken",
    "ContractVersion",
    "Exchange",
    "Finding",
    "FindingNote",
    "Holding",
    "KnownFinding",
    "OAuthClient",
    "OrgChange",
    "Provider",
    "RetentionPass",
    "RetentionRule",
    "Run",
    "SavedView",
    "Snapshot",
    "User",
    "Watch",
]
