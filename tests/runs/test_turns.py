"""The queue takes turns: whose run a worker takes next, whatever the message names."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.utils import timezone

from diagnostics import tasks
from diagnostics.accounts.models import User
from diagnostics.jobs.models import Turn
from diagnostics.jobs.turns import remember_turn
from diagnostics.monitoring.deliveries import BATCH, BATCH_PER_CHANNEL, due_deliveries
from diagnostics.monitoring.models import Channel, Delivery
from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from diagnostics.orgs.sync import lifecycle
from diagnostics.runs import turns
from diagnostics.runs.models import Run
from diagnostics.runs.turns import PEOPLE, SCHEDULED, claim_next_run
from tests.factories import make_channel, make_client, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def queue(client: OAuthClient, person: User | None, count: int = 1, source: str = "web") -> list[int]:
    rows = [
        Run(client=client, started_by=person, source=source, status="queued", message_sent_at=timezone.now())
        for _ in range(count)
    ]
    return [run.pk for run in Run.objects.bulk_create(rows)]


def claim(queue: str = PEOPLE) -> int | None:
    return claim_next_run(queue, "worker", timedelta(seconds=45))


def org(name: str) -> OAuthClient:
    client = make_client(name)
    client.org_id = f"org {name}"
    client.save()
    return client


def test_one_person_with_400_runs_does_not_keep_another_waiting() -> None:
    client = org("Acme")
    queue(client, make_user("ada"), 400)
    claim()
    [other] = queue(client, make_user("grace"))
    assert claim() == other


def test_people_take_turns_to_the_end() -> None:
    client = org("Acme")
    ada, grace = make_user("ada"), make_user("grace")
    first, second = queue(client, ada, 3), queue(client, grace, 3)
    assert [claim() for _ in range(6)] == [first[0], second[0], first[1], second[1], first[2], second[2]]
    assert claim() is None


def test_the_orgs_of_one_person_take_turns() -> None:
    ada = make_user("ada")
    many = queue(org("Acme"), ada, 400)
    [other] = queue(org("Zenith"), ada)
    assert [claim(), claim()] == [many[0], other]


def test_scheduled_runs_take_turns_between_orgs_and_have_their_own_queue() -> None:
    many = queue(org("Acme"), None, 400, "schedule")
    [other] = queue(org("Zenith"), None, 1, "schedule")
    assert claim(PEOPLE) is None
    assert [claim(SCHEDULED), claim(SCHEDULED)] == [many[0], other]


def test_clients_of_one_org_share_its_turn() -> None:
    ada = make_user("ada")
    one, two, other = org("Acme"), org("Acme 2"), org("Zenith")
    two.org_id = one.org_id
    two.save()
    [first], [second] = queue(one, ada), queue(two, ada)
    [third] = queue(other, ada)
    claim()
    assert {claim(), claim()} == {second, third}
    assert Run.objects.filter(pk=first, status="running").exists()


def test_a_run_that_its_caller_executes_is_left_to_it() -> None:
    [own] = queue(org("Acme"), None)
    Run.objects.filter(pk=own).update(message_sent_at=None)
    assert claim() is None


def test_workers_at_once_never_take_the_same_run() -> None:
    queued = queue(org("Acme"), make_user("ada"), 12)
    together = threading.Barrier(4)
    used: list[int | None] = []

    def work() -> None:
        together.wait(60)
        used.extend(claim() for _ in range(3))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert sorted(pk for pk in used if pk is not None) == queued


def test_a_message_for_a_claimed_run_executes_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    executed: list[int] = []
    monkeypatch.setattr("diagnostics.runs.execute._execute", lambda pk, me: executed.append(pk))
    first, second = queue(org("Acme"), make_user("ada"), 2)
    for _ in range(3):  # doubled, and one too many
        tasks.execute_run(first)
    assert executed == [first, second]


def test_the_claim_reads_an_index_and_not_the_whole_table() -> None:
    """With few queued rows in a large table: the plan doesn't scan all runs."""
    client = org("Acme")
    Run.objects.bulk_create([Run(client=client, status="finished") for _ in range(3_000)])
    queue(client, make_user("ada"), 5)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE diagnostics_run")
        given: dict[str, Any] = {"queue": PEOPLE, "scheduled": False, "candidates": turns.CANDIDATES, "worker": "w"}
        cursor.execute(f"EXPLAIN {turns.CLAIM}", given | {"lease": timedelta(seconds=45)})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on diagnostics_run" not in plan


def sync(client: OAuthClient, person: User | None, **values: Any) -> int:
    source = "web" if person else "schedule"
    return ConfigurationSync.objects.create(**{"client": client, "started_by": person, "source": source, **values}).pk


def start_next_sync() -> int | None:
    """As a worker does: the sync is being read from then on."""
    now = timezone.now()
    pk = lifecycle.next_sync(now)
    if pk is not None:
        ConfigurationSync.objects.filter(pk=pk).update(state="reading", lease_until=now + timedelta(minutes=1))
    return pk


def end_sync(pk: int | None) -> None:
    assert pk is not None
    ConfigurationSync.objects.filter(pk=pk).update(state="whole", lease_until=None, finished_at=timezone.now())


def test_people_take_turns_with_their_syncs() -> None:
    ada, grace = make_user("ada"), make_user("grace")
    many = [sync(org(f"Acme {number}"), ada) for number in range(5)]
    end_sync(start_next_sync())
    other = sync(org("Zenith"), grace)
    assert start_next_sync() == other
    assert start_next_sync() == many[1]


def test_syncs_of_one_kind_leave_workers_and_places_to_the_other() -> None:
    ada = make_user("ada")
    waited_for = [sync(org(f"Acme {number}"), ada) for number in range(5)]
    by_schedule = [sync(org(f"Zenith {number}"), None) for number in range(5)]
    started = [start_next_sync() for _ in range(6)]
    assert {each for each in started if each} == {
        *waited_for[: lifecycle.MAX_CONCURRENT],
        *by_schedule[: lifecycle.MAX_CONCURRENT],
    }
    end_sync(waited_for[0])
    assert start_next_sync() == waited_for[2]


def test_a_message_for_one_sync_starts_the_one_whose_turn_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    sent_tasks: list[int] = []

    def run_org_sync(pk: int) -> bool:
        read.append(pk)
        end_sync(pk)
        return True

    monkeypatch.setattr(lifecycle, "run_sync", run_org_sync)
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append(pk))
    first, second = (sync(org(name), make_user(name)) for name in ("ada", "grace"))
    tasks.run_org_sync(second)
    assert (read, sent_tasks) == ([first], [second])
    tasks.run_org_sync(second)
    assert read == [first, second]


def test_one_channel_does_not_hold_up_the_deliveries_of_others() -> None:
    now = timezone.now()
    flooded, other = (make_channel(name) for name in ("flooded", "other"))

    def due(channel: Channel, age: int) -> int:
        at = now - timedelta(minutes=age)
        values = {"channel": channel, "event": "test", "created_at": at, "next_try_at": at, "message_id": uuid4()}
        return Delivery.objects.create(**values).pk

    many = [due(flooded, 100 - number) for number in range(2 * BATCH)]
    mine = due(other, 1)
    found = due_deliveries(now)
    assert set(found) == {*many[:BATCH_PER_CHANNEL], mine}
    Delivery.objects.filter(pk__in=found).update(state="sending", lease_until=now + timedelta(minutes=1))
    assert due_deliveries(now) == ()


def test_old_turns_are_forgotten() -> None:
    now = timezone.now()
    remember_turn(PEOPLE, 1, "old", now - timedelta(days=3))
    remember_turn(PEOPLE, 1, "new", now)
    tasks.TICK_PARTS["turns"]()
    assert list(Turn.objects.values_list("org", flat=True)) == ["new"]
