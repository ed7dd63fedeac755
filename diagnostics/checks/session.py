"""Does a real session start? The one check that writes: sent once, only where a person confirmed it for this run."""

from collections.abc import Iterator

from diagnostics.checks.base import CheckContext, Evidence, Result, check, failed, passed, skipped, unclear
from diagnostics.genesys.errors import CODES, STATUSES, Meaning
from diagnostics.genesys.fields import text
from diagnostics.genesys.paths import UUID
from diagnostics.genesys.response import OrgResponse
from diagnostics.parsing.intent import START_PATH

# The connection never came about, so nothing can have been offered.
NEVER_ARRIVED = frozenset({"dns", "refused", "tls", "proxy"})
NOT_AGAIN = (
    "Ask the agent or the customer whether an offer appeared before anything is sent again; an offer ends by itself "
    "after about a minute."
)
HINTS = {
    "permission_missing": "Give a role of the client conversation:cobrowse:add (web messaging) or "
    "conversation:cobrowseVoice:add (voice).",
    "division_missing": "Assign the role in the conversation's division as well.",
    "user_required": "The session's viewer is a person: the call has to be made with the agent's own token.",
    "not_a_party": "The call has to be made by the agent who takes part in the conversation.",
    "conflict": "A session is open or offered already, or the conversation has just changed: end the session or wait "
    "until the offer has expired.",
    "rate_limited": "Wait as long as the answer says before anything else is sent with this client.",
    "feature_off": "Ask for the feature: Genesys Cloud CX 1 Digital Add-on II, CX 2, CX 2 Digital, CX 3 or CX 3 Digital.",
}


@check(
    "session.start",
    title="A session can be started",
    needs=("conversation", "start"),
    if_all_right=True,
    reads=(f"POST {START_PATH}",),
)
def session_start(ctx: CheckContext) -> Iterator[Result]:
    wanted = ctx.target.conversation_id
    if not UUID.fullmatch(wanted):
        yield skipped("no_id", "Nothing was sent: the conversation id is no UUID.")
    elif not ctx.may_start():
        yield unclear(
            "not_permitted",
            "Nothing was sent now: this run's one permission to start a session was used before, or has lapsed.",
        )
    else:
        yield judge_start(ctx.genesys.offer_session(wanted))


def judge_start(answer: OrgResponse) -> Result:
    """The answer to the call itself. Wherever it cannot be excluded that a session was offered, that is said."""
    proof: Evidence = {"status": answer.status, "code": answer.code, "correlation_id": answer.correlation_id}
    if answer.trouble in ("no_token", "rate_limited_wait"):
        return unclear("not_sent", "Nothing was sent: the org had said before that it would not answer.")
    if answer.trouble in NEVER_ARRIVED:
        said = "No connection came about, so nothing was offered."
        return unclear("unreachable", said, evidence={"trouble": answer.trouble, **proof})
    status = answer.status
    if status is not None and 200 <= status < 300:
        return _started(answer, proof)
    if status is not None and status >= 500:
        return failed(
            "server_error",
            f"The start answered {status} {answer.code}".rstrip() + "; whether a session was offered is not known.",
            hint=f"{NOT_AGAIN} Give Genesys Cloud Care the correlation id.",
            evidence=proof,
        )
    if status is None or not answer.is_genesys_error:
        return _untold(answer, proof)
    meaning = _meaning(status, answer.code)
    return failed(
        meaning.code,
        f"The start was refused with {status} {answer.code}: {meaning.sentence} Nothing was offered.",
        hint=HINTS.get(meaning.code, ""),
        evidence=proof,
    )


def _meaning(status: int, code: str) -> Meaning:
    unknown = Meaning("other", "The answer names no known error.")
    return CODES.get(code.lower()) or STATUSES.get(status, unknown)


def _started(answer: OrgResponse, proof: Evidence) -> Result:
    """Of the session only what an admin may see: its join code and its address stay with the org."""
    id, ends, kind = (text(answer.data, name, most=100) for name in ("id", "dateOfferEnds", "communicationType"))
    if not id:
        return _untold(answer, proof)
    until = f"; the offer ends at {ends}" if ends else ""
    return passed(
        "started",
        f"It works: the org offered the customer the session {id}{until}.",
        hint="Whether the customer accepts is seen on their page. An offer that is declined or expires is no fault.",
        evidence={"session": id, "offer_ends": ends, "kind": kind, **proof},
    )


def _untold(answer: OrgResponse, proof: Evidence) -> Result:
    said = f"{answer.status or 'no answer'} {answer.trouble}".strip()
    return unclear(
        "may_be_offered",
        f"The start was sent, and what came back ({said}) does not tell whether a session was offered.",
        hint=NOT_AGAIN,
        evidence=proof,
    )
