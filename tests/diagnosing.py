"""The very engine, without rows, against the demo orgs that a test serves."""

from diagnostics.demo.orgs import REGION
from diagnostics.demo.scenarios import Scenario
from diagnostics.demo.server import Running
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.genesys.regions import region
from diagnostics.parsing.inputs import Inputs


def diagnose(orgs: Running, told: Scenario, client_name: str = "") -> Diagnosis:
    """A scenario's diagnosis, walked to its end; by another client of the same org where one is named."""
    wanted = client_name or told.client
    client = next(each for org in orgs.orgs[told.org].orgs for each in org.clients if each.name == wanted)
    inputs, _ = Inputs.from_paste(told.call, told.answer, told.conversation_id)
    diagnosis = Diagnosis(
        region=region(REGION.format(key=told.org)),
        client_id=client.id,
        secret=client.typed_secret or client.secret,
        client_name=client.name,
        kind="diagnosis",
        inputs=inputs,
    )
    for _ in diagnosis.steps():
        pass
    return diagnosis
