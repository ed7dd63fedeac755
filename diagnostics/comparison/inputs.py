"""What two runs were given: the call, its answer, the conversation. A fix "from the web" shows here, not in the org."""

from collections.abc import Iterable
from typing import Any

from diagnostics.comparison.fact import Fact, FactState, fact, neither
from diagnostics.comparison.noise import is_same, quiet_text
from diagnostics.comparison.side import Side
from diagnostics.parsing.call import FailingCall, ReceivedResponse

NONE = "none"
# Headers that differ from call to call, or that no diagnosis looks at.
UNTOLD_HEADERS = frozenset(
    ("content-length", "date", "host", "connection", "user-agent", "accept-encoding", "inin-correlation-id", "cookie")
)
LONGEST = 600


def facts_of(before: Side, after: Side) -> tuple[Fact, ...]:
    """Nothing of a call where neither run was given one."""
    return tuple(neither([*_calls(before, after), *_conversations(before, after), *_answers(before, after)]))


def _calls(before: Side, after: Side) -> Iterable[Fact]:
    old, new = before.inputs.call, after.inputs.call
    if old is None or new is None:
        if old is not new:
            told = "a call was brought" if new else "no call was brought"
            yield fact("call", "The call", _describe_input(old), _describe_input(new), told=told)
        return
    yield _fact("method", "Method", old.method or NONE, new.method or NONE)
    yield _fact("host", "Host", old.host or NONE, new.host or NONE)
    yield _fact("path", "Path", _path(old), _path(new))
    yield _fact("query", "Query", old.query or NONE, new.query or NONE)
    yield _fact("sdk_method", "SDK method", old.sdk_method or NONE, new.sdk_method or NONE)
    yield _headers(old, new)
    yield _body(old, new)
    yield _providers(before, after)


def _fact(kind: str, what: str, before: str, after: str) -> Fact:
    """Texts that differ in nothing but ids and times are the same."""
    name = what if what.startswith("SDK") else what.lower()
    told = f"the call's {name} changed from {quiet_text(before)} to {quiet_text(after)}"
    state = FactState.SAME if quiet_text(before) == quiet_text(after) else FactState.CHANGED
    return Fact(kind, what, _cut(before), _cut(after), state, told=_cut(told) if state is FactState.CHANGED else "")


def _path(call: FailingCall) -> str:
    return call.path or NONE


def _headers(old: FailingCall, new: FailingCall) -> Fact:
    """By name and shape: a token was masked before anything was kept, and how it is masked says nothing."""
    shown = [_lines(each.headers) for each in (old, new)]
    differ = [name for name in sorted({*shown[0], *shown[1]}) if not is_same(shown[0].get(name), shown[1].get(name))]
    state = FactState.CHANGED if differ else FactState.SAME
    texts = [", ".join(f"{name}: {lines[name]}" for name in differ or lines if name in lines) for lines in shown]
    told = f"the call's header {', '.join(differ)} is another" if differ else ""
    return Fact("headers", "Headers", _cut(texts[0]) or NONE, _cut(texts[1]) or NONE, state, told=told)


def _lines(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers if name.lower() not in UNTOLD_HEADERS}


def _body(old: FailingCall, new: FailingCall) -> Fact:
    """JSON as a value, so that spaces and the order of its keys do not count; anything else as text."""
    values: list[Any] = []
    for each in (old, new):
        value, trouble = each.json()
        values.append(each.body if trouble else value)
    state = FactState.SAME if is_same(values[0], values[1]) else FactState.CHANGED
    texts = [_cut(each.body) if each.body else NONE for each in (old, new)]
    told = "the call's body is another" if state is FactState.CHANGED else ""
    return Fact("body", "Body", texts[0], texts[1], state, told=told)


def _providers(before: Side, after: Side) -> Fact:
    """Letter for letter: a gateway compares exactly."""
    named = [aim.provider_id if (aim := each.aim) is not None else None for each in (before, after)]
    if named == [None, None]:
        return Fact("provider_id", "Provider id", None, None, FactState.SAME)
    old, new = (NONE if each is None else _cut(each) for each in named)
    return fact(
        "provider_id", "Provider id", old, new, told=f"the provider that the call names changed from {old} to {new}"
    )


def _conversations(before: Side, after: Side) -> Iterable[Fact]:
    old, new = before.conversation_id or NONE, after.conversation_id or NONE
    if (old, new) != (NONE, NONE):
        yield fact("conversation", "Conversation", old, new, told="it is about another conversation")


def _answers(before: Side, after: Side) -> Iterable[Fact]:
    old, new = before.inputs.response, after.inputs.response
    if old is None and new is None:
        return
    texts = [_answer(each) for each in (old, new)]
    same = is_same(*(None if each is None else (each.status, each.network_error, _stated(each)) for each in (old, new)))
    if old is None or new is None:
        told = (
            f"an answer was brought with it: {texts[1]}"
            if new
            else f"no answer was brought with it any more, as {texts[0]} was"
        )
    else:
        told = "" if same else f"the answer that was brought was {texts[0]} and is {texts[1]}"
    yield Fact("answer", "Answer brought", texts[0], texts[1], FactState.SAME if same else FactState.CHANGED, told=told)


def _stated(answer: ReceivedResponse) -> Any:
    value, trouble = answer.json()
    return answer.body if trouble else value


def _answer(answer: ReceivedResponse | None) -> str:
    if answer is None:
        return NONE
    if answer.network_error:
        return _cut(answer.network_error)
    value = _stated(answer)
    code = value.get("code") if isinstance(value, dict) else None
    return _cut(f"{answer.status or 'no status'}{f' {code}' if isinstance(code, str) else ''}")


def _describe_input(call: FailingCall | None) -> str:
    return NONE if call is None else _cut(f"{call.method} {call.url or call.sdk_method}".strip())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
