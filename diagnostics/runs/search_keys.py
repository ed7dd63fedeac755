"""What a run is about, and by what it can be found again. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine.finding import Finding
from diagnostics.parsing.intent import Aim

LONGEST = 300
MOST = 400


def target_of(client_pk: int, kind: str, aim: Aim | None) -> str:
    """The same text for every run that asks the same thing of the same client.

    Whatever path, provider or conversation a call that starts a cobrowse session names, it wants to start one: these
    are what may be wrong with it, and two runs of it can be compared. So does a conversation id brought alone.
    """
    if kind != "diagnosis":
        return f"{kind}:{client_pk}"
    if aim is None or aim.starts_session:
        return f"start:{client_pk}"
    path = aim.operation.path if aim.operation else aim.path
    return f"call:{client_pk}:{aim.method} {path}"[:LONGEST]


def search_keys_of(findings: Iterable[Finding], environment: Mapping[str, Any], aim: Aim | None) -> list[str]:
    """`check:<id>=<outcome>`, `provider:<id>` as the call names it, `seen:<source provider>`, `deployment:<id>`,
    `permission:<name>` where the call needs it or the client lacks it; each once, in lower case where case says nothing.
    """
    findings = list(findings)
    marks = [f"check:{each.check_id}={each.outcome}" for each in findings]
    if aim is not None and aim.provider_id:
        marks.append(f"provider:{aim.provider_id}")
    for each in findings:
        marks += _of_finding(each)
    marks += [f"deployment:{id}" for id in environment.get("deployments") or ()]
    cleaned = (mark.replace("\0", "")[:LONGEST] for mark in marks)
    return list(dict.fromkeys(cleaned))[:MOST]


def _of_finding(finding: Finding) -> list[str]:
    evidence = finding.evidence if isinstance(finding.evidence, dict) else {}
    if finding.check_id == "provider.seen":
        return [f"seen:{each}" for each in _texts(evidence.get("providers"))]
    if finding.check_id in ("permissions.call", "permissions.catalogue"):
        return [f"permission:{each.lower()}" for each in _texts(evidence.get("needs"))]
    if finding.check_id == "permissions.reads" and finding.outcome != Outcome.PASS and finding.subject:
        return [f"permission:{finding.subject.lower()}"]
    return []


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str) and each] if isinstance(value, list) else []
