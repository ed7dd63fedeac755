"""Writes. Whoever stands at the edge (a view, a command, the tick) calls these, and then tells the queue itself."""

from diagnostics.services.clients import (
    change_client,
    create_client,
    replace_secret,
    retire_client,
    start_verification,
    verify_client,
)
from diagnostics.services.diagnosing import Refused, diagnosis_of
from diagnostics.services.runs import LONGEST_RUN_SECONDS, create_run, execute_run, repeat_run
from diagnostics.services.sweep import Swept, sweep

__all__ = [
    "LONGEST_RUN_SECONDS",
    "Refused",
    "Swept",
    "change_client",
    "create_client",
    "create_run",
    "diagnosis_of",
    "execute_run",
    "repeat_run",
    "replace_secret",
    "retire_client",
    "start_verification",
    "sweep",
    "verify_client",
]
