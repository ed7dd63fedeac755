"""The demo orgs stand in for themselves only where nobody serves them."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from diagnostics.demo.in_process_server import serve_demo_region
from diagnostics.demo.server import Running, ensure_running
from diagnostics.genesys.regions import region


@pytest.fixture(autouse=True)
def endpoints() -> Iterator[None]:
    before = settings.GENESYS_ENDPOINTS
    settings.GENESYS_ENDPOINTS = {}
    yield
    settings.GENESYS_ENDPOINTS = before


def test_a_real_region_is_never_stood_in_for() -> None:
    assert serve_demo_region("us-east-1") is False
    assert settings.GENESYS_ENDPOINTS == {}


def test_an_unserved_demo_region_is_served_from_this_process() -> None:
    assert serve_demo_region("demo-gateway") is True
    assert region("demo-gateway").api == ensure_running().urls["gateway"]
    ensure_running().stop()


def test_a_region_left_behind_by_an_ended_server_is_served_again(demo: Running) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    demo.stop()
    assert serve_demo_region("demo-published") is True
    assert region("demo-published").api == ensure_running().urls["published"]
    ensure_running().stop()


def test_a_served_region_is_left_to_its_server(demo: Running) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    assert serve_demo_region("demo-published") is False
    assert region("demo-published").api == demo.urls["published"]
