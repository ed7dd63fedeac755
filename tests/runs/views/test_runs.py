"""Runs: the page of one, its progress, its exchanges, the same again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.runs.models import Run
from diagnostics.runs.run_json import VERDICT_KEYS
from tests.factories import (
    CONVERSATION,
    make_client,
    make_exchange,
    make_finding,
    make_open_run,
    make_provider,
    make_run,
    make_verdict,
)

pytestmark = pytest.mark.django_db


def test_an_open_run_polls_and_a_closed_one_does_not(as_lead: Client) -> None:
    run = make_open_run()
    assert b"hx-trigger" in as_lead.get(f"/runs/{run.pk}/").content
    Run.objects.update(status="finished")
    assert b"hx-trigger" not in as_lead.get(f"/runs/{run.pk}/progress/").content


def test_an_open_run_refreshes_without_script(as_lead: Client) -> None:
    run = make_open_run()
    assert b'<noscript><meta http-equiv="refresh"' in as_lead.get(f"/runs/{run.pk}/").content
    Run.objects.update(status="finished")
    assert b"http-equiv" not in as_lead.get(f"/runs/{run.pk}/").content


def test_a_poll_gets_only_what_is_new(as_lead: Client) -> None:
    run = make_open_run()
    place = f"/runs/{run.pk}/progress/"
    assert as_lead.get(place, {"seen": "running.0.0"}).status_code == 204
    make_finding(run)
    answer = as_lead.get(place, {"seen": "running.0.0"})
    assert answer.status_code == 200
    assert b"seen=running.1.0" in answer.content
    assert b"<html" not in answer.content


def test_the_end_always_reaches_the_page(as_lead: Client) -> None:
    run = make_run()
    assert as_lead.get(f"/runs/{run.pk}/progress/", {"seen": "finished.0.0"}).status_code == 200


def test_progress_counts_checks_and_not_findings(as_lead: Client) -> None:
    run = make_open_run(planned=["oauth.token", "request.path", "provider.match"])
    make_finding(run, "oauth.token", "pass", subject="one")
    make_finding(run, "oauth.token", "pass", subject="two")
    assert b"1 of 3 checks" in as_lead.get(f"/runs/{run.pk}/").content


def test_the_page_answers_in_its_order(as_lead: Client) -> None:
    fix = {
        "steps": ["STEP ONE"],
        "menu_path": "Admin > MENU",
        "permissions": [{"api": "conversation:cobrowse:add", "admin": "Conversation > Cobrowse > Add"}],
        "one_is_enough": True,
        "curl": "curl CORRECTED",
        "snippets": {"python": "PYTHON SNIPPET", "java": "JAVA SNIPPET"},
    }
    verdict = make_verdict(
        sentence="THE SENTENCE",
        fix=fix,
        also=["body.unexpected"],
        unchecked=[{"sentence": "UNCHECKED", "who": "WHO"}],
    )
    run = make_run(verdict=verdict)
    make_finding(run, sentence="THE PROOF")
    make_exchange(run)
    page = as_lead.get(f"/runs/{run.pk}/").content.decode()
    order = [">THE SENTENCE", "STEP ONE", "Admin &gt; MENU", "conversation:cobrowse:add"]
    order += ["curl CORRECTED", "PYTHON SNIPPET", "JAVA SNIPPET", "Evidence", "THE PROOF", "UNCHECKED", "WHO"]
    order += ["Body not expected", 'id="requests"', 'id="input"', 'id="export"']
    places = [page.index(word) for word in order]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "verdict",
    [
        {},
        {"because": ["gone.check"], "also": None, "fix": [], "unchecked": "text"},
        {"fix": {"steps": "one", "permissions": [None, {"admin": "x"}], "snippets": []}, "sentence": 7},
        {"unchecked": ["plain words", {"who": "nobody"}], "also": ["no.longer_known"]},
    ],
)
def test_a_verdict_of_any_shape_renders(as_lead: Client, verdict: dict[str, Any]) -> None:
    run = make_run(verdict=verdict)
    make_finding(run, "gone.from_the_registry", evidence=["not", "a", "mapping"])
    make_finding(run, "oauth.token", "pass", evidence={"deep": {"list": [1, {"a": None}]}, "no": False, "n": None})
    assert as_lead.get(f"/runs/{run.pk}/").status_code == 200


@pytest.mark.parametrize("inputs", [{}, {"call": None}, {"conversation_id": CONVERSATION}])
def test_inputs_with_little_in_them_render(as_lead: Client, inputs: dict[str, Any]) -> None:
    assert as_lead.get(f"/runs/{make_run(inputs=inputs).pk}/").status_code == 200


def test_what_was_found_is_text_and_never_markup(as_lead: Client) -> None:
    evil = "<script>alert(1)</script>"
    run = make_run(verdict=make_verdict(sentence=evil, fix={"curl": evil}))
    make_finding(run, sentence=evil, hint=evil, subject=evil, evidence={evil: evil})
    make_exchange(run, url=evil, body=evil, correlation_id=evil)
    assert b"<script>alert" not in as_lead.get(f"/runs/{run.pk}/").content
    assert b"<script>alert" not in as_lead.get(f"/runs/{run.pk}/exchanges/0/").content


def test_an_interrupted_run_is_marked_and_preserves_its_findings(as_lead: Client) -> None:
    run = make_run(status="interrupted", cause="undetermined", certainty="undetermined", verdict={})
    make_finding(run, sentence="FOUND BEFORE")
    page = as_lead.get(f"/runs/{run.pk}/").content
    assert b"interrupted" in page
    assert b"FOUND BEFORE" in page


def test_an_exchange_opens_as_a_page_and_as_a_fragment(as_lead: Client) -> None:
    exchange = make_exchange(make_run(), body='{"a":{"b":1}}')
    place = f"/runs/{exchange.run_id}/exchanges/{exchange.position}/"
    assert b"<html" in as_lead.get(place).content
    fragment = as_lead.get(place, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "&quot;b&quot;: 1" in fragment


def test_an_exchange_without_an_answer_renders(as_lead: Client) -> None:
    exchange = make_exchange(make_run(), status=None, error="timeout", body="", correlation_id="")
    assert b"timeout" in as_lead.get(f"/runs/{exchange.run_id}/").content
    assert as_lead.get(f"/runs/{exchange.run_id}/exchanges/0/").status_code == 200


def test_bodies_wait_until_they_are_asked_for(as_lead: Client) -> None:
    exchange = make_exchange(make_run(), body="A LARGE BODY")
    assert b"A LARGE BODY" not in as_lead.get(f"/runs/{exchange.run_id}/").content


def test_running_again_repeats_the_inputs(
    as_admin: Client,
    ada: User,
    sent_tasks: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    old = make_run()
    with django_capture_on_commit_callbacks(execute=True):
        as_admin.post(f"/runs/{old.pk}/again/")
    new = Run.objects.latest("pk")
    assert (new.conversation_id, new.started_by, new.status) == (CONVERSATION, ada, "queued")
    assert sent_tasks == [("execute_run", new.pk)]


def test_checking_again_plans_the_branch_of_one_finding_alone(
    as_admin: Client, sent_tasks: list[tuple[str, int]], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    old = make_run()
    finding = make_finding(old, "conversation.connected")
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_admin.post(f"/runs/{old.pk}/findings/{finding.position}/again/")
    new = Run.objects.latest("pk")
    assert answer.headers["Location"] == f"/runs/{new.pk}/"
    assert (new.repeats, new.branch, new.conversation_id) == (old, "conversation.connected", CONVERSATION)
    assert {"oauth.token", "conversation.exists", "conversation.connected"} <= set(new.planned)
    assert "provider.configured" not in new.planned
    assert sent_tasks == [("execute_run", new.pk)]


def test_checking_again_by_htmx_moves_the_whole_page(as_admin: Client, sent_tasks: list[tuple[str, int]]) -> None:
    old = make_run()
    finding = make_finding(old, "oauth.token")
    answer = as_admin.post(f"/runs/{old.pk}/findings/{finding.position}/again/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"/runs/{Run.objects.latest('pk').pk}/"


def test_a_check_that_is_gone_cannot_be_asked_again(as_admin: Client) -> None:
    finding = make_finding(make_run(), "gone.from_the_registry")
    answer = as_admin.post(f"/runs/{finding.run_id}/findings/{finding.position}/again/", follow=True)
    assert b"gone.from_the_registry" in answer.content
    assert Run.objects.count() == 1


def test_only_admins_are_offered_to_check_again_and_never_what_is_right(as_admin: Client, as_lead: Client) -> None:
    run = make_run()
    wrong, right = make_finding(run, "oauth.identity"), make_finding(run, "oauth.token", "pass")
    gone, uncalled = make_finding(run, "gone.from_the_registry"), make_finding(run, "request.path")
    page = as_admin.get(f"/runs/{run.pk}/").content
    assert f"/findings/{wrong.position}/again/".encode() in page
    for each in (right, gone, uncalled):
        assert f"/findings/{each.position}/again/".encode() not in page
    assert f"/runs/{run.pk}/findings/".encode() not in as_lead.get(f"/runs/{run.pk}/").content


def test_a_repeated_run_shows_what_changed(as_lead: Client) -> None:
    old = make_run()
    make_finding(old, "conversation.connected", "fail", code="queued", sentence="IT WAS QUEUED")
    make_finding(old, "oauth.token", "pass", code="issued")
    make_finding(old, "provider.configured", "fail", sentence="NOT ASKED AGAIN")
    planned = ["conversation.connected", "oauth.token"]
    new = make_run(old.client, repeats=old, branch="conversation.connected", planned=planned)
    make_finding(new, "oauth.token", "pass", code="issued")
    make_finding(new, "conversation.connected", "pass", code="connected", sentence="IT IS CONNECTED")
    page = as_lead.get(f"/runs/{new.pk}/").content.decode()
    assert (
        page.index("Better") < page.index("IT WAS QUEUED") < page.index("IT IS CONNECTED") < page.index("1 unchanged")
    )
    assert "NOT ASKED AGAIN" not in page


def test_a_part_that_is_right_is_not_shown_as_nothing_wrong(as_lead: Client) -> None:
    old = make_run()
    new = make_run(old.client, repeats=old, branch="oauth.token", cause="none", verdict=make_verdict(cause="none"))
    for place in (f"/runs/{new.pk}/", "/runs/?status=finished"):
        assert b"This branch passes now" in as_lead.get(place).content
    assert b"<span>Nothing wrong</span>" not in as_lead.get("/runs/").content


def test_a_retired_client_runs_nothing_again(as_admin: Client) -> None:
    run = make_run(make_client(retired_at=timezone.now()))
    assert as_admin.post(f"/runs/{run.pk}/again/").headers["Location"] == f"/runs/{run.pk}/"
    assert Run.objects.count() == 1


def test_a_team_lead_is_not_offered_to_run_again(as_lead: Client) -> None:
    run = make_run()
    assert b"/again/" not in as_lead.get(f"/runs/{run.pk}/").content


def test_a_run_asks_as_often_for_many_findings_as_for_one(
    as_lead: Client, queries_of: Callable[[Client, str], int]
) -> None:
    run = make_run()
    make_finding(run)
    make_exchange(run)
    alone = queries_of(as_lead, f"/runs/{run.pk}/")
    for number in range(6):
        make_finding(run, subject=str(number))
        make_exchange(run)
    assert queries_of(as_lead, f"/runs/{run.pk}/") == alone


def test_a_run_leads_to_its_neighbours_of_the_same_target(as_lead: Client) -> None:
    client = make_client()
    target = f"start:{client.pk}"
    good = make_run(client, target=target, cause="none")
    previous = make_run(client, target=target)
    run = make_run(client, target=target)
    make_run(client, target=target, branch="oauth.token", cause="none")
    make_run(client, target="health:1", kind="health", cause="none")
    following = make_run(client, target=target)
    page = as_lead.get(f"/runs/{run.pk}/").content.decode()
    assert f'rel="prev" href="/runs/{previous.pk}/"' in page
    assert f'rel="next" href="/runs/{following.pk}/"' in page
    assert f"/compare/?a={previous.pk}&amp;b={run.pk}" in page
    assert f"/compare/?a={good.pk}&amp;b={run.pk}" in page
    assert f"/runs/{run.pk}/history/" in page


def test_a_run_without_neighbours_offers_none(as_lead: Client) -> None:
    page = as_lead.get(f"/runs/{make_run().pk}/").content
    assert b'rel="prev"' not in page
    assert b'rel="next"' not in page
    assert b"/compare/?a=" not in page


def test_the_print_view_unfolds_everything(as_lead: Client) -> None:
    run = make_run()
    make_finding(run)
    make_exchange(run)
    folded, unfolded = (as_lead.get(f"/runs/{run.pk}/{query}").content.decode() for query in ("", "?print=1"))
    assert '<details class="fold" id="requests">' in folded
    assert '<details class="fold" id="requests" open>' in unfolded


def test_the_json_of_a_run_is_that_of_the_command_line(as_lead: Client) -> None:
    run = make_run()
    make_finding(run)
    make_exchange(run)
    reported = as_lead.get(f"/runs/{run.pk}/json/").json()
    assert set(reported) == {
        "schema_version",
        "run",
        "verdict",
        "findings",
        "exchanges",
        "duration_ms",
        "critical_path_ms",
    }
    assert reported["run"] == run.pk
    assert set(reported["verdict"]) == set(VERDICT_KEYS)
    assert reported["findings"][0]["check"] == "request.path"
    assert reported["exchanges"][0]["status"] == 200


@pytest.mark.parametrize("verdict", [{}, [], {"cause": "none"}])
def test_the_json_of_a_verdict_of_any_shape(as_lead: Client, verdict: Any) -> None:
    reported = as_lead.get(f"/runs/{make_run(verdict=verdict, duration_ms=None).pk}/json/").json()
    assert reported["verdict"]["because"] == []
    assert reported["duration_ms"] == 0


def test_the_deployment_that_the_answer_names_leads_to_its_page(as_lead: Client) -> None:
    shop, other = make_provider(name="Shop"), make_provider(make_client("Other"), name="Shop")
    unnamed = make_provider(shop.client, name="Sho", ref="sho")
    search_keys = [f"deployment:{each.ref}" for each in (shop, other, unnamed)]
    verdict = make_verdict(cause="config.cobrowse_disabled", sentence="Cobrowse is off in “Shop” (version 3).")
    page = as_lead.get(f"/runs/{make_run(shop.client, verdict=verdict, search_keys=search_keys).pk}/").content.decode()
    assert f"/providers/{shop.pk}/" in page
    assert all(f"/providers/{each.pk}/" not in page for each in (other, unnamed))
    bare = make_run(shop.client, verdict=verdict).pk
    assert f"/providers/{shop.pk}/" not in as_lead.get(f"/runs/{bare}/").content.decode()


def test_every_finding_is_shown_once_with_a_link_of_its_own(as_lead: Client) -> None:
    run = make_run(verdict=make_verdict(because=["permissions.call"]))
    finding = make_finding(run, "permissions.call", "fail")
    page = as_lead.get(f"/runs/{run.pk}/").content.decode()
    assert page.count(f'id="finding-{finding.position}"') == 1
    assert f'href="/runs/{run.pk}/#finding-{finding.position}"' in page


def test_a_verdict_on_the_past_comes_first_and_todays_after_it(as_lead: Client) -> None:
    today = make_verdict(cause="conv.ended", sentence="It has ended today.")
    as_of = {
        "time": "2026-11-20T14:02:00+00:00",
        "basis": "in_force",
        "sentence": "Two syncs agree.",
        "changes": ["Cobrowse was turned on."],
        "evidence": [{"check": "deployments.cobrowse", "outcome": "fail", "sentence": "It was off."}],
        "today": today,
    }
    verdict = make_verdict(cause="config.cobrowse_disabled", sentence="As of then: it was off.", as_of=as_of)
    run = make_run(cause="config.cobrowse_disabled", verdict=verdict)
    make_finding(run)
    for path in ("", "page/"):
        text = as_lead.get(f"/runs/{run.pk}/{path}").content.decode()
        places = [text.index(part) for part in ("As of then", "Two syncs agree", "turned on", "It has ended today")]
        assert places == sorted(places)
    stored = as_lead.get(f"/runs/{run.pk}/json/").json()["verdict"]
    assert (stored["cause"], stored["as_of"]["today"]["cause"]) == ("config.cobrowse_disabled", "conv.ended")
    assert "fix" not in stored["as_of"]["today"]
