"""What an attacker would try: each item of the list, against every address that it fits."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from diagnostics import tasks
from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import ApiToken, AuditEntry, User
from diagnostics.checks import net
from diagnostics.genesys.regions import all_regions, find_region
from diagnostics.issues.models import IssueNote
from diagnostics.monitoring import outgoing
from diagnostics.monitoring.models import Channel
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from tests.builders.every_page import ORG_NAME, SampleSite, SitePage, make_sample_site
from tests.factories import CONVERSATION, PASSWORD, SECRET, make_client, make_issue, make_person, make_run, make_user

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
LIMITED_ROLES = (User.Role.OPERATOR, User.Role.TEAM_LEAD, User.Role.AUDITOR)


@pytest.fixture(autouse=True)
def silent_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "send", lambda task, pk: None)


@pytest.fixture
def sample_site() -> SampleSite:
    return make_sample_site()


def browser_of(person: User, **options: Any) -> Client:
    browser = Client(**options)
    browser.force_login(person)
    return browser


def reported_by(answer: Any) -> str:
    content = answer.getvalue() if isinstance(answer, StreamingHttpResponse) else answer.content
    return str(content.decode(errors="replace"))


def signed_in(browser: Client, username: str = "ada") -> Any:
    return browser.post("/login/", {"login": username, "password": PASSWORD})


@dataclass(frozen=True)
class Tour:
    """What an admin gets at each address by a GET, and what the audit log notes of that."""

    answers: list[tuple[SitePage, Any]]
    audited: set[str]


@pytest.fixture(scope="module")
def tour(django_db_setup: None, django_db_blocker: Any) -> Tour:
    with django_db_blocker.unblock(), transaction.atomic():
        pages, ada = list(make_sample_site().pages()), make_user("ada")
        before = AuditEntry.objects.count()
        answers: list[tuple[SitePage, Any]] = [(page, browser_of(ada).get(page.path)) for page in pages]
        for _, answer in answers:
            if isinstance(answer, StreamingHttpResponse):
                answer.streaming_content = [answer.getvalue()]
        audited = set(AuditEntry.objects.order_by("id")[before:].values_list("action", flat=True))
        transaction.set_rollback(True)
    return Tour(answers, audited)


class TestOtherPeoplesObjects:
    @pytest.mark.parametrize("role", LIMITED_ROLES[:1])  # tests/accounts/test_access_by_role.py asks as all
    def test_nothing_of_another_org_is_found_at_any_address(self, role: User.Role, sample_site: SampleSite) -> None:
        person = make_person(role, is_limited=True, only_orgs=["ours"])
        make_run(make_client("Ours", org_id="ours"))
        encountered = []
        for site_page in sample_site.pages():
            browser = browser_of(person)
            answer = browser.get(site_page.path)
            if ORG_NAME in reported_by(answer) or (site_page.belongs_to_org and answer.status_code == 200):
                encountered.append(site_page.path)
        assert encountered == []

    @pytest.mark.parametrize("role", LIMITED_ROLES)
    def test_nothing_of_another_org_can_be_written(self, role: User.Role, sample_site: SampleSite) -> None:
        person = make_person(role, is_limited=True, only_orgs=["ours"])
        for site_page in sample_site.pages():
            if site_page.belongs_to_org:
                assert browser_of(person).post(site_page.path, {"text": "x"}).status_code in (401, 403, 404, 405), (
                    site_page.path
                )
        assert not AuditEntry.objects.filter(client_id=sample_site.client.pk).exclude(action="badge.made").exists()

    @pytest.mark.parametrize("scope", ["read", "run"])  # an admin, who alone has the third, sees every org
    def test_a_token_sees_no_more_than_its_person(self, scope: str, sample_site: SampleSite) -> None:
        person = make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["ours"])
        _, text = make_token(person, name="t", scope=scope, days=7)
        for site_page in sample_site.pages():
            if site_page.name.startswith("api:"):
                answer = Client().get(site_page.path, headers={"Authorization": f"Bearer {text}"})
                assert ORG_NAME not in reported_by(answer), site_page.path
                assert not (site_page.belongs_to_org and answer.status_code == 200), site_page.path
        start = {"client": sample_site.client.pk}
        answer = Client().post(
            "/api/v1/runs", start, content_type="application/json", headers={"Authorization": f"Bearer {text}"}
        )
        assert answer.status_code in (403, 404, 422)
        assert Run.objects.count() == 1

    def test_a_client_of_another_org_cannot_be_named_in_a_form(self, sample_site: SampleSite) -> None:
        browser = browser_of(make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["ours"]))
        browser.post("/diagnose/start/", {"client": sample_site.client.pk, "conversation_id": CONVERSATION})
        assert Run.objects.count() == 1

    def test_anothers_token_is_not_there(self, sample_site: SampleSite) -> None:
        token, _ = make_token(User.objects.get(), name="t", scope="run", days=7)
        browser = browser_of(make_person(User.Role.OPERATOR))
        assert browser.post(reverse("api-token-revoke", args=[token.pk])).status_code == 404
        token.refresh_from_db()
        assert token.is_good


class TestForgedRequests:
    def test_no_address_takes_a_post_without_the_sites_own_token(self, sample_site: SampleSite) -> None:
        ada = make_user("ada")
        used = []
        for site_page in sample_site.pages():
            if not site_page.path.startswith(("/api/", "/mcp")):  # whose callers bring a token of their own
                browser = browser_of(ada, enforce_csrf_checks=True)
                if browser.post(site_page.path, {"text": "x"}).status_code not in (403, 405):
                    used.append(site_page.path)
        assert used == []
        assert not AuditEntry.objects.exclude(action__in=["person.signed_in", "badge.made"]).exists()

    @pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"X-CSRFToken": "x" * 64}])
    def test_a_token_of_somebody_elses_making_opens_nothing(self, headers: dict[str, str]) -> None:
        browser = browser_of(make_user("ada"), enforce_csrf_checks=True)
        browser.get("/clients/add/")
        own = browser.cookies["csrftoken"].value
        sent = {"X-CSRFToken": own, **headers}
        assert browser.post(f"/clients/{make_client().pk}/retire/", headers=sent).status_code == 403
        assert not OAuthClient.objects.get().is_retired

    def test_the_sites_own_token_opens(self) -> None:
        browser = browser_of(make_user("ada"), enforce_csrf_checks=True)
        browser.get("/clients/add/")
        sent = {"X-CSRFToken": browser.cookies["csrftoken"].value}
        assert browser.post(f"/clients/{make_client().pk}/retire/", headers=sent).status_code == 302

    def test_the_api_takes_no_session_in_place_of_a_token(self, sample_site: SampleSite) -> None:
        browser = browser_of(make_user("ada"))
        start = {"client": sample_site.client.pk}
        assert browser.post("/api/v1/runs", start, content_type="application/json").status_code == 401
        assert browser.get("/api/v1/runs").status_code == 401
        assert Run.objects.count() == 1

    def test_no_get_changes_anything(self, tour: Tour) -> None:
        """Reading writes no entry but that something was taken along."""
        assert tour.audited <= {
            "person.signed_in", "runs.exported", "run.exported", "audit.exported", "batch.exported",
        }  # fmt: skip


class TestMassAssignment:
    def test_of_a_client(self) -> None:
        client = make_client()
        known = {"org_id": client.org_id, "created_by_id": None, "state": client.state, "gateway": False}
        more = {"org_id": "x", "created_by": "1", "state": "failed", "gateway": "1", "retired_at": "2026-01-01"}
        form = {"name": client.name, "region": client.region, "client_id": client.client_id, "environment": "sandbox"}
        browser_of(make_user("ada")).post(f"/clients/{client.pk}/edit/", {**form, "secret": "planted-secret", **more})
        client.refresh_from_db()
        assert client.environment == "sandbox"
        assert {name: getattr(client, name) for name in known} == known
        assert (client.secret, client.retired_at) == (SECRET, None)

    def test_of_a_person(self) -> None:
        browser = browser_of(make_user("ada"))
        more = {"is_staff": "on", "is_superuser": "on", "password": "planted-password-1", "is_active": ""}
        browser.post("/settings/users/add/", {"username": "lin", "role": "team_lead", **more})
        lin = User.objects.get(username="lin")
        assert (lin.is_staff, lin.is_superuser, lin.is_active) == (False, False, True)
        assert not lin.check_password("planted-password-1")
        browser.post(f"/settings/users/{lin.pk}/role/", {"role": "auditor", "username": "root", **more})
        lin.refresh_from_db()
        assert (lin.username, lin.role, lin.is_superuser) == ("lin", "auditor", False)

    @pytest.mark.parametrize("place", ["/password/", "/account/sessions/"])
    def test_nobody_gives_themselves_a_role(self, place: str) -> None:
        person = make_person(User.Role.TEAM_LEAD)
        passwords = {"old_password": PASSWORD, "new_password1": "quite-another-1", "new_password2": "quite-another-1"}
        browser_of(person).post(place, {**passwords, "role": "admin", "is_superuser": "1", "is_limited": ""})
        person.refresh_from_db()
        assert (person.role, person.is_superuser) == (User.Role.TEAM_LEAD, False)

    def test_a_note_is_of_who_writes_it(self) -> None:
        bo, known = make_person(User.Role.TEAM_LEAD), make_issue()
        other = make_user("other")
        browser_of(bo).post(
            reverse("issue-note", args=[known.pk]), {"text": "x", "author": other.pk, "author_id": other.pk}
        )
        assert IssueNote.objects.get().author == bo

    def test_a_token_is_of_who_makes_it_and_may_no_more_than_they(self) -> None:
        ada, lead = make_user("ada"), make_person(User.Role.TEAM_LEAD)
        form = {"name": "t", "days": "7", "owner": ada.pk, "owner_id": ada.pk, "expires_at": "2099-01-01"}
        browser_of(lead).post("/settings/tokens/add/", {**form, "scope": "run"})
        assert not ApiToken.objects.exists()
        browser_of(lead).post("/settings/tokens/add/", {**form, "scope": "read"})
        token = ApiToken.objects.get()
        assert token.owner == lead
        assert (token.expires_at - timezone.now()).days <= 7

    def test_a_run_by_a_program_is_as_the_product_makes_it(self, sample_site: SampleSite) -> None:
        _, text = make_token(make_user("ada"), name="t", scope="run", days=7)
        more = {"source": "demo", "status": "finished", "cause": "none", "started_by": 1, "start": True, "inputs": {}}
        Client().post(
            "/api/v1/runs",
            {"client": sample_site.client.pk, **more},
            content_type="application/json",
            headers={"Authorization": f"Bearer {text}"},
        )
        for run in Run.objects.exclude(pk=sample_site.run.pk):
            assert (run.source, run.status) == ("api", "queued")
            assert run.inputs.get("start") is not True


INNER = (
    "https://127.0.0.1/", "https://localhost/", "https://10.0.0.8/", "https://192.168.1.1/", "https://169.254.169.254/",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://0.0.0.0/",
    "https://2130706433/", "https://0x7f.1/", "https://100.64.0.1/", "https://[64:ff9b::7f00:1]/", "https://224.0.0.1/",
)  # fmt: skip
NO_HOOK = (
    "http://hooks.example.com/", "ftp://hooks.example.com/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_",
    "https://user:pass@hooks.example.com/", "javascript:alert(1)", "//hooks.example.com/", "https://", "x" * 5_000,
    "https://hooks.example.com:99999/", "https://hooks.example.com\\@127.0.0.1/", "https://a b.example.com/",
)  # fmt: skip


class TestRequestsToWhereNobodyMay:
    @pytest.mark.parametrize("address", [*INNER, *NO_HOOK])
    @pytest.mark.parametrize("kind", ["webhook", "slack", "teams"])
    def test_no_channel_leads_inside(self, kind: str, address: str) -> None:
        answer = browser_of(make_user("ada")).post(
            f"/monitoring/channels/add/?kind={kind}", {"name": "x", "url": address}
        )
        assert answer.status_code == 200
        assert not Channel.objects.exists()

    @pytest.mark.parametrize("inner", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::2"])
    def test_a_name_that_leads_inside_later_is_not_called(self, inner: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Judged anew at each message, by all addresses of the name, and not only when the channel was made."""
        monkeypatch.setattr(outgoing, "resolve", lambda host: net.Resolution(host, ("93.184.216.34", inner)))
        answer = outgoing.post("https://hooks.example.com/x", b"{}", {})
        assert (answer.status, answer.error) == (None, "refused_address")

    @pytest.mark.parametrize(
        "typed",
        [
            "http://169.254.169.254/", "localhost", "127.0.0.1:6379", "https://evil.example/mypurecloud.ie",
            "api.mypurecloud.ie.evil.example", "https://api.mypurecloud.ie@evil.example/", "evil.example#mypurecloud.ie",
            "https://evil.example/?x=eu-west-1", "mypurecloud.ie\\@evil.example", "file:///etc/passwd", "../../x",
            "evil-mypurecloud.ie", "mypurecloud.ie%00.evil.example", "xn--mypureclod-xyz.ie",
        ],
    )  # fmt: skip
    def test_a_region_is_one_of_the_list_and_never_an_address(self, typed: str) -> None:
        found = find_region(typed)
        assert found is None or found in all_regions()
        form = {"name": "x", "client_id": "y", "secret": "a-long-secret", "region": typed, "environment": ""}
        browser_of(make_user("ada")).post("/clients/add/", form)
        hosts = " ".join(each.region for each in OAuthClient.objects.all())
        assert "evil" not in hosts
        assert {each.region for each in OAuthClient.objects.all()} <= {each.key for each in all_regions()}

    def test_the_host_of_a_pasted_call_is_judged_and_never_called(self, demo_client: OAuthClient) -> None:
        browser = browser_of(make_user("ada"))
        call = f"POST http://169.254.169.254/api/v2/conversations/{CONVERSATION}/cobrowse"
        browser.post("/diagnose/start/", {"client": demo_client.pk, "call": call, "conversation_id": CONVERSATION})
        run = Run.objects.get()
        tasks.execute_run(run.pk)
        requested = set(run.exchanges.values_list("url", flat=True))
        assert requested
        assert not [url for url in requested if "169.254" in url]


class TestSessions:
    def test_one_that_was_planted_is_not_the_one_that_is_signed_in(self) -> None:
        make_user("ada")
        victim = Client()
        session = victim.session
        session["planted"] = True
        session.save()
        planted = str(session.session_key)
        victim.cookies["sessionid"] = planted
        signed_in(victim)
        assert victim.get("/").status_code == 200
        assert victim.cookies["sessionid"].value != planted
        thief = Client()
        thief.cookies["sessionid"] = planted
        assert thief.get("/").status_code == 302

    def test_a_session_id_chosen_by_an_attacker_is_never_used(self) -> None:
        make_user("ada")
        victim = Client()
        victim.cookies["sessionid"] = "chosen0by0the0attacker0000000000"
        signed_in(victim)
        assert victim.cookies["sessionid"].value != "chosen0by0the0attacker0000000000"

    def test_it_ends_with_the_sign_out_also_for_who_copied_it(self) -> None:
        make_user("ada")
        browser = Client()
        signed_in(browser)
        thief = Client()
        thief.cookies["sessionid"] = browser.cookies["sessionid"].value
        assert thief.get("/").status_code == 200
        browser.post("/logout/")
        assert thief.get("/").status_code == 302

    def test_a_new_password_ends_the_others(self) -> None:
        ada, grace = make_user("ada"), make_user("grace")
        thief = browser_of(grace)
        browser_of(ada).post(f"/settings/users/{grace.pk}/password/")
        assert thief.get("/").status_code == 302

    def test_its_cookie_is_hidden_from_scripts_and_other_sites(self) -> None:
        make_user("ada")
        browser = Client()
        signed_in(browser)
        cookie = browser.cookies["sessionid"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


ELSEWHERE = (
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "https:evil.example", "///evil.example",
    "javascript:alert(1)", "data:text/html,x", "https://testserver@evil.example/", " //evil.example", "\t//evil.example",
    "http:///evil.example", "/%5cevil.example/..//evil.example", "https://testserver.evil.example/",
)  # fmt: skip


class TestWaysOut:
    @pytest.mark.parametrize("place", ELSEWHERE)
    def test_signing_in_leads_nowhere_else(self, place: str) -> None:
        make_user("ada")
        browser = Client()
        page = browser.get("/login/", {"next": place})
        assert not re.search(r'(?:href|action|src)="[^"]*evil', reported_by(page))
        answer = browser.post("/login/", {"login": "ada", "password": PASSWORD, "next": place})
        assert _stays_here(answer)

    @pytest.mark.parametrize("place", ELSEWHERE[:1])
    def test_nor_do_other_addresses_that_take_a_next(self, place: str, sample_site: SampleSite) -> None:
        ada = make_user("ada")
        for each in sample_site.pages():
            answers = [browser_of(ada).post(f"{each.path}?next={place}", {"next": place})]
            if place == ELSEWHERE[0]:
                answers.append(browser_of(ada).get(each.path, {"next": place}))
            assert all(map(_stays_here, answers)), each


def _stays_here(answer: Any) -> bool:
    places = [answer.headers.get(name, "") for name in ("Location", "HX-Redirect")]
    return all(re.match(r"(?:/(?![/\\])|\?|$)", place) and "javascript:" not in place for place in places)


class TestSecretsInAddresses:
    @pytest.mark.parametrize("name", ["token", "access_token", "api_key", "authorization", "key", "sessionid"])
    def test_no_address_takes_a_token_or_a_session(self, name: str, settings: Settings) -> None:
        settings.METRICS_TOKEN, settings.METRICS_NETWORKS = "metrics-token-of-length", []
        ada = make_user("ada")
        _, text = make_token(ada, name="t", scope="read", days=7)
        browser = browser_of(ada)
        assert Client().get("/api/v1/runs", {name: text}).status_code == 401
        assert Client().get("/api/v1/runs", {name: f"Bearer {text}"}).status_code == 401
        assert Client().get("/runs/", {name: browser.cookies["sessionid"].value}).status_code == 302
        assert Client().get("/metrics", {name: "metrics-token-of-length"}).status_code in (401, 403)

    def test_what_opens_the_api_is_the_header(self) -> None:
        _, text = make_token(make_user("ada"), name="t", scope="read", days=7)
        assert Client().get("/api/v1/runs", headers={"Authorization": f"Bearer {text}"}).status_code == 200


class Page(HTMLParser):
    """Collects what a strict policy would have to forbid, and forms that would put a secret into an address."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.method = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        reported = {name: value or "" for name, value in attrs}
        if tag == "script" and "src" not in reported and reported.get("type") != "application/json":
            self.problems.append("a script within the page")
        if tag in ("style", "iframe", "object", "embed", "base"):
            self.problems.append(f"<{tag}>")
        self.problems += [f"{tag} {name}" for name in reported if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            scheme = reported.get(name, "").strip().lower()
            if scheme.startswith(("javascript:", "vbscript:", "http:")) or (tag == "script" and "//" in scheme):
                self.problems.append(f"{tag} {name} {scheme[:60]}")
        if tag == "form":
            self.method = reported.get("method", "get").lower()
        if tag == "input" and self.method == "get" and _is_secret(reported):
            self.problems.append(f"a form that puts {reported.get('name')} into the address")
        if reported.get("target") == "_blank" and "noopener" not in reported.get("rel", ""):
            self.problems.append(f"{tag} opens a window that can reach back")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.method = ""


def _is_secret(reported: dict[str, str]) -> bool:
    words = ("secret", "password", "csrf", "token")
    return reported.get("type") == "password" or any(word in reported.get("name", "").lower() for word in words)


def _guarded(answer: Any) -> list[str]:
    """What its heads lack."""
    parts = dict(part.split(" ", 1) for part in answer.headers.get("Content-Security-Policy", "").split("; ") if part)
    wanted = {"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
    lacking = [name for name, value in wanted.items() if answer.headers.get(name) != value]
    lacking += [] if parts == POLICY else [f"policy {parts}"]
    return lacking + ([] if answer.headers.get("X-Request-ID") else ["X-Request-ID"])


class TestPages:
    def test_every_answer_carries_the_strict_policy_and_cannot_be_framed(
        self, tour: Tour, sample_site: SampleSite
    ) -> None:
        ada, stranger = browser_of(make_user("ada")), Client()
        answers = [(site_page.path, answer) for site_page, answer in tour.answers]
        for site_page in sample_site.pages():
            answers += [(site_page.path, browser.options(site_page.path)) for browser in (ada, stranger)]
            answers.append((site_page.path, stranger.get(site_page.path)))
        assert {path: found for path, answer in answers if (found := _guarded(answer))} == {}

    @pytest.mark.parametrize("place", ["/nowhere/", "/runs/999999/", "/admin/login/", "/static/nowhere.css"])
    def test_what_is_not_there_does_too(self, place: str) -> None:
        assert _guarded(browser_of(make_user("ada")).get(place)) == []

    def test_a_page_that_fails_does_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*args: object, **values: object) -> HttpResponse:
            raise RuntimeError("a fault of ours that no page may tell")

        monkeypatch.setattr("diagnostics.reference.views.render", fail)
        browser = browser_of(make_user("ada"), raise_request_exception=False)
        answer = browser.get("/reference/checks/")
        assert answer.status_code == 500
        assert "no page may tell" not in reported_by(answer)
        assert _guarded(answer) == []

    def test_no_page_holds_script_or_style_or_puts_a_secret_into_an_address(self, tour: Tour) -> None:
        problems = {}
        for site_page, answer in tour.answers:
            if answer.headers.get("Content-Type", "").startswith("text/html") and not _is_a_file(answer):
                page = Page()
                page.feed(reported_by(answer))
                if page.problems:
                    problems[site_page.path] = page.problems
        assert problems == {}

    def test_no_page_fails(self, tour: Tour) -> None:
        failed = [site_page.path for site_page, answer in tour.answers if answer.status_code >= 500]
        assert [place for place in failed if place != "/health/ready"] == []

    @pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "a b"])
    def test_no_other_host_is_answered_for(self, host: str) -> None:
        assert Client(raise_request_exception=False).get("/login/", headers={"Host": host}).status_code == 400


def _is_a_file(answer: Any) -> bool:
    return "attachment" in str(answer.headers.get("Content-Disposition", ""))
