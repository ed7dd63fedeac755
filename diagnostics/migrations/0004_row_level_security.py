"""Policies by which the database shows a role without rights of its own only the rows of some clients. See orgs.row_limits."""

from django.db import migrations

CLIENTS = "(SELECT unnest(nullif(current_setting('cobrowse_doctor.clients', true), '')::bigint[]))"
PERSON = "nullif(current_setting('cobrowse_doctor.person', true), '')::bigint"


def seen(table: str, condition: str) -> str:
    """A row of another table that satisfies the condition, and that its own policy shows."""
    return f"EXISTS (SELECT 1 FROM diagnostics_{table} p WHERE {condition})"  # noqa: S608 - constants


OF_A_CLIENT = f"client_id IN {CLIENTS}"
OF_A_RUN = seen("run", "p.id = run_id")
OF_A_TOKEN = seen("apitoken", f"p.id = token_id AND p.owner_id = {PERSON}")
# A rule without clients is for all of them. The table between rules and clients has no policy, or every rule would look so.
OF_A_RULE = (
    "NOT EXISTS (SELECT 1 FROM diagnostics_alertrule_clients c WHERE c.alertrule_id = diagnostics_alertrule.id) OR EXISTS "
    f"(SELECT 1 FROM diagnostics_alertrule_clients c WHERE c.alertrule_id = diagnostics_alertrule.id AND c.oauth{OF_A_CLIENT})"
)
# A webhook that subscribes to events gets what a limited person does with an issue.
OF_A_CHANNEL = (
    "cardinality(events) > 0 OR EXISTS (SELECT 1 FROM diagnostics_alertrule_channels c JOIN diagnostics_alertrule r ON r.id = c.alertrule_id"
    f" WHERE c.channel_id = diagnostics_channel.id) OR {seen('delivery', 'p.channel_id = diagnostics_channel.id')}"
)
POLICIES = {
    "oauthclient": f"id IN {CLIENTS}",
    **dict.fromkeys(
        ("accesstoken", "badge", "batch", "callfailure", "clientlisting", "configurationsync", "delivery", "heldpermission",
         "incident", "issue", "orgchange", "provider", "run", "schedule", "usagereading"),
        OF_A_CLIENT,
    ),
    **dict.fromkeys(("exchange", "finding", "watch"), OF_A_RUN),
    "idempotencykey": OF_A_TOKEN,
    "batchgroup": seen("batch", "p.id = batch_id"),
    "issuenote": seen("issue", "p.id = issue_id"),
    "missedtime": seen("schedule", "p.id = schedule_id"),
    "clientratelimit": seen(
        "oauthclient",
        "p.region = diagnostics_clientratelimit.region AND p.client_id = diagnostics_clientratelimit.client_id",
    ),
    "alertrule": OF_A_RULE,
    "channel": OF_A_CHANNEL,
    "auditentry": f"actor_id = {PERSON} OR {OF_A_CLIENT}",
}  # fmt: skip


def enable(table: str) -> str:
    return (
        f"ALTER TABLE diagnostics_{table} ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY orgs_in_sight ON diagnostics_{table} USING ({POLICIES[table]});"
    )


def disable(table: str) -> str:
    return (
        f"DROP POLICY orgs_in_sight ON diagnostics_{table}; ALTER TABLE diagnostics_{table} DISABLE ROW LEVEL SECURITY;"
    )


class Migration(migrations.Migration):
    dependencies = [("diagnostics", "0003_audit_guard_and_cache")]

    operations = [migrations.RunSQL(enable(table), disable(table)) for table in POLICIES]
