"""Whether two runs are similar enough to compare, and remarks for the reader of the comparison."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from diagnostics.comparison.side import Side
from diagnostics.engine.as_it_was import PAST

Weight = Literal["banner", "note"]
KINDS = {"health": "a health check of the org", "diagnosis": "a diagnosis"}


@dataclass(frozen=True)
class Remark:
    """A remark of weight `banner` means that the runs are too different for the changes to mean much."""

    code: str
    weight: Weight
    sentence: str


def remarks_on(a: Side, b: Side) -> tuple[Remark, ...]:
    """The remarks, banners first. Two finished runs of the same target have no banner."""
    if a.pk == b.pk:
        return (Remark("same_run", "banner", "Both are the same run, so there is nothing to compare."),)
    found = [
        *_completeness(a),
        *_completeness(b),
        *_branches(a, b),
        *_kinds(a, b),
        *_environment_remarks(a, b),
        *_order(a, b),
    ]
    return tuple(sorted(found, key=lambda remark: remark.weight))


def is_comparable(remarks: tuple[Remark, ...]) -> bool:
    return all(remark.weight != "banner" for remark in remarks)


def _completeness(side: Side) -> Iterator[Remark]:
    name = side.name.capitalize()
    if side.is_open:
        word = "waits for a worker" if side.status == "queued" else "is still running"
        yield Remark("open", "banner", f"{name} {word}: checks that haven't finished count as unknown.")
    elif side.was_cut_short:
        yield Remark("interrupted", "banner", f"{name} was interrupted: checks that didn't finish count as unknown.")
    if not side.environment and not side.is_open:
        yield Remark("no_environment", "note", f"{name} has no stored setup, so setups can't be compared.")
    if side.client_is_retired:
        yield Remark("retired", "note", f"The client of {side.name}, {side.client_name}, is retired.")


def _branches(a: Side, b: Side) -> Iterator[Remark]:
    if a.branch == b.branch:
        return
    for side in (a, b):
        if side.branch:
            sentence = f"{side.name.capitalize()} re-checked only one branch, so only that is compared."
            yield Remark("part", "banner", sentence)


def _kinds(a: Side, b: Side) -> Iterator[Remark]:
    if a.kind != b.kind:
        names = f"{a.name.capitalize()} is {KINDS.get(a.kind, a.kind)}, {b.name} {KINDS.get(b.kind, b.kind)}"
        yield Remark("other_kind", "banner", f"{names}: only checks that both ran are compared.")
    elif a.target != b.target and any(side.target.startswith(f"{PAST}:") for side in (a, b)):
        sentence = (
            "A verdict here is about a failure in the past. The findings are those of the org when the run was made."
        )
        yield Remark("other_time", "banner", sentence)
    elif a.target and b.target and _clientless_target(a) != _clientless_target(b):
        sentence = "The two runs are about different calls, so different results may be due to the calls."
        yield Remark("other_target", "banner", sentence)
    elif a.conversation_id and b.conversation_id and a.conversation_id != b.conversation_id:
        sentence = "The two runs are about different conversations: one may be live and the other ended."
        yield Remark("other_conversation", "note", sentence)


def _environment_remarks(a: Side, b: Side) -> Iterator[Remark]:
    if a.client_pk == b.client_pk:
        return
    old, new = a.facts.org_id, b.facts.org_id
    names = f"{a.client_name} and {b.client_name}"
    if old and old == new:
        yield Remark("other_client", "note", f"Two clients of one org: {names}. Their permissions may differ.")
    else:
        yield Remark("other_org", "note", f"Two clients of {'two' if old and new else 'perhaps two'} orgs: {names}.")


def _order(a: Side, b: Side) -> Iterator[Remark]:
    if a.client_pk == b.client_pk and (a.at, a.pk) > (b.at, b.pk):
        order = "the columns are in reverse order of time, the sentence above isn't"
        yield Remark("reversed", "note", f"{a.name.capitalize()} is the later run: {order}.")


def _clientless_target(side: Side) -> str:
    """The target without its client, which two orgs can have in common."""
    kind, _, rest = side.target.partition(":")
    return f"{kind}:{rest.partition(':')[2]}"
