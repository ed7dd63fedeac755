"""A client secret that is an ordinary phrase never masks the product's own text; one that is not is masked everywhere."""

from datetime import UTC, datetime

import pytest
from django.test import Client as Browser

from diagnostics.demo import server
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.redaction.redactor import Redactor, is_ordinary
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.factories import make_user

NASTY = (
    "wrong secret",
    "password",
    "conversation",
    "not found",
    "cobrowse",
    "client credentials",
    "/api/v2/conversations",
    "/oauth/token",
    "conversation:cobrowse:add",
    "invalid_client",
    "authentication.required",
    "api.mypurecloud.com",
    "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11",
)
RANDOM = "kJ8sQ2xLp0vW7rTz4nBy6mHc3fGd9aEu1iOo5SqXwVt"


@pytest.mark.parametrize("secret", NASTY)
def test_sentence_that_has_the_phrase_of_a_secret_in_it_stays(secret: str) -> None:
    sentence = f"The client was rejected: {secret}. Check the wrong secret, the conversation and cobrowse: not found."
    assert is_ordinary(secret)
    assert Redactor([secret, f"id:{secret}"]).sentence(sentence) == sentence
    assert Redactor([secret, f"id:{secret}"]).text("conversation not found") == "conversation not found"


@pytest.mark.parametrize(
    "secret", [RANDOM, "correct horse battery staple", "hunter2-hunter2", "Zq!31 & co", "a-token-of-the-run"]
)
def test_secret_that_is_no_phrase_of_ours_is_masked_in_a_sentence(secret: str) -> None:
    assert not is_ordinary(secret)
    assert Redactor([secret]).sentence(f"The org said {secret}.") == "The org said [masked]."


@pytest.mark.parametrize("secret", ["wrong secret", "not found", "the token"])
def test_login_host_that_repeats_an_ordinary_secret_is_masked(secret: str) -> None:
    body = f'{{"error": "invalid_client", "description": "The secret {secret} does not belong to the client"}}'
    sent = HttpExchange(
        "POST", "https://login.mypurecloud.com/oauth/token", datetime.now(UTC), 1.0, status=400, body=body
    )
    observed = Redactor([secret, f"id:{secret}"]).exchange(sent)
    assert secret not in observed.body
    assert "invalid_client" in observed.body


@pytest.mark.django_db(transaction=True)
def test_page_of_a_run_is_the_same_with_an_ordinary_secret_and_a_random_one(demo: server.Running) -> None:
    """The login host refuses all of these, and the verdict speaks of a wrong secret."""
    browser = Browser()
    browser.force_login(make_user(role="admin"))
    client = OAuthClient.objects.create(
        name="Nasty", region="demo-published", client_id="5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a99", secret=RANDOM
    )
    result: dict[str, object] = {}
    for secret in (RANDOM, *NASTY):
        OAuthClient.objects.filter(pk=client.pk).update(secret=secret)
        run = create_run(
            client=OAuthClient.objects.get(pk=client.pk), kind="health", inputs=Inputs(), user=None, source="web"
        )
        execute_run(run.pk)
        expected = [
            (each.check_id, each.code, each.sentence, each.hint)
            for each in run.findings.order_by("check_id", "subject")
        ]
        page = browser.get(f"/runs/{run.pk}/").content.decode()
        result[secret] = ([each for each in expected if each[0].startswith("oauth")], page.count("[masked"))
        assert Run.objects.get(pk=run.pk).verdict["cause"] == Run.objects.order_by("pk")[0].verdict["cause"]
    assert all(each == result[RANDOM] for each in result.values())
