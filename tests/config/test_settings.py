"""Settings as a whole: rejected environments, and production values."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from config.embedded.data_dir import PROJECT

ENCRYPTION_KEY = Fernet.generate_key().decode()
PRODUCTION = {
    "DATABASE_URL": "postgres://doctor:secret@127.0.0.1:1/doctor",
    "CELERY_BROKER_URL": "amqp://127.0.0.1:1//",
    "SECRET_KEY": "o" * 30 + "1234567890" + "abcdefghijklmnopqrst",
    "FIELD_ENCRYPTION_KEYS": ENCRYPTION_KEY,
    "ALLOWED_HOSTS": "cobrowse.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://cobrowse.example.com",
}


def manage(data: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "COBROWSE_DOCTOR_DATA_DIR": str(data), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def printed(data: Path, expression: str, **env: str) -> str:
    code = f"from config import settings as s; print({expression})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "COBROWSE_DOCTOR_DATA_DIR": str(data), **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"DEBUG": "maybe"}, "DEBUG"),
        ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL"),
        ({"CELERY_BROKER_URL": "x"}, "CELERY_BROKER_URL"),
        ({"FIELD_ENCRYPTION_KEYS": "x"}, "FIELD_ENCRYPTION_KEYS"),
        ({"GENESYS_ENDPOINTS": "x"}, "GENESYS_ENDPOINTS"),
        ({"CSRF_TRUSTED_ORIGINS": "x"}, "CSRF_TRUSTED_ORIGINS"),
        ({"DEMO_PORT": "x"}, "DEMO_PORT"),
        ({"SNAPSHOT_HOURS": "-1"}, "SNAPSHOT_HOURS"),
        ({"TIME_ZONE": "Mars/Olympus"}, "TIME_ZONE"),
        ({"EMAIL_URL": "mail.example.com"}, "EMAIL_URL"),
        ({"EMAIL_URL": "smtp://mail.example.com"}, "EMAIL_FROM"),
        ({"EMAIL_URL": "smtp://me:secret@mail.example.com", "EMAIL_FROM": "a@b.example"}, "EMAIL_URL"),
        ({"EMAIL_FROM": "Doctor <a@b.example>"}, "EMAIL_FROM"),
        ({"PUBLIC_URL": "doctor.example.com"}, "PUBLIC_URL"),
        ({"ALERT_ALLOWED_HOSTS": "https://hooks.example.com/x"}, "ALERT_ALLOWED_HOSTS"),
    ],
)
def test_a_bad_value_stops_with_one_message(tmp_path: Path, env: dict[str, str], named: str) -> None:
    done = manage(tmp_path / "data", "check", **env)
    assert done.returncode == 1
    assert named in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("missing", ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS"])
def test_an_external_database_needs_configured_keys(tmp_path: Path, missing: str) -> None:
    env = {name: value for name, value in PRODUCTION.items() if name != missing}
    done = manage(tmp_path / "data", "check", **env)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{missing} is missing")
    assert "python3 -c" in done.stderr
    assert "Traceback" not in done.stderr


def test_production_settings_pass_the_deployment_checks(tmp_path: Path) -> None:
    done = manage(tmp_path / "data", "check", "--deploy", "--fail-level", "DEBUG", **PRODUCTION)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_production_writes_nothing_to_a_data_folder(tmp_path: Path) -> None:
    manage(tmp_path / "data", "check", **PRODUCTION)
    assert not (tmp_path / "data").exists()


def test_keys_are_generated_once_and_private(tmp_path: Path) -> None:
    expression = "s.SECRET_KEY, s.FIELD_ENCRYPTION_KEYS"
    first = printed(tmp_path / "data", expression)
    assert printed(tmp_path / "data", expression) == first
    keys = list((tmp_path / "data" / "keys").iterdir())
    assert {file.stat().st_mode & 0o777 for file in keys} == {0o600}


def test_simultaneous_first_commands_share_their_keys(tmp_path: Path) -> None:
    code = "from config import settings as s; print(s.SECRET_KEY, s.FIELD_ENCRYPTION_KEYS, s.DATABASES)"
    env = {"PATH": "/usr/bin:/bin", "COBROWSE_DOCTOR_DATA_DIR": str(tmp_path / "data")}
    both = [
        subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, env=env, stdout=subprocess.PIPE) for _ in range(3)
    ]
    assert len({process.communicate()[0] for process in both}) == 1
    assert {process.returncode for process in both} == {0}


def test_the_first_encryption_key_in_the_file_is_the_newest(tmp_path: Path) -> None:
    printed(tmp_path / "data", "0")
    file = tmp_path / "data" / "keys" / "field_encryption_keys"
    old = file.read_text().strip()
    file.write_text(f"{ENCRYPTION_KEY}\n{old}\n")
    assert printed(tmp_path / "data", "s.FIELD_ENCRYPTION_KEYS") == str([ENCRYPTION_KEY, old])


def test_a_public_host_turns_https_on(tmp_path: Path) -> None:
    expression = "s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0"
    assert printed(tmp_path, expression, **PRODUCTION) == "True True True True"
    assert printed(tmp_path / "data", expression) == "False False False False"


def test_a_web_process_keeps_its_connections(tmp_path: Path) -> None:
    expression = "s.DATABASES['default']['CONN_MAX_AGE'], s.DATABASES['default']['CONN_HEALTH_CHECKS']"
    assert printed(tmp_path, expression, **PRODUCTION) == "None True"


def test_the_operator_overrides_the_demo_regions(tmp_path: Path) -> None:
    (tmp_path / "demo-endpoints.json").write_text('{"demo-published": {"api": "http://127.0.0.1:1"}}')
    given = '{"lab": {"api": "https://lab"}, "demo-published": {"api": "https://x"}}'
    expression = "sorted((key, value['api']) for key, value in s.GENESYS_ENDPOINTS.items())"
    expected = str([("demo-published", "https://x"), ("lab", "https://lab")])
    assert printed(tmp_path, expression, GENESYS_ENDPOINTS=given, **PRODUCTION) == expected


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00"])
def test_a_damaged_demo_file_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "demo-endpoints.json").write_text(content)
    assert printed(tmp_path, "s.GENESYS_ENDPOINTS", **PRODUCTION) == "{}"


def test_celery_loses_no_message_and_waits_for_the_broker() -> None:
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert settings.CELERY_RESULT_BACKEND is None
    assert settings.CELERY_BROKER_CONNECTION_MAX_RETRIES is None


def test_every_thread_of_the_web_server_uses_the_configured_broker(tmp_path: Path) -> None:
    """A process that had served only probes once had no Celery app, and reported the broker as down."""
    program = (
        "import config.wsgi; from celery import current_app; from concurrent.futures import ThreadPoolExecutor; "
        "print(ThreadPoolExecutor(1).submit(lambda: current_app.main).result())"
    )
    env = {**PRODUCTION, "COBROWSE_DOCTOR_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=env, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "cobrowse-doctor", done.stderr
