"""Regions: the list, every spelling, the hosts they are judged by, and the operator's redirections."""

import dataclasses

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.genesys import regions
from diagnostics.genesys.regions import all_regions, find_region, nearest_regions, region, region_of_host

STATE_IN = "http://127.0.0.1:9001"


@pytest.fixture(autouse=True)
def no_operator_endpoints(settings: LazySettings) -> None:
    settings.GENESYS_ENDPOINTS = {}


DOMAINS = {
    "us-east-1": "mypurecloud.com",
    "us-west-2": "usw2.pure.cloud",
    "us-east-2": "use2.us-gov-pure.cloud",
    "ca-central-1": "cac1.pure.cloud",
    "mx-central-1": "mxc1.pure.cloud",
    "sa-east-1": "sae1.pure.cloud",
    "ap-northeast-1": "mypurecloud.jp",
    "ap-northeast-2": "apne2.pure.cloud",
    "me-central-1": "mec1.pure.cloud",
    "ap-northeast-3": "apne3.pure.cloud",
    "ap-south-1": "aps1.pure.cloud",
    "ap-southeast-1": "apse1.pure.cloud",
    "ap-southeast-2": "mypurecloud.com.au",
    "eu-west-1": "mypurecloud.ie",
    "eu-west-2": "euw2.pure.cloud",
    "eu-central-1": "mypurecloud.de",
    "eu-central-2": "euc2.pure.cloud",
    "eusc-de-east-1": "edee1.eusc-pure.cloud",
}


def key_of(found: regions.Region | None) -> str | None:
    return found.key if found else None


def test_the_eighteen_published_regions_are_known() -> None:
    assert {each.key: each.domain for each in all_regions()} == DOMAINS


@pytest.mark.parametrize(("key", "domain"), DOMAINS.items())
def test_a_published_region_has_its_three_real_hosts(key: str, domain: str) -> None:
    found = region(key)
    assert (found.api, found.login) == (f"https://api.{domain}", f"https://login.{domain}")
    assert found.hosts == (f"api.{domain}", f"login.{domain}", f"apps.{domain}")
    assert [region_of_host(host) for host in found.hosts] == [found] * 3


def test_an_unknown_key_raises() -> None:
    with pytest.raises(KeyError):
        region("eu-west-9")


@pytest.mark.parametrize("key", DOMAINS)
def test_a_region_is_found_by_everything_it_shows(key: str) -> None:
    each = region(key)
    spellings = [key, key.upper(), key.replace("-", "_"), each.name, each.domain, each.api, each.login, each.apps_host]
    assert [key_of(find_region(f"  {spelling} ")) for spelling in spellings] == [key] * len(spellings)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("mypurecloud.ie", "eu-west-1"),
        ("euw1", "eu-west-1"),
        ("EUW2", "eu-west-2"),
        ("use1", "us-east-1"),
        ("apse2", "ap-southeast-2"),
        ("edee1", "eusc-de-east-1"),
        ("Ireland", "eu-west-1"),
        ("Dublin", "eu-west-1"),
        ("N. Virginia", "us-east-1"),
        ("zürich", "eu-central-2"),
        ("South Korea", "ap-northeast-2"),
        ("UK", "eu-west-2"),
        ("Sao Paulo", "sa-east-1"),
        ("us east", "us-east-1"),
        ("https://login.mypurecloud.ie/", "eu-west-1"),
        ("apps.mypurecloud.de/directory/#/admin/oauth", "eu-central-1"),
        ("API.USW2.PURE.CLOUD", "us-west-2"),
        ("api.mypurecloud.com.:443", "us-east-1"),
        ("https://api.mypurecloud.com.au:8443/api/v2/users/me?x=https://api.mypurecloud.ie", "ap-southeast-2"),
        ("<https://api.mypurecloud.jp>", "ap-northeast-1"),
        ("PureCloudRegionHosts.eu_central_2", "eu-central-2"),
        ("api%2Emypurecloud.ie", "eu-west-1"),
    ],
)
def test_a_region_is_found_by_what_people_paste(text: str, key: str) -> None:
    assert key_of(find_region(text)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t",
        "...",
        "eu-west-9",
        "europe",
        "api.us.genesys.cloud",
        "myorg.mypurecloud.com",
        "https://api.mypurecloud.com@evil.example/",
        "https://api.mypurecloud.com.evil.example",
        "https://api.mypurecloud.com\\.evil.example",
        "xmypurecloud.com",
        "api.inindca.com",
        "x" * 100_000,
    ],
)
def test_no_region_is_made_up(text: str) -> None:
    assert find_region(text) is None


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("api.mypurecloud.com", "us-east-1"),
        ("API.MyPureCloud.COM", "us-east-1"),
        ("api.mypurecloud.com.", "us-east-1"),
        ("login.euw2.pure.cloud:443", "eu-west-2"),
        ("api.mypurecloud.de:80", "eu-central-1"),
        ("api%2emypurecloud%2Ejp", "ap-northeast-1"),
        ("\uff41\uff50\uff49.mypurecloud.ie", "eu-west-1"),  # full-width letters, which a browser reads as "api"
    ],
)
def test_a_host_is_judged_by_the_real_hosts(host: str, key: str) -> None:
    assert key_of(region_of_host(host)) == key


@pytest.mark.parametrize(
    "host",
    [
        "",
        "mypurecloud.com",
        "api.mypurecloud.com..",
        "api.mypurecloud.com:8443",
        "api.mypurecloud.com:443:443",
        "api.mypurecloud.com.evil.example",
        "api.mypurecloud.com%2eevil.example",
        "xmypurecloud.com",
        "api.xmypurecloud.com",
        "apimypurecloud.com",
        "api-mypurecloud.com",
        "evil.example@api.mypurecloud.com",
        "evil.example/api.mypurecloud.com",
        "myorg.mypurecloud.com",
        "api.us.genesys.cloud",
        "\u0430pi.mypurecloud.com",  # Cyrillic a
        "xn--pi-7kc.mypurecloud.com",
        "api.mypurecloud.com\u0000",
        "api.mypurecloud.com\n.evil.example",
    ],
)
def test_lookalikes_and_invented_hosts_are_no_region(host: str) -> None:
    assert region_of_host(host) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("myorg.mypurecloud.ie", "eu-west-1"),
        ("https://myorg.mypurecloud.com.au/x", "ap-southeast-2"),
        ("eu-wset-1", "eu-west-1"),
        ("mypurecloud.dee", "eu-central-1"),
        ("frankfrut", "eu-central-1"),
    ],
)
def test_the_nearest_region_is_offered_for_what_is_none(text: str, key: str) -> None:
    assert nearest_regions(text)[0].key == key
    assert len(nearest_regions(text)) <= 3


@pytest.mark.parametrize(
    "text", ["Paris", "hello", "Madrid", "Melbourne", "api.example.com", "x", "", "\x00", "☃" * 300]
)
def test_nothing_is_suggested_when_nothing_is_close(text: str) -> None:
    assert find_region(text) is None
    assert nearest_regions(text) == ()


def test_an_invented_continent_host_leads_to_that_continent() -> None:
    assert {each.key[:2] for each in nearest_regions("api.us.genesys.cloud", 2)} == {"us"}


def test_short_spellings_name_one_region_each() -> None:
    spellings = [spelling for each in all_regions() for spelling in regions._folded_spellings(each)]
    assert len(spellings) == len(set(spellings))


def test_a_redirected_region_connects_elsewhere_but_is_judged_by_its_real_hosts(settings: LazySettings) -> None:
    settings.GENESYS_ENDPOINTS = {"us-east-1": {"api": f"{STATE_IN}/", "login": STATE_IN}}
    found = region("us-east-1")
    assert (found.api, found.login, found.domain) == (STATE_IN, STATE_IN, "mypurecloud.com")
    assert region_of_host("api.mypurecloud.com") == found
    assert region_of_host("127.0.0.1:9001") is None
    assert find_region(STATE_IN) is None
    assert len(all_regions()) == len(DOMAINS)


def test_half_a_redirection_leaves_the_other_half(settings: LazySettings) -> None:
    settings.GENESYS_ENDPOINTS = {"eu-west-1": {"api": STATE_IN}}
    assert (region("eu-west-1").api, region("eu-west-1").login) == (STATE_IN, "https://login.mypurecloud.ie")


def test_an_added_region_is_judged_by_its_endpoints(settings: LazySettings) -> None:
    settings.GENESYS_ENDPOINTS = {"demo-published": {"api": STATE_IN, "login": "http://127.0.0.1:9002/login"}}
    found = region("demo-published")
    assert all_regions()[-1] == found
    assert (found.domain, found.demo) == ("", True)
    assert (found.api_host, found.login_host) == ("127.0.0.1:9001", "127.0.0.1:9002")
    assert region_of_host("127.0.0.1:9001") == region_of_host("127.0.0.1:9002") == found
    assert region_of_host("127.0.0.1") is None
    assert region_of_host("127.0.0.1:9003") is None
    assert find_region("demo-published") == find_region(f"{STATE_IN}/api/v2/users/me") == found


def test_an_added_region_on_the_usual_port_is_found_with_and_without_it(settings: LazySettings) -> None:
    settings.GENESYS_ENDPOINTS = {"proxied": {"api": "https://cloud.proxy.example:443/genesys/", "name": "Our proxy"}}
    found = region("proxied")
    assert (found.api, found.login, found.name) == (*["https://cloud.proxy.example:443/genesys"] * 2, "Our proxy")
    assert (found.api_host, found.demo) == ("cloud.proxy.example", False)
    for host in ("cloud.proxy.example", "CLOUD.proxy.example.", "cloud.proxy.example:443"):
        assert region_of_host(host) == found


def test_a_region_is_a_value() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        region("us-east-1").api = "https://evil.example"  # type: ignore[misc]


@given(st.text() | st.text(alphabet="api.mypurecloud:/@%25[]#\\"))
def test_no_text_breaks_a_look_up(text: str) -> None:
    found = region_of_host(text)
    assert found is None or find_region(text) == found
    assert len(nearest_regions(text)) <= 3
