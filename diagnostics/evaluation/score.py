"""Cases through the very engine, over HTTP to a demo org in the case's state; and what that scored."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from diagnostics.demo.server import serve
from diagnostics.engine import causes
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.evaluation.cases import Case
from diagnostics.evaluation.states import client_of, company_gateway_of, endpoint_of, region_of
from diagnostics.evaluation.text import org_id_of
from diagnostics.genesys.regions import Region
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import Inputs


@dataclass(frozen=True)
class Scored:
    """One case's outcome: what was expected, and what the engine said."""

    case: Case
    cause: str
    certainty: str
    sentence: str

    @property
    def is_right(self) -> bool:
        return self.cause in self.case.right

    @property
    def is_right_family(self) -> bool:
        return causes.family_of(self.cause) in {causes.family_of(cause) for cause in self.case.right}

    @property
    def accuses_wrongly(self) -> bool:
        """A cause was named, and it is another one; not naming any is no accusation."""
        return not self.is_right and self.cause not in (causes.NONE, causes.UNDETERMINED)


@dataclass(frozen=True)
class Score:
    cases: tuple[Scored, ...]

    def to_json(self) -> dict[str, Any]:
        total = len(self.cases)
        return {
            "cases": total,
            "right_first": sum(each.is_right for each in self.cases),
            "right_family": sum(each.is_right_family for each in self.cases),
            "wrong_accusations": sum(each.accuses_wrongly for each in self.cases),
            "undetermined": sum(each.cause == causes.UNDETERMINED for each in self.cases),
            "results": [
                {
                    "id": each.case.id,
                    "expected": each.case.cause,
                    "also_acceptable": list(each.case.acceptable),
                    "cause": each.cause,
                    "certainty": each.certainty,
                    "right": each.is_right,
                    "sentence": each.sentence,
                }
                for each in self.cases
            ],
        }


def evaluate(cases: Iterable[Case]) -> Score:
    return Score(tuple(score_one(case) for case in cases))


def score_one(case: Case) -> Scored:
    try:
        inputs = inputs_of(case)
    except Unreadable as trouble:
        return Scored(case, causes.UNDETERMINED, "undetermined", str(trouble))
    with diagnosis_of(case, inputs) as diagnosis:
        for _ in diagnosis.steps():
            pass
        verdict = diagnosis.verdict()
    return Scored(case, verdict["cause"], verdict["certainty"], verdict["sentence"])


def inputs_of(case: Case) -> Inputs:
    """As a person would bring them: the call and the answer, both as JSON, and what they say of it."""
    call = json.dumps(case.request) if case.request else ""
    answer = json.dumps(_as_answer(case.response)) if case.response else ""
    inputs, _ = Inputs.from_paste(call, answer, "" if case.request else _conversation_id(case))
    return replace(inputs, note=case.title, company_gateway=company_gateway_of(case.state))


def _as_answer(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer without a status is none: whatever the case says in its place is the words of the client program."""
    if response.get("status") is not None:
        return response
    said = [str(response[key]) for key in response if isinstance(response[key], str) and response[key]]
    return {"network_error": " ".join(said)}


def _conversation_id(case: Case) -> str:
    told = case.state.get("conversation")
    return str(told.get("id") or "") if isinstance(told, dict) else ""


@contextmanager
def diagnosis_of(case: Case, inputs: Inputs) -> Iterator[Diagnosis]:
    """The real region's hosts judge the call; only the connection goes to the stand-in."""
    client, region = client_of(case.state), region_of(case.state)
    with serve(endpoint_of(case.state)) as address:
        connected = Region(region.key, region.name, region.domain, address, address)
        yield Diagnosis(
            region=connected,
            client_id=client.id,
            secret=client.secret,
            client_name=client.name,
            kind="diagnosis",
            inputs=inputs,
            org_id=org_id_of("org"),
        )
