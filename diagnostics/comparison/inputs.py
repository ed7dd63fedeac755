"""The facts about the inputs of two runs: the call, its response and the conversation."""

from collections.abc import Iterable
from typing import Any

from diagnostics.comparison.fact import Fact, FactState, fact, without_unknown
from diagnostics.comparison.noise import is_same, quiet_text
from diagnostics.comparison.side import Side
from diagnostics.parsing.call import FailingCall, ReceivedResponse

NONE = "none"
# Headers that differ from call to call, or that no check reads.
IGNORED_HEADERS = frozenset(
    ("content-length", "date", "host", "connection", "user-agent", "accept-encoding", "inin-correlation-id", "cookie")
)
LONGEST = 600


def facts_of(before: Side, after: Side) -> tuple[Fact, ...]:
    return tuple(without_unknown([*_calls(before, after), *_conversations(before, after), *_responses(before, after)]))


def _calls(before: Side, after: Side) -> Iterable[Fact]:
    old, new = before.inputs.call, after.inputs.call
    if old is None or new is None:
        if old is not new:
            clause = "a call was added" if new else "the call was left out"
            yield fact("call", "Call", _call_text(old), _call_text(new), clause=clause)
        return
    yield _fact("method", "Method", old.method or NONE, new.method or NONE)
    yield _fact("host", "Host", old.host or NONE, new.host or NONE)
    yield _fact("path", "Path", old.path or NONE, new.path or NONE)
    yield _fact("query", "Query", old.query or NONE, new.query or NONE)
    yield _fact("sdk_method", "SDK method", old.sdk_method or NONE, new.sdk_method or NONE)
    yield _headers(old, new)
    yield _body(old, new)
    yield _providers(before, after)


def _fact(kind: str, what: str, before: str, after: str) -> Fact:
    """Texts that differ only in IDs and times count as the same."""
    name = what if what.startswith("SDK") else what.lower()
    clause = f"the call's {name} changed from {quiet_text(before)} to {quiet_text(after)}"
    state = FactState.SAME if quiet_text(before) == quiet_text(after) else FactState.CHANGED
    return Fact(kind, what, _cut(before), _cut(after), state, clause=_cut(clause) if state is FactState.CHANGED else "")


def _headers(old: FailingCall, new: FailingCall) -> Fact:
    """Ignores how a token is masked, because it was masked before it was stored."""
    shown = [
        {name.lower(): value for name, value in call.headers if name.lower() not in IGNORED_HEADERS}
        for call in (old, new)
    ]
    differ = [name for name in sorted({*shown[0], *shown[1]}) if not is_same(shown[0].get(name), shown[1].get(name))]
    state = FactState.CHANGED if differ else FactState.SAME
    texts = [", ".join(f"{name}: {lines[name]}" for name in differ or lines if name in lines) for lines in shown]
    clause = f"the call's header {', '.join(differ)} is different" if differ else ""
    return Fact("headers", "Headers", _cut(texts[0]) or NONE, _cut(texts[1]) or NONE, state, clause=clause)


def _body(old: FailingCall, new: FailingCall) -> Fact:
    """Compares JSON by value, so whitespace and the order of keys don't count, and anything else as text."""
    state = FactState.SAME if is_same(_value_of(old), _value_of(new)) else FactState.CHANGED
    texts = [_cut(call.body) if call.body else NONE for call in (old, new)]
    clause = "the call's body is different" if state is FactState.CHANGED else ""
    return Fact("body", "Body", texts[0], texts[1], state, clause=clause)


def _providers(before: Side, after: Side) -> Fact:
    """Compares exactly, as a gateway does."""
    named = [aim.provider_id if (aim := side.aim) is not None else None for side in (before, after)]
    if named == [None, None]:
        return Fact("provider_id", "Provider ID", None, None, FactState.SAME)
    old, new = (NONE if candidate is None else _cut(candidate) for candidate in named)
    clause = f"the provider ID in the call changed from {old} to {new}"
    return fact("provider_id", "Provider ID", old, new, clause=clause)


def _conversations(before: Side, after: Side) -> Iterable[Fact]:
    old, new = before.conversation_id or NONE, after.conversation_id or NONE
    if (old, new) != (NONE, NONE):
        yield fact("conversation", "Conversation", old, new, clause="it's about another conversation")


def _responses(before: Side, after: Side) -> Iterable[Fact]:
    old, new = before.inputs.response, after.inputs.response
    if old is None and new is None:
        return
    texts = [_response_text(response) for response in (old, new)]
    values = [each and (each.status, each.network_error, _value_of(each)) for each in (old, new)]
    state = FactState.SAME if is_same(values[0], values[1]) else FactState.CHANGED
    if old is None:
        clause = f"a response was provided: {texts[1]}"
    elif new is None:
        clause = f"no response was provided; before it was {texts[0]}"
    else:
        clause = f"the provided response changed from {texts[0]} to {texts[1]}"
    clause = clause if state is FactState.CHANGED else ""
    yield Fact("answer", "Response provided", texts[0], texts[1], state, clause=clause)


def _value_of(message: FailingCall | ReceivedResponse) -> Any:
    """The body as JSON, else as text."""
    value, fault = message.json()
    return message.body if fault else value


def _response_text(answer: ReceivedResponse | None) -> str:
    if answer is None:
        return NONE
    if answer.network_error:
        return _cut(answer.network_error)
    value = _value_of(answer)
    code = value.get("code") if isinstance(value, dict) else None
    return _cut(f"{answer.status or 'no status'}{f' {code}' if isinstance(code, str) else ''}")


def _call_text(call: FailingCall | None) -> str:
    return NONE if call is None else _cut(f"{call.method} {call.url or call.sdk_method}".strip())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
