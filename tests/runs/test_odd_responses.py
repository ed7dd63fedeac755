"""Half a surrogate pair in an org's response can't be stored as it is, and costs no run."""

from typing import Any

import pytest
from pytest_django import Settings

from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import create_client
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.engine.mutations import with_surrogates

HEALTHY = scenario("healthy-web")
SPOILED = ("tokens/me", "conversations/", "webdeployments/deployments", "authorization/subjects/me")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", SPOILED)
def test_lone_surrogates_in_a_response_cost_no_run(
    part: str, demo: server.Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = next(each for each in demo.orgs["published"].orgs[0].clients if each.name == HEALTHY.client)
    client = create_client(name="Demo", region_key="demo-published", client_id=known.id, secret=known.secret, user=None)
    inputs, _ = Inputs.from_paste(HEALTHY.call, HEALTHY.answer, HEALTHY.conversation_id)
    app = demo.servers[0].get_app()
    assert app is not None

    def spoil(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        sent: list[Any] = []
        remember: Any = lambda *given: sent.append(given)  # noqa: E731
        body = b"".join(app(environ, remember))
        if part in environ["PATH_INFO"] and body.startswith(b"{"):
            body = with_surrogates(body.decode()).encode()
        status, headers, *_ = sent[0]
        lengths = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*lengths, ("Content-Length", str(len(body)))])
        return [body]

    demo.servers[0].set_app(spoil)
    run = create_run(client=client, kind=Run.Kind.DIAGNOSIS, inputs=inputs, user=None, source=Run.Source.WEB)
    assert execute_run(run.pk)
    run.refresh_from_db()
    codes = set(run.findings.values_list("code", flat=True))
    assert (run.status, "crashed" in codes, run.verdict["cause"]) == ("finished", False, run.cause)
    assert {each.check_id for each in run.findings.all()} >= {"oauth.token", "conversation.exists"}
