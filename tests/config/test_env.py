"""Environment variables: accepted values, and messages for invalid ones."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config import env

KEY = Fernet.generate_key().decode()


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1", True), ("yes", True), ("ON", True), ("0", False), ("False", False), ("", True), (" ", True)],
)
def test_a_flag_is_read(monkeypatch: pytest.MonkeyPatch, given: str, expected: bool) -> None:
    monkeypatch.setenv("X", given)
    assert env.flag("X", default=True) is expected


def test_a_number_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", " 12 ")
    assert env.number("X", 3, minimum=1, maximum=20) == 12
    assert env.number("MISSING", 3, minimum=1, maximum=20) == 3


@pytest.mark.parametrize("given", ["twelve", "0", "21", "1.5", "-", "--1", "１２", "99999999999999999999"])
def test_a_bad_number_stops_with_a_message(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    with pytest.raises(SystemExit, match=r"^X is .*from 1 to 20"):
        env.number("X", 3, minimum=1, maximum=20)


def test_a_bad_flag_stops_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "maybe")
    with pytest.raises(SystemExit, match=r"^DEBUG is 'maybe'"):
        env.flag("DEBUG", default=False)


def test_a_list_is_split_and_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", " a, b,,c ")
    assert env.string_list("X") == ["a", "b", "c"]
    assert env.string_list("MISSING", ["d"]) == ["d"]


def test_a_secret_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "key"))
    assert env.secret("X") == "s3cret"


def test_a_secret_given_twice_stops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("X", "a")
    monkeypatch.setenv("X_FILE", str(tmp_path / "key"))
    with pytest.raises(SystemExit, match="both set"):
        env.secret("X")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_an_unusable_secret_file_stops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("X_FILE", str(file))
    with pytest.raises(SystemExit, match="X_FILE"):
        env.secret("X")


def test_encryption_keys_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Fernet.generate_key().decode()
    monkeypatch.setenv("X", f"{KEY}, {other}")
    assert env.encryption_keys("X") == [KEY, other]


@pytest.mark.parametrize("bad", ["short", KEY[:-1], "ä" * 44], ids=["short", "cut", "not ascii"])
def test_a_bad_encryption_key_is_not_repeated(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    monkeypatch.setenv("X", f"{KEY},{bad}")
    with pytest.raises(SystemExit) as stopped:
        env.encryption_keys("X")
    assert "Key 2 of 2 in X" in str(stopped.value)
    assert bad not in str(stopped.value)
    assert KEY not in str(stopped.value)


@pytest.mark.parametrize("given", ["{", "[]", "1", '"x"', "[" * 100_000])
def test_other_json_than_an_object_stops(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    with pytest.raises(SystemExit, match=r"^X "):
        env.json_object("X")


def test_endpoints_lose_their_trailing_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", '{"lab": {"api": "http://127.0.0.1:9001/", "login": "https://login.lab", "name": "Lab"}}')
    assert env.endpoints("X") == {"lab": {"api": "http://127.0.0.1:9001", "login": "https://login.lab", "name": "Lab"}}


@pytest.mark.parametrize(
    "entry",
    [
        '"http://x"',
        "{}",
        '{"name": "no address"}',
        '{"api": "ftp://x"}',
        '{"api": "x.com"}',
        '{"api": 3}',
        '{"api": "http://u:p@x"}',
        '{"api": "http://x/path"}',
        '{"api": "http://x:99999"}',
        '{"api": "http://[::1"}',
        '{"api": "http://x", "logn": "http://x"}',
    ],
)
def test_a_bad_endpoint_stops(monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    monkeypatch.setenv("X", f'{{"lab": {entry}}}')
    with pytest.raises(SystemExit, match=r"^X.*'lab'"):
        env.endpoints("X")


def test_a_database_url_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "postgres://me:p%40ss@db.example.com:6543/doctor?sslmode=require")
    assert env.database("X") == {
        "ENGINE": "config.database",
        "NAME": "doctor",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example.com",
        "PORT": "6543",
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize(
    "given", ["postgresql:///doctor?host=/run/postgresql", "postgres://%2Frun%2Fpostgresql/doctor"]
)
def test_a_database_may_be_a_socket(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    assert env.database("X")["HOST"] == "/run/postgresql"


@pytest.mark.parametrize("given", ["mysql://u:hush@h/d", "postgres://u:hush@h", "hush", "postgres://u:hush@h:port/d"])
def test_a_bad_database_url_stops_without_showing_the_password(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    with pytest.raises(SystemExit) as stopped:
        env.database("X")
    assert str(stopped.value).startswith("X must look like")
    assert "hush" not in str(stopped.value)


@pytest.mark.parametrize("given", ["redis://h/0", "rediss://h", "redis+socket:///x", "amqp://u:p@h//", ""])
def test_supported_brokers_are_accepted(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    assert env.broker_url("X") == given


@pytest.mark.parametrize("given", ["sqla+sqlite://", "filesystem://", "http://h", "nonsense"])
def test_other_brokers_stop(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    with pytest.raises(SystemExit, match="X must start with"):
        env.broker_url("X")


def test_networks_are_given_as_addresses_or_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "10.0.0.7, 10.1.0.0/16,fd00::/8")
    assert [str(each) for each in env.networks("X", [])] == ["10.0.0.7/32", "10.1.0.0/16", "fd00::/8"]


@pytest.mark.parametrize("given", ["monitoring", "10.0.0.1/8", "10.0.0.0/33", "300.1.1.1"])
def test_a_bad_network_stops(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    with pytest.raises(SystemExit, match="X"):
        env.networks("X", [])


def test_a_collector_is_an_http_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "http://collector:4318")
    assert env.collector("X") == "http://collector:4318"
    monkeypatch.setenv("X", "collector:4318")
    with pytest.raises(SystemExit, match="X"):
        env.collector("X")


def test_a_collector_without_the_opentelemetry_packages_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "http://collector:4318")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="--group traces"):
        env.collector("X")
