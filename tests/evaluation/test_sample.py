"""The worked sample: what each verdict must say and must not say, in meaning, on the text that a person reads."""

import re
from pathlib import Path

import pytest

from diagnostics.engine import causes
from diagnostics.evaluation.cases import Case, read_cases
from diagnostics.evaluation.score import diagnosis_of, inputs_of

CASES = {
    case.id: case for case in read_cases((Path(__file__).parent / "sample_cases.json").read_text(encoding="utf-8"))
}
START = r"POST /api/v2/conversations/{conversationId}/cobrowse"
# Case -> a pattern for each of its `must_say`, in their order.
OUTPUT = {
    "PATH-01": (
        "path isn't in the Genesys Cloud API",
        f"{START} instead",
        "conversation itself was found and is live, so its ID isn't the problem",
        "without a body",
    ),
    "PATH-18": (r"still contains the placeholder \{conversationId\}", "ID of a live conversation"),
    "PATH-22": ("path is right, but the method must be POST", "To read one, call GET"),
    "HOST-01": (
        "belongs to us-east-1, but .* ap-southeast-2",
        "exist only in their own region",
        "Don't create a new secret",
    ),
    "AUTH-03": ("expired, revoked.*Get a new token", "lifetime is set on the OAuth client"),
    "AUTHZ-01": (
        "client doesn't have conversation:cobrowse:add",
        "assign that role, with the division",
        "Scopes don't help",
    ),
    "AUTHZ-07": (
        "needs a user's token. Client credentials have no user",
        r"token itself is valid \(GET /api/v2/tokens/me",
    ),
    "CONV-01": ("path is right", "No conversation with this ID is visible", "belongs to this org and region"),
    "CONV-04": ("needs a live conversation", "status of the response doesn't prove this, but the end time does"),
    "CONV-09": ("is legacy web chat", r"only with web messaging \(Messenger\) and voice"),
    "BODY-04": (r"isn't valid JSON \(line 1, column 2\)", "needs no body at all"),
    "PROV-01": ("'Genesys' differs from the listed 'genesys' only in upper and lower case", "documents no providerId"),
    "ENV-01": ("Wait 59 seconds", "before you send anything else with this client", "call itself isn't the problem"),
    "CONF-01": ("Cobrowse is disabled .* Messenger configuration", "The client has conversation:cobrowse:add"),
    "CTRL-01": ("No problem found",),
    "CTRL-04": ("couldn't be reproduced: the call works now", "on Genesys Cloud's side"),
    "HOST-07": (
        r"host still contains the variable \{\{my-domain\}\}",
        "never the name of the org",
        "path isn't in the Genesys Cloud API",
        "initiatorId in the body isn't a UUID",
    ),
    "AUTHZ-08": ("needs a client-credentials token.*user's token is refused",),
    "PROV-05": ("requires a providerId.*genesys", "published call takes no body"),
    "T2-07": ("found and is live", "caller isn't in the conversation", "token of the agent who is in the conversation"),
    "T2-10": (r"asks for the implicit grant \(response_type=token\)", "being retired.*PKCE"),
}
# Advice that is wrong in every case of the sample.
NEVER_REPORTED = (
    r"\badd (?:the )?scopes? (?:conversation|cobrowse):",
    "missing scope",
    r"\bretry (?:immediately|later)",
    "generate a new session ID",
    "create a new OAuth client",
    "tokens live",
    "use /conversations/chat",
)
# Case -> patterns of its own `must_not_say`, on the verdict and its fix.
NOT_REPORTED = {
    "PATH-01": ("conversation does not exist", "provider is wrong"),
    "PATH-18": ("isn't in the Genesys Cloud API", "permission"),
    "PATH-22": ("isn't in the Genesys Cloud API", "not found"),
    "HOST-01": ("secret is wrong", "role"),
    "AUTH-03": ("secret", "15 minutes", "one hour"),
    "AUTHZ-01": ("cobrowse:write", "not found"),
    "AUTHZ-07": ("token is invalid", "malformed", "role is"),
    "CONV-01": ("path is wrong", "scope is", "provider"),
    "CONV-04": ("scope", "retry"),
    "CONV-09": ("permission", "not active"),
    "BODY-04": ("field is missing", "provider is"),
    "PROV-01": ("is disabled", "scope"),
    "ENV-01": ("request a new token", "permission is"),
    "CONF-01": ("permission is missing", "participant"),
    "CTRL-01": ("add ", "send "),
    "CTRL-04": ("request was wrong", "no problem"),
    "HOST-07": ("cobrowse:session:create",),
    "AUTHZ-08": ("sign in", "JSON"),
    "PROV-05": ("isn't valid JSON", "path is wrong"),
    "T2-07": ("does not exist", "path is wrong", "malformed"),
    "T2-10": ("secret is wrong", "scope", "region"),
}


def read(case: Case) -> tuple[str, str, str]:
    """The cause, the verdict with its fix, and all that the page shows, with everything found beside the cause."""
    with diagnosis_of(case, inputs_of(case)) as diagnosis:
        for _ in diagnosis.steps():
            pass
        verdict = diagnosis.verdict()
    fix = verdict["fix"]
    reported = [causes.title_of(verdict["cause"]), verdict["sentence"], *fix["steps"], fix["menu_path"]]
    listed = {*verdict["because"], *verdict["ruled_out"]}
    found = [
        finding for finding in diagnosis.findings if finding.anchor in listed or finding.outcome in ("fail", "warn")
    ]
    evidence = [
        text for finding in found for text in (finding.sentence, finding.hint if finding.outcome != "pass" else "")
    ]
    return verdict["cause"], " ".join(reported), " ".join([*reported, *evidence])


def test_every_case_of_the_sample_is_read() -> None:
    assert set(OUTPUT) == set(NOT_REPORTED) == set(CASES)


@pytest.mark.parametrize("case", [pytest.param(case, id=case_id) for case_id, case in CASES.items()])
def test_the_verdict_contains_the_expected_facts_and_nothing_wrong(case: Case) -> None:
    cause, verdict, page = read(case)
    assert cause in case.right
    assert [pattern for pattern in OUTPUT[case.id] if not re.search(pattern, page)] == []
    assert [pattern for pattern in NEVER_REPORTED if re.search(pattern, page, re.IGNORECASE)] == []
    assert [pattern for pattern in NOT_REPORTED[case.id] if re.search(pattern, verdict, re.IGNORECASE)] == []
