"""No text and no JSON can cost a row: what Postgres would refuse is cleaned as it is stored."""

from typing import Any

import pytest
from django.db import connection

from diagnostics.runs.models import Exchange, Finding, Run
from tests.factories import make_client, make_exchange, make_run

pytestmark = pytest.mark.django_db
ODD = ["\0", "\ud800", "\udfff\ud800", "a\0b\ud800"]


@pytest.mark.parametrize("odd", ODD)
def test_a_row_is_stored_whatever_its_text(odd: str) -> None:
    run = make_run()
    Finding.objects.bulk_create(
        [Finding(run=run, position=9, check_id="x", outcome="pass", code="x", sentence=odd, evidence={odd: [odd, 1.5]})]
    )
    Run.objects.filter(pk=run.pk).update(inputs={"note": odd}, conversation_id=odd, search_keys=[f"deployment:{odd}"])
    run.refresh_from_db()
    stored = f"{run.inputs} {run.conversation_id} {run.search_keys} {Finding.objects.filter(position=9).values()[0]}"
    assert not any(each in stored for each in odd if each not in "ab")


@pytest.mark.parametrize("odd", ODD)
def test_a_search_for_it_finds_nothing(odd: str) -> None:
    make_run()
    assert not Run.objects.filter(conversation_id__icontains=f"none{odd}").exists()
    assert not Run.objects.filter(inputs__note=odd).exists()
    assert not Run.objects.filter(search_keys__contains=[odd]).exists()


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": float("nan"), "b": float("inf"), "c": 1.5}, {"a": None, "b": None, "c": 1.5}),
        ({"a": "NaN \\u0000 Infinity 😀"}, {"a": "NaN \\u0000 Infinity 😀"}),
        (["\ud83d\ude00"], ["😀"]),
    ],
)
def test_a_value_that_json_cannot_represent_is_none(value: Any, stored: Any) -> None:
    run = make_run()
    Run.objects.filter(pk=run.pk).update(verdict=value)
    assert Run.objects.values_list("verdict", flat=True).get(pk=run.pk) == stored


def test_raw_statements_are_covered_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s, %s::text[]", ["a\0\ud800", ["b\0"]])
        assert cursor.fetchone() == ("a�", ["b"])


def test_other_rows_are_as_they_were() -> None:
    client = make_client("Zoë 👩\u200d💻 \u200f")
    exchange = make_exchange(make_run(client=client), body="tab\tline\n")
    client.refresh_from_db()
    assert client.name == "Zoë 👩\u200d💻 \u200f"
    assert Exchange.objects.get(pk=exchange.pk).body == "tab\tline\n"
