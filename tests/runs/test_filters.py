"""What a list of runs is narrowed to: read, named where it is not understood, written again, applied."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.filters import CONDITIONS, READERS, RunFilter
from diagnostics.runs.models import Run
from tests.factories import make_client, make_open_run, make_run, make_user

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")


def read(query: str) -> RunFilter:
    return RunFilter.read(QueryDict(query), NOW, ZONE, viewer=None)


def test_nothing_narrows_nothing() -> None:
    found = read("client=&cause=&when=")
    assert (found.is_narrow, found.problems, found.to_query()) == (False, (), "")
    assert found.times.is_open


@pytest.mark.parametrize(
    "query",
    [
        "client=12",
        "org=8f1c",
        "environment=unset",
        "kind=health",
        "cause=conv.ended",
        "cause=wrong",
        "certainty=likely",
        "status=open",
        "check=oauth.token",
        "check=oauth.token&outcome=fail",
        "conversation=2eb",
        "provider=Genesys",
        "deployment=d-1",
        "permission=conversation%3Acobrowse%3Aadd",
        "who=ada",
        "source=schedule",
        "target=start%3A12",
        "pinned=yes",
        "part=no",
        "when=7d",
        "sort=slowest",
        "when=today&zone=Europe%2FBerlin",
        "from=2026-11-01&to=2026-11-02&zone=UTC",
    ],
)
def test_what_was_read_is_written_again(query: str) -> None:
    found = read(query)
    assert found.problems == ()
    assert found.to_query() == query
    assert read(found.to_query()) == found


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "client=x",
        "client=-1",
        "client=" + "9" * 40,
        "client=%C2%B2",
        "kind=other",
        "cause=none.such",
        "status=%00",
        "org=%00",
        "check=oauth%20token",
        "outcome=fail",
        "check=oauth.token&outcome=bad",
        "conversation=" + "x" * 301,
        "when=yesterday",
        "from=soon",
        "from=2026-13-01",
        "to=9999-12-31",
        "from=0001-01-01T00:00",
        "when=7d&from=2026-11-01",
        "from=2026-11-03&to=2026-11-01",
        "zone=Middle%2FEarth",
        "zone=../../etc/passwd",
        "zone=Europe",
        "sort=worst",
        "kind=health&kind=diagnosis",
    ],
)
def test_what_is_not_understood_is_named(query: str) -> None:
    assert len(read(query).problems) == 1


def test_a_problem_names_what_it_is_about_and_leaves_the_rest_in_force() -> None:
    found = read("colour=red&cause=none.such&kind=health")
    assert "colour" in found.problems[0]
    assert "none.such" in found.problems[1]
    assert found.values == {"kind": "health"}


def test_problems_stay_few_and_short() -> None:
    found = read("&".join(f"{'n' * 5000}{number}=1" for number in range(500)))
    assert len(found.problems) == 9
    assert max(map(len, found.problems)) < 200


def test_what_the_caller_reads_by_itself_is_no_problem() -> None:
    assert RunFilter.read({"page": "last"}, NOW, ZONE, viewer=None, also=("page",)).problems == ()


@given(st.dictionaries(st.sampled_from([*READERS, "other"]), st.text()))
def test_any_text_is_read_without_a_stumble(query: dict[str, str]) -> None:
    found = RunFilter.read(query, NOW, ZONE, viewer=None)
    assert read(found.to_query()).values == found.values


def test_today_begins_where_the_reader_is() -> None:
    assert read("when=today").times.since == datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    assert read("when=today&zone=America/New_York").times.since == datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


def test_a_shared_link_means_the_same_days_to_everybody() -> None:
    shared = read("from=2026-11-01&to=2026-11-02").to_query()
    elsewhere = RunFilter.read(QueryDict(shared), NOW, ZoneInfo("Asia/Tokyo"), viewer=None)
    assert elsewhere.times == read("from=2026-11-01&to=2026-11-02").times


def test_the_last_day_belongs_to_the_range() -> None:
    times = read("from=2026-10-24&to=2026-10-25").times
    assert times.since is not None
    assert times.until is not None
    assert times.until.astimezone(UTC) - times.since.astimezone(UTC) == timedelta(hours=49)  # summer time ends


def test_a_changed_query_swaps_dates_for_a_quick_range() -> None:
    found = read("kind=health&from=2026-11-01&sort=oldest")
    assert found.to_query(when="7d", zone="") == "kind=health&when=7d&sort=oldest"
    assert found.to_query(kind="") == "from=2026-11-01&zone=Europe%2FBerlin&sort=oldest"


def test_every_name_decides_something() -> None:
    next_to = {"check", "outcome", "when", "from", "to", "zone", "sort"}
    assert set(READERS) == set(CONDITIONS) | next_to


MARKS = ["check:oauth.token=fail", "provider:Genesys", "deployment:d-1", "permission:conversation:cobrowse:add"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "client={client}",
        "org=org-1",
        "environment=sandbox",
        "kind=health",
        "cause=conv.ended",
        "cause=wrong",
        "certainty=likely",
        "status=interrupted",
        "check=oauth.token",
        "check=oauth.token&outcome=fail",
        "conversation=other",
        "provider=Genesys",
        "deployment=d-1",
        "permission=Conversation > Cobrowse > Add",
        "who=ada",
        "source=schedule",
        "target=start:1",
        "pinned=yes",
        "part=yes",
        "from=2026-11-01&to=2026-11-02",
    ],
)
def test_it_finds_the_runs_that_fit_and_no_other(query: str) -> None:
    make_run(
        cause="none", created_at=NOW, search_keys=["check:oauth.token_life=fail", "provider:genesys", "deployment:d-11"]
    )
    wanted = make_run(
        make_client("wanted", org_id="org-1", environment=OAuthClient.Environment.SANDBOX),
        kind="health",
        cause="conv.ended",
        certainty="likely",
        status="interrupted",
        source="schedule",
        conversation_id="other",
        started_by=make_user(),
        target="start:1",
        pinned_at=NOW,
        branch="oauth.token",
        created_at=datetime(2026, 11, 2, 22, 59, tzinfo=UTC),
        search_keys=MARKS,
    )
    found = read(query.format(client=wanted.client_id))
    assert found.problems == ()
    assert list(found.apply(Run.objects.all())) == [wanted]


@pytest.mark.django_db
def test_what_has_not_ended_is_queued_or_running() -> None:
    make_run()
    opened = {make_open_run(make_client("a")), make_open_run(make_client("b"), status="queued")}
    assert set(read("status=open").apply(Run.objects.all())) == opened
    assert set(read("environment=unset").apply(Run.objects.all())) == set(Run.objects.all())


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["pinned", "part"])
def test_no_is_the_other_half_of_yes(name: str) -> None:
    plain = make_run()
    make_run(plain.client, pinned_at=NOW, branch="oauth.token")
    assert list(read(f"{name}=no").apply(Run.objects.all())) == [plain]
