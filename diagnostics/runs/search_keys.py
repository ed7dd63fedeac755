"""What a run is about, and the keys it can be found by. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine.as_it_was import PAST
from diagnostics.engine.finding import AnyFinding
from diagnostics.genesys.fields import mapping, text, texts
from diagnostics.parsing.intent import Aim

MAX_LENGTH = 300
MAX_KEYS = 400


def target_of(client_pk: int, kind: str, aim: Aim | None) -> str:
    """Equal for runs that ask the same of the same client, so that they can be compared.

    All calls that start a cobrowse session share a target, whatever path, provider or conversation they name. A
    conversation ID without a call has the same target.
    """
    if kind != "diagnosis":
        return f"{kind}:{client_pk}"
    if aim is None or aim.starts_session:
        return f"start:{client_pk}"
    path = aim.operation.path if aim.operation else aim.path
    return f"call:{client_pk}:{aim.method} {path}"[:MAX_LENGTH]


def past_target(client_pk: int, verdict: Mapping[str, Any]) -> str:
    """The target of a run whose verdict is about another time than the run, so that no history mixes them; else ""."""
    time = text(verdict, "as_of", "time") if mapping(verdict, "as_of", "today") else ""
    return f"{PAST}:{client_pk}:{time}" if time else ""


def search_keys_of(findings: Iterable[AnyFinding], environment: Mapping[str, Any], aim: Aim | None) -> list[str]:
    """The keys of a run, without duplicates. Case-insensitive values are in lower case.

    `check:<id>=<outcome>`, `provider:<id>` as in the call, `seen:<source provider>`, `deployment:<id>`, and
    `permission:<name>` if the call needs it or the client lacks it.
    """
    findings = list(findings)
    keys = [f"check:{finding.check_id}={finding.outcome}" for finding in findings]
    if aim is not None and aim.provider_id:
        keys.append(f"provider:{aim.provider_id}")
    for finding in findings:
        keys += _finding_keys(finding)
    keys += [f"deployment:{deployment_id}" for deployment_id in environment.get("deployments") or ()]
    cleaned = (key.replace("\0", "")[:MAX_LENGTH] for key in keys)
    return list(dict.fromkeys(cleaned))[:MAX_KEYS]


def _finding_keys(finding: AnyFinding) -> list[str]:
    if finding.check_id == "provider.seen":
        return [f"seen:{provider}" for provider in texts(finding.evidence, "providers", limit=MAX_LENGTH)]
    if finding.check_id in ("permissions.call", "permissions.catalogue"):
        return [f"permission:{permission.lower()}" for permission in texts(finding.evidence, "needs", limit=MAX_LENGTH)]
    if finding.check_id == "permissions.reads" and finding.outcome != Outcome.PASS and finding.subject:
        return [f"permission:{finding.subject.lower()}"]
    return []
