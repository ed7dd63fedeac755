"""Checks whether the conversation exists, whether its medium supports cobrowse, and whether it is connected."""

import re
from collections.abc import Iterator, Sequence

from diagnostics.checks.base import CheckContext, Evidence, Result, check, failed, passed, skipped, unclear, warned
from diagnostics.genesys import gateway
from diagnostics.genesys.documents.conversation import Communication, Conversation
from diagnostics.genesys.fields import field, text
from diagnostics.genesys.paths import UUID
from diagnostics.genesys.response import OrgResponse, UnreadableResponse
from diagnostics.parsing.intent import START_PATH
from diagnostics.parsing.response_text import permissions_in

LIVE = frozenset({"connected", "parked", "transmitting", "converting", "uploading"})
PARKED = "parked"
UUID_SHAPE = re.compile(r"[0-9a-zA-Z]{8}-(?:[0-9a-zA-Z]{4}-){3}[0-9a-zA-Z]{12}")
CUSTOMER = frozenset({"customer", "external"})
AGENT = frozenset({"agent", "user"})
NAMES = {
    "webmessaging": "web messaging",
    "calls": "voice",
    "chats": "legacy web chat",
    "emails": "email",
    "callbacks": "a callback",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
}


def path_of(conversation_id: str) -> str:
    return f"/api/v2/conversations/{conversation_id}"


def wanted_id(ctx: CheckContext) -> str:
    """The conversation ID that was given, else the one in the path of the call."""
    if ctx.target.conversation_id:
        return ctx.target.conversation_id
    return ctx.aim.id_text if ctx.aim and ctx.aim.id_state in ("uuid", "malformed") else ""


@check(
    "conversation.id",
    title="Conversation ID format",
    node="conversation",
    about="conversation",
    depends_on=("conversation",),
    affected_by=("client", "org"),
    needs=("conversation",),
    version=3,
)
def conversation_id(ctx: CheckContext) -> Iterator[Result]:
    yield judge_id(wanted_id(ctx), ctx.aim.id_state if ctx.aim else "absent")


def judge_id(text: str, state: str) -> Result:
    if not text:
        why = {
            "placeholder": "The call has a placeholder instead of a conversation ID.",
            "missing": "The variable for the conversation ID was empty.",
        }.get(state, "No conversation ID was given, and the call has none.")
        return skipped("not_given", why, hint="Enter a conversation ID to check the conversation itself.")
    if UUID.fullmatch(text):
        return passed("uuid", "The conversation ID is a UUID.", evidence={"id": text})
    uuid = UUID.search(text)
    advice = f"Send {uuid[0]} without the characters around it. " if uuid else ""
    wrong = dict.fromkeys(re.findall(r"[g-zG-Z]", text)) if UUID_SHAPE.fullmatch(text) else {}
    why = (
        f" It contains {' and '.join(wrong)}, but a UUID has only the digits 0-9 and the letters a-f." if wrong else ""
    )
    return failed(
        "id_malformed",
        f"{text[:80]} isn't a conversation ID, which is a UUID of 36 characters.{why}",
        hint=f"{advice}Copy the ID from the interaction's URL or from the conversation's event, without anything around it.",
        evidence={"id": text[:200]},
    )


@check(
    "conversation.exists",
    title="Conversation lookup",
    node="conversation",
    about="conversation",
    rules_out=True,
    is_decisive=True,
    depends_on=("conversation",),
    affected_by=("permission", "role", "client", "org", "region"),
    after=("conversation.id", "oauth.token"),
    needs=("conversation",),
    first_reads=lambda ctx: [(path, {})] if (path := ctx.conversation_path()) else [],
    reads=(
        "GET /api/v2/conversations/{conversationId}",
        "GET /api/v2/analytics/conversations/{conversationId}/details",
    ),
)
def conversation_exists(ctx: CheckContext) -> Iterator[Result]:
    wanted = wanted_id(ctx)
    response = ctx.genesys.get(path_of(wanted))
    history = ctx.genesys.get(f"/api/v2/analytics/conversations/{wanted}/details") if response.status == 404 else None
    yield judge_existence(wanted, response, history, _needed(ctx))


def _needed(ctx: CheckContext) -> tuple[str, ...]:
    """The permissions that the pasted response names, else those of the operation."""
    named = permissions_in(ctx.answer.body or "") if ctx.answer is not None else ()
    operation = ctx.aim.operation if ctx.aim is not None else None
    operation = operation or ctx.contract.operation("POST", START_PATH)
    return named or (operation.permissions if operation is not None else ())


def judge_existence(
    wanted: str, response: OrgResponse, history: OrgResponse | None, needed: tuple[str, ...] = ()
) -> Result:
    """`history` is the analytics read after a 404, None without one; `needed` are the permissions of the call."""
    proof: Evidence = {
        "id": wanted,
        "status": response.status,
        "code": response.code,
        "correlation_id": response.correlation_id,
    }
    conversation = Conversation.parse(response)
    if response.ok and field(response.data, "id") not in (None, wanted, wanted.lower()):
        return unclear(
            "other_conversation", "The org returned a different conversation than requested.", evidence=proof
        )
    if isinstance(conversation, Conversation):
        return passed(
            "found",
            "The conversation exists, and this client can read it.",
            evidence={"divisions": list(conversation.divisions), **proof},
        )
    if response.status == 404 and history is not None and history.ok:
        return failed(
            "only_history",
            "The conversation has ended: analytics has it, but it isn't live.",
            hint="Cobrowse needs a live conversation. Start it during the interaction.",
            evidence={"ended": text(history.data, "conversationEnd"), **proof},
        )
    if response.status == 404 and not response.error:
        return failed(
            "not_found",
            "No conversation with this ID is visible to this client.",
            hint="Check that it is a conversation ID (not that of a participant, a communication or a session), and that it "
            "belongs to this org and region.",
            evidence={"history": history.status if history else None, **proof},
        )
    return _unreadable(response, proof, needed)


def _unreadable(response: OrgResponse, proof: Evidence, needed: tuple[str, ...]) -> Result:
    if response.status == 403:
        is_division = response.code == "missing.division.permission"
        also = f" The call itself also needs {' or '.join(needed)} in that division." if is_division and needed else ""
        return unclear(
            "division_hidden" if is_division else "forbidden",
            "This client isn't allowed to read the conversation, so we can't tell whether it exists and is live.",
            hint="Add conversation:communication:view (Conversation > Communication > View) to a role of the client, in the "
            f"conversation's division.{also}",
            evidence=proof,
        )
    if response.status == 429:
        wait = response.header("Retry-After") or "?"
        return unclear("rate_limited", f"The rate limit is exceeded. The API says to wait {wait} s.", evidence=proof)
    if response.status is not None and response.status >= 500 and not response.error:
        return unclear("server_error", f"Reading the conversation failed with {response.status}.", evidence=proof)
    return unclear(
        "unreadable",
        f"Reading the conversation failed with {response.summary}, which doesn't say whether it exists.",
        evidence={"trouble": response.error, **proof},
    )


def _undocumented(unreadable: Sequence[str]) -> Result:
    return unclear(
        "unreadable",
        f"The org's response about the conversation can't be read: {', '.join(unreadable[:3])} isn't as the API documents it.",
        hint="Check again. If it stays this way, something between this server and the org may be changing responses.",
        evidence={"unreadable": list(unreadable[:20])},
    )


@check(
    "conversation.media",
    title="Media type supports cobrowse",
    node="conversation",
    about="conversation",
    rules_out=True,
    is_decisive=True,
    depends_on=("conversation",),
    affected_by=("client", "org"),
    after=("conversation.exists",),
    needs=("conversation",),
    reads=("GET /api/v2/conversations/{conversationId}", f"GET {gateway.PROVIDERS_PATH}"),
)
def conversation_media(ctx: CheckContext) -> Iterator[Result]:
    conversation = ctx.conversation()
    if isinstance(conversation, UnreadableResponse):
        yield _undocumented(["participants"])
        return
    communications, unreadable = conversation.communications, conversation.unreadable
    to_gateway = ctx.aim is not None and ctx.aim.world == "gateway"
    if unreadable and not any(communication.has_cobrowse for communication in conversation.live):
        yield _undocumented(unreadable)
        return
    yield judge_media(communications, by_gateway=to_gateway and ctx.genesys.get(gateway.PROVIDERS_PATH).ok)


def judge_media(communications: Sequence[Communication], *, by_gateway: bool = False) -> Result:
    """`by_gateway` is true if the call goes to the org's provider gateway, whose path is for chats."""
    current = [communication for communication in communications if not communication.is_ended] or communications
    kinds = sorted({communication.kind for communication in current})
    names = " and ".join(NAMES.get(kind, kind) for kind in kinds)
    if not communications:
        return unclear("no_communication", "The conversation has no communications, so its media type is unknown.")
    if any(communication.has_cobrowse for communication in current):
        return passed(
            "supported",
            f"The conversation is {names}, which supports cobrowse.",
            evidence={"kinds": kinds},
        )
    if by_gateway and "chats" in kinds:
        sentence = f"The conversation is {names}, which this org's gateway accepts."
        return passed("taken_by_gateway", sentence, evidence={"kinds": kinds})
    if kinds == ["unknown"]:
        return unclear("unknown_type", "The org doesn't say which type of message this is.", evidence={"kinds": kinds})
    legacy = "chats" in kinds
    return failed(
        "legacy_chat" if legacy else "media_unsupported",
        f"The conversation is {names}. Cobrowse works only with web messaging (Messenger) and voice.",
        hint="Move the site from legacy web chat to Messenger (web messaging). Changing the call doesn't help."
        if legacy
        else "Move the customer to web messaging or a call before offering cobrowse.",
        evidence={"kinds": kinds},
    )


@check(
    "conversation.connected",
    title="Customer and agent connected",
    node="conversation",
    about="conversation",
    rules_out=True,
    is_decisive=True,
    depends_on=("conversation",),
    affected_by=("client", "org"),
    after=("conversation.exists",),
    needs=("conversation",),
    reads=("GET /api/v2/conversations/{conversationId}",),
)
def conversation_connected(ctx: CheckContext) -> Iterator[Result]:
    conversation = ctx.conversation()
    if isinstance(conversation, UnreadableResponse):
        yield _undocumented(["participants"])
    elif conversation.unreadable:
        yield _undocumented(conversation.unreadable)
    else:
        yield judge_connection(conversation.communications, conversation.ended_at)


def judge_connection(communications: Sequence[Communication], ended_at: str) -> Result:
    """By the communications, because `Conversation.state` is always empty in responses."""
    states = [
        {"purpose": communication.purpose, "kind": communication.kind, "state": communication.state}
        for communication in communications
    ][:50]
    live = [communication for communication in communications if not communication.is_ended]
    if ended_at or (communications and not live):
        when = f" at {ended_at}" if ended_at else ""
        return failed(
            "ended",
            f"The conversation ended{when}: all its communications are disconnected.",
            hint="Cobrowse needs a live conversation. The status of the response doesn't prove this, but the end time does.",
            evidence={"ended_at": ended_at, "legs": states},
        )
    if not communications:
        return unclear("no_communication", "The conversation has no communications, so its state is unknown.")
    # If the customer is connected by several media, only the one with cobrowse counts.
    if any(communication.has_cobrowse for communication in live if communication.purpose in CUSTOMER):
        live = [
            communication
            for communication in live
            if communication.has_cobrowse or communication.purpose not in CUSTOMER
        ]
    return _judge_parties(live, states)


def _judge_parties(live: list[Communication], states: list[dict[str, str]]) -> Result:
    customers = [communication for communication in live if communication.purpose in CUSTOMER]
    agents = [communication for communication in live if communication.purpose in AGENT]
    if customers and agents and any(a.state in LIVE for a in agents) and any(c.state in LIVE for c in customers):
        if any(communication.state == PARKED for communication in agents) and not any(
            communication.state == "connected" for communication in agents
        ):
            return warned(
                "parked",
                "The agent has parked the conversation: it is live, but the agent isn't connected now.",
                hint="Have the agent resume the conversation before starting cobrowse.",
                evidence={"legs": states},
            )
        return passed("connected", "Customer and agent are connected.", evidence={"legs": states})
    if not customers:
        return failed(
            "no_customer",
            "No customer is connected: only internal participants are left.",
            hint="Start cobrowse while the customer is connected.",
            evidence={"legs": states},
        )
    if not agents:
        queued = any(communication.purpose == "acd" for communication in live)
        return failed(
            "queued" if queued else "no_agent",
            "The customer is waiting in the queue. No agent is connected yet."
            if queued
            else "No agent is connected: only the customer or a flow is left.",
            hint="Start cobrowse after an agent has answered. The API has no state 'queued': a waiting customer shows as a "
            "connected acd participant without an agent.",
            evidence={"legs": states},
        )
    waiting = sorted(
        {communication.state for communication in (*agents, *customers) if communication.state not in LIVE}
    )
    return failed(
        "not_connected",
        f"The conversation isn't connected yet: {', '.join(waiting) or 'its state is missing'}.",
        hint="Wait until the agent has answered and both are connected.",
        evidence={"legs": states},
    )
