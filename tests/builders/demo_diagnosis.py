"""Runs a diagnosis against the demo orgs, without the database."""

from diagnostics.demo.orgs import REGION
from diagnostics.demo.scenarios import Scenario
from diagnostics.demo.server import Running
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.genesys.regions import region
from diagnostics.parsing.inputs import Inputs


def diagnose(orgs: Running, scenario: Scenario, client_name: str = "") -> Diagnosis:
    """The completed diagnosis of a scenario, by its own client or by another client of the same org."""
    name = client_name or scenario.client
    client = next(client for org in orgs.orgs[scenario.org].orgs for client in org.clients if client.name == name)
    inputs, _ = Inputs.from_paste(scenario.call, scenario.answer, scenario.conversation_id)
    diagnosis = Diagnosis(
        region=region(REGION.format(key=scenario.org)),
        client_id=client.id,
        secret=client.typed_secret or client.secret,
        client_name=client.name,
        kind="diagnosis",
        inputs=inputs,
    )
    for _ in diagnosis.steps():
        pass
    return diagnosis
