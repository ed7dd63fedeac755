"""Signing in: attempts are counted, second factors asked for, sessions made anew; nobody makes an account alone."""

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP as App
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from config.settings import ACCOUNT_RATE_LIMITS, PASSWORD_HASHERS
from diagnostics.accounts import sign_in_attempts
from diagnostics.accounts import users as people
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.storage.model_fields import UnreadableSecret
from tests.factories import PASSWORD, make_team_lead, make_user

WRONG = "not-the-password"


@pytest.fixture
def limits(settings: Settings) -> Iterator[None]:
    """As they are served, with nothing counted yet."""
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by which the clock of the counts is ahead."""
    ahead = [0.0]
    monkeypatch.setattr(sign_in_attempts, "time", SimpleNamespace(time=lambda: time.time() + ahead[0]))
    return ahead


def attempt(password: str, name: str = "ada", browser: Client | None = None, address: str = "192.0.2.1") -> Any:
    browser = browser or Client()
    return browser.post("/login/", {"login": name, "password": password}, REMOTE_ADDR=address)


def code_of(secret: str, step: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step)))


def set_up_app(browser: Client) -> str:
    """As a person does it on the pages: sign in, say once more who it is, give a code. Returns the app's key."""
    attempt(PASSWORD, browser=browser)
    place = browser.get("/account/app/add/").headers["Location"]
    assert browser.post(place, {"password": PASSWORD}).headers["Location"] == "/account/app/add/"
    page = browser.get("/account/app/add/")
    assert page.context["totp_svg_data_uri"].startswith("data:image/svg+xml")
    secret: str = page.context["form"].secret
    answer = browser.post("/account/app/add/", {"code": code_of(secret)})
    assert answer.headers["Location"] == reverse("mfa_view_recovery_codes")
    return secret


def with_app(person: User) -> str:
    secret = str(generate_totp_secret())
    App.activate(person, secret)
    return secret


ELSEWHERE = "198.51.100.9"


@pytest.mark.django_db
def test_after_five_wrong_passwords_this_address_waits_longer_each_time(limits: None, clock: list[float]) -> None:
    make_user("ada")
    for _ in range(5):
        assert attempt(WRONG).status_code == 200
    waits: list[int] = []
    for _ in range(12):
        answer = attempt(PASSWORD if len(waits) == 11 else WRONG)
        assert answer.status_code == 429
        assert "sign_in" not in str(answer.cookies)
        waits.append(int(answer.headers["Retry-After"]))
        clock[0] += waits[-1]
        if len(waits) < 12:
            assert attempt(WRONG).status_code == 200
    assert waits == sorted(waits)
    assert waits[0] <= 3
    assert 250 < waits[-1] <= 301
    assert attempt(PASSWORD).status_code == 302


@pytest.mark.django_db
def test_an_attempt_that_has_to_wait_is_not_checked(limits: None) -> None:
    make_user("ada")
    for _ in range(5):
        attempt(WRONG)
    browser = Client()
    assert attempt(PASSWORD, browser=browser).status_code == 429
    assert browser.get("/").status_code == 302


@pytest.mark.django_db
def test_nobody_is_slowed_down_by_somebody_elsewhere(limits: None) -> None:
    make_user("ada")
    for _ in range(10):
        attempt(WRONG)
    assert attempt(PASSWORD, address=ELSEWHERE).status_code == 302


@pytest.mark.django_db
def test_a_name_in_other_letters_counts_as_the_same(limits: None) -> None:
    make_user("ada")
    for _ in range(5):
        attempt(WRONG, name="ADA")
    assert attempt(PASSWORD).status_code == 429


@pytest.mark.django_db
def test_the_owner_s_own_browser_is_let_through_at_the_same_address(limits: None) -> None:
    make_user("ada")
    known = Client()
    attempt(PASSWORD, browser=known)
    cookie = known.cookies["known"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    known.post("/logout/")
    for _ in range(10):
        attempt(WRONG)
    assert attempt(PASSWORD).status_code == 429
    assert attempt(PASSWORD, browser=known).status_code == 302


@pytest.mark.django_db
def test_a_known_browser_is_slowed_down_by_its_own_attempts(limits: None) -> None:
    make_user("ada")
    known = Client()
    attempt(PASSWORD, browser=known)
    known.post("/logout/")
    for _ in range(5):
        assert attempt(WRONG, browser=known).status_code == 200
    assert attempt(PASSWORD, browser=known).status_code == 429
    assert attempt(PASSWORD, browser=known, name="grace").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["", "x", "eyJhIjoxfQ:1:x"])
def test_a_made_up_cookie_is_no_known_browser(value: str, limits: None) -> None:
    make_user("ada")
    browser = Client()
    browser.cookies["known"] = value
    for _ in range(5):
        attempt(WRONG)
    assert attempt(PASSWORD, browser=browser).status_code == 429


@pytest.mark.django_db
def test_a_new_password_forgets_known_browsers_and_waits(limits: None) -> None:
    person = make_user("ada")
    known = Client()
    attempt(PASSWORD, browser=known)
    known.post("/logout/")
    for _ in range(6):
        attempt(WRONG)
    new = people.reset_password(person)  # what an admin does for somebody who waits
    assert attempt(new).status_code == 302
    for _ in range(5):
        attempt(WRONG)
    assert attempt(new, browser=known).status_code == 429


@pytest.mark.django_db
def test_guessing_from_many_addresses_makes_unknown_browsers_wait_and_locks_nobody_out(
    limits: None, clock: list[float]
) -> None:
    make_user("ada")
    known = Client()
    attempt(PASSWORD, browser=known)
    known.post("/logout/")
    for number in range(40):
        attempt(WRONG, address=f"203.0.113.{number}")
    answer = attempt(PASSWORD, address=ELSEWHERE)
    assert answer.status_code == 429
    assert attempt(PASSWORD, address=ELSEWHERE, browser=known).status_code == 302
    clock[0] += int(answer.headers["Retry-After"])
    for number in range(40, 60):  # others go on
        attempt(WRONG, address=f"203.0.113.{number}")
    assert attempt(PASSWORD, address=ELSEWHERE).status_code == 302


@pytest.mark.django_db
def test_one_address_cannot_try_many_names(limits: None) -> None:
    make_user("ada")
    for number in range(20):
        assert attempt(WRONG, name=f"name-{number}").status_code == 200
    assert attempt(PASSWORD).status_code == 429
    assert attempt(PASSWORD, address=ELSEWHERE).status_code == 302


@pytest.mark.django_db
def test_an_unknown_name_is_answered_like_a_known_one(limits: None) -> None:
    make_user("ada")
    reported = []
    for name, address in (("ada", "192.0.2.1"), ("nobody", "192.0.2.2")):
        answers = [attempt(WRONG, name=name, address=address) for _ in range(7)]
        reported.append([(each.status_code, each.headers.get("Retry-After")) for each in answers])
    assert reported[0] == reported[1]


@pytest.mark.django_db
def test_behind_a_proxy_the_far_address_counts(limits: None, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    make_user("ada")

    def from_far(password: str, far: str) -> Any:
        return Client(headers={"X-Forwarded-For": f"1.1.1.1, {far}"}).post(
            "/login/", {"login": "ada", "password": password}
        )

    for _ in range(5):
        from_far(WRONG, "192.0.2.1")
    assert from_far(PASSWORD, "192.0.2.1").status_code == 429
    assert from_far(PASSWORD, ELSEWHERE).status_code == 302


@pytest.mark.django_db
def test_signing_in_rightly_uses_up_no_attempt(limits: None) -> None:
    make_user("ada")
    for _ in range(8):
        assert attempt(PASSWORD).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_attempts_in_several_threads_count_together(limits: None) -> None:
    """The count lives in the database, which all web processes share."""
    make_user("ada")
    together = threading.Barrier(4)

    def try_thrice() -> None:
        try:
            together.wait(20)
            for _ in range(3):
                attempt(WRONG)
        finally:
            connection.close()

    threads = [threading.Thread(target=try_thrice) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert attempt(PASSWORD).status_code == 429
    assert AuditEntry.objects.filter(action="person.sign_in_failed").count() == 5


@pytest.mark.django_db
def test_guessing_the_old_password_in_an_open_browser_is_counted(limits: None) -> None:
    browser = Client()
    browser.force_login(make_user("ada"))
    wrong = {"old_password": WRONG, "new_password1": "another-good-one-7", "new_password2": "another-good-one-7"}
    answers = [browser.post("/password/", wrong).status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 200, 429]


@pytest.mark.django_db
def test_passwords_are_hashed_with_argon2_and_old_hashes_are_replaced_at_the_next_sign_in(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS[1:]
    person = make_user("ada")
    assert person.password.startswith("pbkdf2_")
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    assert attempt(PASSWORD).status_code == 302
    person.refresh_from_db()
    assert person.password.startswith("argon2")


@pytest.mark.django_db
def test_the_session_is_another_one_after_the_sign_in(client: Client) -> None:
    """A session that somebody else planted is worth nothing."""
    make_user("ada")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    attempt(PASSWORD, browser=client)
    assert client.session.session_key != planted
    assert client.get("/").status_code == 200
    other = Client()
    other.cookies["sessionid"] = str(planted)
    assert other.get("/").status_code == 302


@pytest.mark.django_db
def test_nobody_makes_an_account_for_themselves(client: Client) -> None:
    for place in ("/signup/", "/login/signup/", "/accounts/signup/"):
        assert client.post(place, {"username": "eve", "password1": PASSWORD}).status_code in (302, 404)
    assert not User.objects.exists()


@pytest.mark.django_db
class TestAnApp:
    def test_it_is_set_up_with_a_code_and_gives_recovery_codes(
        self, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        person = make_user("ada")
        with django_capture_on_commit_callbacks(execute=True):
            set_up_app(client)
        assert len(client.get("/account/codes/").context["unused_codes"]) == 10
        assert set(Authenticator.objects.filter(user=person).values_list("type", flat=True)) == {
            "totp",
            "recovery_codes",
        }
        assert AuditEntry.objects.filter(action="person.second_factor_added").count() == 2

    def test_its_secret_rests_encrypted(self) -> None:
        secret = with_app(make_user("ada"))
        stored = Authenticator.objects.get().data["secret"]
        assert secret not in stored
        assert Authenticator.objects.get().wrap().validate_code(code_of(secret))

    def test_a_password_alone_opens_nothing(self, client: Client) -> None:
        with_app(make_user("ada"))
        assert attempt(PASSWORD, browser=client).headers["Location"] == "/login/second/"
        assert client.get("/").status_code == 302
        assert client.get("/runs/").headers["Location"].startswith("/login/")

    def test_the_code_opens_once(self, client: Client) -> None:
        secret = with_app(make_user("ada"))
        attempt(PASSWORD, browser=client)
        code = code_of(secret)
        assert client.post("/login/second/", {"code": code}).headers["Location"] == "/"
        assert client.get("/").status_code == 200
        again = Client()
        attempt(PASSWORD, browser=again)
        assert again.post("/login/second/", {"code": code}).status_code == 200
        assert again.get("/").status_code == 302

    def test_the_code_of_the_setup_opens_nothing(self, client: Client) -> None:
        make_user("ada")
        secret = set_up_app(client)
        cache.clear()  # the library's own memory of a code lasts one time step
        for step in (-1, 0):
            browser = Client()
            attempt(PASSWORD, browser=browser)
            assert browser.post("/login/second/", {"code": code_of(secret, step)}).status_code == 200
            assert browser.get("/").status_code == 302

    def test_no_code_is_good_twice_even_after_its_time_step(self, client: Client) -> None:
        secret = with_app(make_user("ada"))
        attempt(PASSWORD, browser=client)
        code = code_of(secret, 1)
        assert client.post("/login/second/", {"code": code}).status_code == 302
        cache.clear()
        for step in (0, 1):  # also none of a step before the one that was used
            again = Client()
            attempt(PASSWORD, browser=again)
            assert again.post("/login/second/", {"code": code_of(secret, step)}).status_code == 200
            assert again.get("/").status_code == 302

    def test_a_code_that_signed_in_does_not_confirm(self, client: Client) -> None:
        secret = with_app(make_user("ada"))
        attempt(PASSWORD, browser=client)
        code = code_of(secret, 1)
        client.post("/login/second/", {"code": code})
        cache.clear()
        assert client.post("/account/confirm/code/", {"code": code}).status_code == 200
        assert AuditEntry.objects.filter(action="person.second_factor_failed").exists()

    def test_a_wrong_code_is_reported_and_audited(self, client: Client) -> None:
        with_app(make_user("ada"))
        attempt(PASSWORD, browser=client)
        page = client.post("/login/second/", {"code": "000000"}).content.decode()
        assert "Incorrect code" in page
        assert AuditEntry.objects.filter(action="person.second_factor_failed", actor="ada").exists()

    def test_guessing_codes_is_counted(self, limits: None, client: Client) -> None:
        secret = with_app(make_user("ada"))
        attempt(PASSWORD, browser=client)
        for number in range(5):
            client.post("/login/second/", {"code": f"00000{number}"})
        assert client.post("/login/second/", {"code": code_of(secret)}).status_code == 429
        assert client.get("/").status_code == 302

    def test_codes_guessed_from_many_addresses_count_together(self, limits: None) -> None:
        secret = with_app(make_user("ada"))
        for number in range(11):
            browser, far = Client(), f"203.0.113.{number}"
            attempt(PASSWORD, browser=browser, address=far)
            code = code_of(secret) if number == 10 else f"00000{number}"
            answer = browser.post("/login/second/", {"code": code}, REMOTE_ADDR=far)
            assert answer.status_code == (429 if number == 10 else 200)

    def test_a_recovery_code_opens_once(self, client: Client) -> None:
        person = make_user("ada")
        set_up_app(client)
        code = client.get("/account/codes/").context["unused_codes"][0]
        for expected in (302, 200):
            fresh = Client()
            attempt(PASSWORD, browser=fresh)
            assert fresh.post("/login/second/", {"code": code}).status_code == expected
        assert len(Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()) == 9

    def test_switching_it_off_takes_the_recovery_codes_along(self, client: Client) -> None:
        person = make_user("ada")
        set_up_app(client)
        client.post("/account/app/remove/")
        assert not Authenticator.objects.filter(user=person).exists()

    def test_who_finds_an_open_browser_cannot_change_it(self) -> None:
        """A session of long ago has to say once more who it is."""
        person = make_user("ada")
        with_app(person)
        browser = Client()
        browser.force_login(person)
        for place in ("/account/app/remove/", "/account/passkeys/add/", "/account/codes/new/"):
            answer = browser.get(place)
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/account/confirm/")

    def test_keys_that_are_gone_are_named_and_reencrypting_keeps_it(self, settings: Settings) -> None:
        secret = with_app(make_user("ada"))
        old = list(settings.FIELD_ENCRYPTION_KEYS)
        settings.FIELD_ENCRYPTION_KEYS = ["2h6nJ7cO0dJ0J0w0b7pZc5p6oT1m3b9N1yq7l0Yw8zE="]
        with pytest.raises(UnreadableSecret):
            Authenticator.objects.get().wrap().validate_code(code_of(secret))
        settings.FIELD_ENCRYPTION_KEYS = [*settings.FIELD_ENCRYPTION_KEYS, *old]
        call_command("reencrypt")
        settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
        assert Authenticator.objects.get().wrap().validate_code(code_of(secret))


@pytest.mark.django_db
class TestTheAdmin:
    def test_takes_away_a_second_factor_that_was_lost(self, client: Client) -> None:
        person = make_team_lead("tess")
        with_app(person)
        admin = make_user("ada")
        client.force_login(admin)
        place = reverse("user-second-factor", args=[person.pk])
        assert client.get(place).status_code == 200
        assert Authenticator.objects.count() == 1
        client.post(place)
        assert not Authenticator.objects.exists()
        entry = AuditEntry.objects.get(action="person.second_factor_reset")
        assert (entry.actor, entry.name) == ("ada", "tess")
        assert attempt(PASSWORD, name="tess").headers["Location"] == "/"


@pytest.mark.django_db
class TestSessions:
    def test_each_browser_is_listed_and_the_others_are_signed_out(self, client: Client) -> None:
        make_user("ada")
        other = Client(headers={"User-Agent": "Another browser"})
        for browser in (client, other):
            attempt(PASSWORD, browser=browser)
        page = client.get("/account/sessions/")
        assert page.context["session_count"] == 2
        assert "Another browser" in page.content.decode()
        client.post("/account/sessions/")
        assert client.get("/").status_code == 200
        assert other.get("/").status_code == 302

    def test_a_new_password_ends_them(self, client: Client) -> None:
        person = make_team_lead("tess")
        attempt(PASSWORD, name="tess", browser=client)
        admin = Client()
        admin.force_login(make_user("ada"))
        admin.post(reverse("user-password", args=[person.pk]))
        assert client.get("/").status_code == 302
