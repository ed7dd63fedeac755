"""Diagnoses each case with the real engine, over HTTP against a demo org in the case's state, and scores the verdicts."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock
from typing import Any

from diagnostics.demo.orgs import Endpoint
from diagnostics.demo.server import OneServer
from diagnostics.engine import causes
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.evaluation.cases import Case, org_id_of, part_of
from diagnostics.evaluation.states import client_of, company_gateway_of, endpoint_of, region_of
from diagnostics.genesys.regions import Region
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import Inputs

# What a certainty claims: how often the cause is right. An undetermined verdict claims none.
CLAIMED = {"proved": 1.0, "likely": 0.8}
CALIBRATED = 0.02  # the worst Brier score that counts as calibrated; 0.04 is that of "likely" for everything


@dataclass(frozen=True)
class CaseResult:
    """The verdict of the engine on one case."""

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
        """The verdict names a wrong cause. `none` and `undetermined` don't count."""
        return not self.is_right and self.cause not in (causes.NONE, causes.UNDETERMINED)


@dataclass(frozen=True)
class Score:
    cases: tuple[CaseResult, ...]

    @property
    def brier(self) -> float | None:
        """Mean square of the distance between what a certainty claims and what is true. 0 is best; None without a claim."""
        claims = [(CLAIMED[case.certainty] - case.is_right) ** 2 for case in self.cases if case.certainty in CLAIMED]
        return round(sum(claims) / len(claims), 4) if claims else None

    def counts(self) -> dict[str, Any]:
        # Nothing is wrong in these, so any cause is an accusation.
        healthy = [case for case in self.cases if case.case.cause == causes.NONE]
        return {
            "cases": len(self.cases),
            "right_first": sum(case.is_right for case in self.cases),
            "right_family": sum(case.is_right_family for case in self.cases),
            "wrong_accusations": sum(case.accuses_wrongly for case in self.cases),
            "proved_and_wrong": sum(case.certainty == "proved" and not case.is_right for case in self.cases),
            "healthy": len(healthy),
            "healthy_accused": sum(case.accuses_wrongly for case in healthy),
            "undetermined": sum(case.cause == causes.UNDETERMINED for case in self.cases),
            "brier": self.brier,
        }

    def to_json(self) -> dict[str, Any]:
        return {
            **self.counts(),
            "calibration": {
                certainty: {"cases": len(claimed), "right": sum(case.is_right for case in claimed), "claimed": share}
                for certainty, share in CLAIMED.items()
                for claimed in [[case for case in self.cases if case.certainty == certainty]]
            },
            "results": [
                {
                    "id": result.case.id,
                    "expected": result.case.cause,
                    "also_acceptable": list(result.case.acceptable),
                    "cause": result.cause,
                    "certainty": result.certainty,
                    "right": result.is_right,
                    "sentence": result.sentence,
                }
                for result in self.cases
            ],
        }


def evaluate(cases: Iterable[Case], *, by_paste: bool = False) -> Score:
    """With `by_paste`, those that have one are judged by their pasted text alone."""
    return Score(tuple(score_one(case, by_paste=by_paste) for case in cases if case.paste or not by_paste))


def score_one(case: Case, *, by_paste: bool = False) -> CaseResult:
    try:
        inputs = inputs_of_paste(case) if by_paste else inputs_of(case)
    except Unreadable as error:
        return CaseResult(case, causes.UNDETERMINED, "undetermined", str(error))
    with diagnosis_of(case, inputs) as diagnosis:
        for _ in diagnosis.steps():
            pass
        verdict = diagnosis.verdict()
    return CaseResult(case, verdict["cause"], verdict["certainty"], verdict["sentence"])


def inputs_of(case: Case) -> Inputs:
    """The inputs as a person would enter them: the call and the response as JSON, and the case's title as the note."""
    call = json.dumps(case.request) if case.request else ""
    answer = json.dumps(_response(case.response)) if case.response else ""
    conversation_id = "" if case.request else str(part_of(case.state, "conversation").get("id") or "")
    inputs, _ = Inputs.from_paste(call, answer, conversation_id)
    return replace(inputs, note=case.title, company_gateway=company_gateway_of(case.state))


def inputs_of_paste(case: Case) -> Inputs:
    inputs, _ = Inputs.from_paste(case.paste)
    return replace(inputs, company_gateway=company_gateway_of(case.state))


def _response(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without a status there was no response: the case's texts are then the error message of the client program."""
    if response.get("status") is not None:
        return response
    texts = [str(response[key]) for key in response if isinstance(response[key], str) and response[key]]
    return {"network_error": " ".join(texts)}


@contextmanager
def diagnosis_of(case: Case, inputs: Inputs, endpoint: Endpoint | None = None) -> Iterator[Diagnosis]:
    """The call is checked against the hosts of the real region, but requests go to the demo org.

    `endpoint` is used instead of that of the case's state.
    """
    client, region = client_of(case.state), region_of(case.state)
    with _diagnosing:
        address = _server().serve(endpoint or endpoint_of(case.state))
        yield Diagnosis(
            region=Region(region.key, region.name, region.domain, address, address),
            client_id=client.id,
            secret=client.secret,
            client_name=client.name,
            kind="diagnosis",
            inputs=inputs,
            org_id=org_id_of("org"),
        )


# Started by the first case; one case at a time.
_server = cache(OneServer)
_diagnosing = Lock()
