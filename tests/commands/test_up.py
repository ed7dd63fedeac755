"""The address that `up` prints, and the host that its readiness probe uses."""

import io
import logging

import pytest
from pytest_django import Settings

from config.embedded.child import is_warning
from diagnostics.management.commands.up import allowed_host, log_warnings_only, public_address

LOCAL_ADDRESS = "http://127.0.0.1:8000"
LOCAL = ["localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(
    ("allowed", "https", "address", "host"),
    [
        (LOCAL, False, LOCAL_ADDRESS, "127.0.0.1"),
        (["*"], False, LOCAL_ADDRESS, "127.0.0.1"),
        (["cobrowse.example.com"], True, "https://cobrowse.example.com ", "cobrowse.example.com"),
        ([".example.com"], True, "https://example.com ", "example.com"),
        (["127.0.0.1", "cobrowse.example.com"], True, "https://cobrowse.example.com ", "127.0.0.1"),
        (["cobrowse.example.com"], False, "http://cobrowse.example.com ", "cobrowse.example.com"),
    ],
)
def test_address_and_probe_host_match_the_allowed_hosts(
    settings: Settings, allowed: list[str], https: bool, address: str, host: str
) -> None:
    settings.ALLOWED_HOSTS, settings.HTTPS = allowed, https
    assert public_address(LOCAL_ADDRESS).startswith(address)
    assert allowed_host() == host


def test_its_own_process_logs_warnings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(logging.root, "handlers", [logging.StreamHandler(written)])
    log_warnings_only()
    log = logging.getLogger("diagnostics.runs.execute")
    log.info("run 1 ended")
    log.warning("the disk is full")
    assert written.getvalue() == "the disk is full\n"
    logging.root.handlers[0].removeFilter(is_warning)
    log.info("run 2 ended")
    assert "run 2 ended" in written.getvalue()
