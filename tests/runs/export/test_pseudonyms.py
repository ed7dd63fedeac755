"""Equal values have equal stand-ins, other values others, and none can be computed without the key."""

import pytest

from diagnostics.runs.export.pseudonyms import Pseudonyms, derived_key

KEY, OTHER = derived_key("one"), derived_key("two")
USER, CLIENT = "cc57d96e-5de7-4706-9d86-51c8f9ce8a1b", "0b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b21"


def test_equal_values_are_equal_in_every_packet_of_one_key() -> None:
    one, two = Pseudonyms(KEY), Pseudonyms(KEY)
    assert one.text("a@example.com and A@Example.com") == two.text("a@example.com and a@example.com")
    assert one.text("a@example.com") != one.text("b@example.com")
    assert one.text("+44 20 7946 0101") == one.text("+442079460101")


def test_another_key_gives_another_pseudonym() -> None:
    assert Pseudonyms(KEY).text("a@example.com") != Pseudonyms(OTHER).text("a@example.com")
    assert KEY not in (b"one", OTHER)


def test_kinds_are_distinguished_and_counted() -> None:
    hidden = Pseudonyms(KEY)
    text = hidden.text("a@example.com , +442079460101 , 203.0.113.9 , 127.0.0.1 , 2001:db8::1")
    assert [word.split("-")[1] if word.startswith("hidden-") else word for word in text.split(" , ")] == [
        "email",
        "phone",
        "ip",
        "127.0.0.1",
        "ip",
    ]
    assert hidden.hidden == {"email": 1, "phone": 1, "ip": 2}


def test_what_was_hidden_once_stays_as_it_is() -> None:
    hidden = Pseudonyms(KEY)
    once = hidden.text("a@example.com at 203.0.113.9")
    assert hidden.text(once) == once


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"participants": [{"purpose": "agent", "userId": USER}]}, "user"),
        ({"user": {"id": USER}}, "user"),
        ({"createdBy": {"id": USER, "selfUri": f"/api/v2/users/{USER}"}}, "user"),
        ({"members": [{"id": USER}]}, "user"),
        ({"externalContactId": USER}, "user"),
        ({"OAuthClient": {"id": USER}}, "client"),
        ({"client_id": USER}, "client"),
        ({"userIds": [USER]}, "user"),
    ],
)
def test_ids_of_people_and_clients_are_found_by_their_position(body: object, kind: str) -> None:
    hidden = Pseudonyms(KEY)
    hidden.learn_from(body)
    assert hidden.text(f"GET /x/{USER.upper()}?a={USER}").count(f"hidden-{kind}-") == 2


def test_other_ids_stay() -> None:
    body = {"id": USER, "conversationId": USER, "queueId": USER, "deployment": {"id": USER}, "role": {"id": USER}}
    hidden = Pseudonyms(KEY)
    hidden.learn_from(body)
    assert hidden.value(body) == body


def test_an_id_in_an_address_is_learnt() -> None:
    hidden = Pseudonyms(KEY)
    hidden.learn_from_text(f"https://api.mypurecloud.ie/api/v2/users/{USER}/roles")
    hidden.learn_from_text(f"https://api.mypurecloud.ie/api/v2/oauth/clients/{CLIENT}")
    assert hidden.text(f"{USER} {CLIENT}").startswith("hidden-user-")
    assert CLIENT not in hidden.text(CLIENT)
