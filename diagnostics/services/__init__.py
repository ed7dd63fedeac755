"""Writes. Whoever stands at the edge (a view, a command, the tick) calls these, and then tells the queue itself."""

from diagnostics.services.api_runs import forget_old_keys
from diagnostics.services.catching_up import catch_up
from diagnostics.services.channels import add_channel, delete_channel, delete_rule, mute, save_rule, unmute
from diagnostics.services.clients import (
    change_client,
    create_client,
    replace_secret,
    retire_client,
    start_verification,
    verify_client,
)
from diagnostics.services.contracts import give_up_refreshes, refresh_contract, start_refresh
from diagnostics.services.deliveries import deliver, due_deliveries, start_test, try_again
from diagnostics.services.diagnosing import Refused, diagnosis_of
from diagnostics.services.heartbeats import TICK, beat
from diagnostics.services.in_force import (
    RegionContract,
    contract_in_force,
    contract_of,
    region_contracts,
    version_before,
    version_in_force,
)
from diagnostics.services.incidents import remind
from diagnostics.services.known import accept_finding, add_note, end_acceptance, remember_runs_behind
from diagnostics.services.live import start_live, why_no_start
from diagnostics.services.retention import due_passes, pin_run, save_rules, start_pass, unpin_run, work_on_pass
from diagnostics.services.runs import LONGEST_RUN_SECONDS, create_run, execute_run, repeat_run, repeatable_checks
from diagnostics.services.saved_views import delete_view, save_view
from diagnostics.services.schedules import (
    Wanted,
    change_schedule,
    claim_due_schedules,
    create_schedule,
    delete_schedule,
    pause_schedules,
    resume_schedules,
    run_schedule_now,
    saved_inputs,
)
from diagnostics.services.seen import remember_seen
from diagnostics.services.snapshots import due_readings, read_snapshot, start_due_readings, start_snapshot
from diagnostics.services.sweep import Swept, sweep
from diagnostics.services.watches import advance_watches, start_watch, stop_watch, watchable
from diagnostics.services.worker_beats import worker_began, worker_ended

__all__ = [
    "LONGEST_RUN_SECONDS",
    "TICK",
    "Refused",
    "RegionContract",
    "Swept",
    "Wanted",
    "accept_finding",
    "add_channel",
    "add_note",
    "advance_watches",
    "beat",
    "catch_up",
    "change_client",
    "change_schedule",
    "claim_due_schedules",
    "contract_in_force",
    "contract_of",
    "create_client",
    "create_run",
    "create_schedule",
    "delete_channel",
    "delete_rule",
    "delete_schedule",
    "delete_view",
    "deliver",
    "diagnosis_of",
    "due_deliveries",
    "due_passes",
    "due_readings",
    "end_acceptance",
    "execute_run",
    "forget_old_keys",
    "give_up_refreshes",
    "mute",
    "pause_schedules",
    "pin_run",
    "read_snapshot",
    "refresh_contract",
    "region_contracts",
    "remember_runs_behind",
    "remember_seen",
    "remind",
    "repeat_run",
    "repeatable_checks",
    "replace_secret",
    "resume_schedules",
    "retire_client",
    "run_schedule_now",
    "save_rule",
    "save_rules",
    "save_view",
    "saved_inputs",
    "start_due_readings",
    "start_live",
    "start_pass",
    "start_refresh",
    "start_snapshot",
    "start_test",
    "start_verification",
    "start_watch",
    "stop_watch",
    "sweep",
    "try_again",
    "unmute",
    "unpin_run",
    "verify_client",
    "version_before",
    "version_in_force",
    "watchable",
    "why_no_start",
    "work_on_pass",
    "worker_began",
    "worker_ended",
]
