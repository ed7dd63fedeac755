"""A company's own gateway: which addresses are accepted, and which calls go through it."""

import pytest

from diagnostics.checks.request import judge_host
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.regions import region
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.company_gateway import BadGateway, clean_gateway, path_below
from diagnostics.parsing.intent import read_aim

GATEWAY = "https://gateway.example.com/genesys"
START = "/api/v2/conversations/5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11/cobrowse"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("", ""),
        ("  ", ""),
        (f" {GATEWAY}/ ", GATEWAY),
        ("HTTPS://Gateway.Example.COM:443/genesys", GATEWAY),
        ("https://gateway.example.com:8443", "https://gateway.example.com:8443"),
    ],
)
def test_an_address_is_preserved_in_one_spelling(text: str, cleaned: str) -> None:
    assert clean_gateway(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "http://gateway.example.com",
        "gateway.example.com/genesys",
        "https://user:pass@gateway.example.com",
        "https://gateway.example.com?x=1",
        "https://gateway.example.com#x",
        "https://gateway.example.com:99999",
        "https://[::1/",
        "https://localhost",
        "https://gateway.example.com/a b",
        "https://gatewäy.example.com",
        "https://api.mypurecloud.com",
        "https://gateway.example.com/" + "a" * 400,
        "javascript:alert(1)",
    ],
)
def test_what_is_no_https_address_of_a_gateway_is_refused(text: str) -> None:
    with pytest.raises(BadGateway):
        clean_gateway(text)


@pytest.mark.parametrize(
    ("url", "below"),
    [
        (GATEWAY + START, START),
        ("https://GATEWAY.example.com/genesys" + START, START),
        ("https://gateway.example.com" + START, None),
        ("https://gateway.example.com/genesysx" + START, None),
        ("https://other.example.com/genesys" + START, None),
        ("https://gateway.example.com:8443/genesys" + START, None),
        (START, None),
    ],
)
def test_the_prefix_is_stripped_only_below_the_gateway(url: str, below: str | None) -> None:
    assert path_below(GATEWAY, FailingCall("POST", url)) == below
    assert path_below("", FailingCall("POST", url)) is None


@pytest.mark.parametrize(
    ("url", "gateway", "code", "fault"),
    [
        (GATEWAY + START, GATEWAY, "company_gateway", ""),
        (GATEWAY + START + "/", GATEWAY, "company_gateway", "trailing_slash"),
        (GATEWAY + START, "", "unknown_host", "not_in_api"),
        ("https://gateway.example.com" + START, GATEWAY, "unknown_host", ""),
        ("http://gateway.example.com/genesys" + START, GATEWAY, "plain_http", ""),
        ("https://api.mypurecloud.com" + START, GATEWAY, "right", ""),
    ],
)
def test_a_call_through_the_gateway_is_judged_by_what_is_below_it(
    url: str, gateway: str, code: str, fault: str
) -> None:
    call = FailingCall("POST", url)
    aim = read_aim(call, "", bundled(), gateway)
    assert judge_host(call, aim, region("us-east-1"), gateway).code == code
    assert aim.fault == fault
