"""Starts a real session. This is the only check that writes; it runs once, if the user confirmed it for this run."""

from collections.abc import Iterator

from diagnostics.checks.base import CheckContext, ClaimFailed, Evidence, Result, check, failed, passed, skipped, unclear
from diagnostics.genesys.errors import CODES, STATUSES, Meaning
from diagnostics.genesys.fields import text
from diagnostics.genesys.paths import UUID
from diagnostics.genesys.response import OrgResponse
from diagnostics.parsing.intent import START_PATH

# Without a connection, no session can have been offered.
NEVER_ARRIVED = frozenset({"dns", "refused", "tls", "proxy"})
NOT_AGAIN = (
    "Ask the agent or the customer whether an offer appeared before you send anything again. An offer expires after "
    "about a minute."
)
OTHER = Meaning("other", "The response has no known error code.")
HINTS = {
    "permission_missing": "Add conversation:cobrowse:add (web messaging) or conversation:cobrowseVoice:add (voice) to a "
    "role of the client.",
    "division_missing": "Assign the role in the conversation's division too.",
    "user_required": "Call it with the agent's own token: the viewer of a session is a person.",
    "not_a_party": "The agent in the conversation has to make the call.",
    "conflict": "A session is already open or offered, or the conversation has just changed. End the session, or wait until the "
    "offer has expired.",
    "rate_limited": "Wait as long as the response says before you send anything else with this client.",
    "feature_off": "Ask for a license with cobrowse: Genesys Cloud CX 1 Digital Add-on II, CX 2, CX 2 Digital, CX 3 or CX 3 Digital.",
}


@check(
    "session.start",
    title="Live session start",
    about="conversation",
    affected_by=("permission", "role", "deployment", "conversation"),
    needs=("conversation", "start"),
    if_all_right=True,
    reads=(f"POST {START_PATH}",),
)
def session_start(ctx: CheckContext) -> Iterator[Result]:
    wanted = ctx.target.conversation_id
    if not UUID.fullmatch(wanted):
        yield skipped("no_id", "Nothing was sent: the conversation ID isn't a UUID.")
        return
    try:
        may_start = ctx.may_start()
    except ClaimFailed:
        yield unclear(
            "not_claimed", "Nothing was sent: the connection to our database was lost.", hint="Start it again."
        )
        return
    if may_start:
        yield judge_start(ctx.genesys.offer_session(wanted))
    else:
        yield unclear(
            "not_permitted",
            "Nothing was sent: this run's confirmation to start a session was already used or has expired.",
        )


def judge_start(response: OrgResponse) -> Result:
    """The result for the response to the start. It must say so if a session may have been offered."""
    proof: Evidence = {"status": response.status, "code": response.code, "correlation_id": response.correlation_id}
    if response.error in ("no_token", "rate_limited_wait"):
        return unclear("not_sent", "Nothing was sent: the org had already refused requests.")
    if response.error in NEVER_ARRIVED:
        sentence = "The connection failed, so no session was offered."
        return unclear("unreachable", sentence, evidence={"trouble": response.error, **proof})
    status = response.status
    if status is not None and 200 <= status < 300:
        return _started(response, proof)
    if status is not None and status >= 500:
        return failed(
            "server_error",
            f"The start failed with {status} {response.code}".rstrip()
            + ". We can't tell whether a session was offered.",
            hint=f"{NOT_AGAIN} Give Genesys Cloud Care the correlation ID.",
            evidence=proof,
        )
    if status is None or not response.is_genesys_error:
        return _inconclusive(response, proof)
    meaning = CODES.get(response.code.lower()) or STATUSES.get(status, OTHER)
    return failed(
        meaning.code,
        f"The start was rejected with {status} {response.code}: {meaning.sentence} No session was offered.",
        hint=HINTS.get(meaning.code, ""),
        evidence=proof,
    )


def _started(response: OrgResponse, proof: Evidence) -> Result:
    """Reports only what an admin may see of the session, so not its join code and URL."""
    id, ends, kind = (text(response.data, name, limit=100) for name in ("id", "dateOfferEnds", "communicationType"))
    if not id:
        return _inconclusive(response, proof)
    until = f" until {ends}" if ends else ""
    return passed(
        "started",
        f"It works: the org offers the customer session {id}{until}.",
        hint="The customer sees the offer on the page. An offer that is declined or expires isn't a problem of the API.",
        evidence={"session": id, "offer_ends": ends, "kind": kind, **proof},
    )


def _inconclusive(response: OrgResponse, proof: Evidence) -> Result:
    received = f"{response.status or 'no answer'} {response.error}".strip()
    return unclear(
        "may_be_offered",
        f"The start was sent, but the response ({received}) doesn't show whether a session was offered.",
        hint=NOT_AGAIN,
        evidence=proof,
    )
