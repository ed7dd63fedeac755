"""A company's own gateway in front of the API: an https address with a path prefix, as in the SDKs and CX as Code.

It is only used to check the URL of a pasted call. Nothing is ever sent to it: only the operator's GENESYS_ENDPOINTS
setting can send requests elsewhere.
"""

import re
from urllib.parse import urlsplit

from diagnostics.genesys.regions import region_of_host
from diagnostics.parsing.call import FailingCall, ReceivedResponse

MAX_ADDRESS = 300
HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100})*")


# Headers and words in bodies by which well-known API gateways are recognized.
HEADERS = ("x-amzn-errortype", "x-amzn-requestid", "x-amz-apigw-id", "x-kong-request-id", "x-kong-response-latency")
WORDS = re.compile(
    r"missing authentication token|no route matched with those values|subscription key|apiproxy|\bfaultstring\b",
    re.IGNORECASE,
)
# A misspelled host of Genesys Cloud is not a gateway.
LIKE_GENESYS = re.compile(r"pure\.?cloud|genesys\.cloud|genesyscloud\.com|genesys\.com$", re.IGNORECASE)


class BadGateway(ValueError):
    """The text is not the address of a gateway. str() is the sentence for the page."""


def clean_gateway(text: str) -> str:
    """The normalized address; "" for none. Raises BadGateway."""
    text = text.strip()
    if not text:
        return ""
    example = "Enter it like https://gateway.example.com/genesys."
    if len(text) > MAX_ADDRESS or not text.isascii() or re.search(r"\s", text):
        raise BadGateway(
            f"The gateway's address is longer than {MAX_ADDRESS} characters or holds characters of no URL. {example}"
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadGateway(f"The gateway's address is not a URL. {example}") from None
    if parts.scheme.lower() != "https":
        raise BadGateway(f"The gateway's address must start with https://, because tokens travel through it. {example}")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise BadGateway(f"The gateway's address must have no user name, query or fragment. {example}")
    host, prefix = (parts.hostname or "").lower().removesuffix("."), parts.path.rstrip("/")
    if not HOST.fullmatch(host) or not PREFIX.fullmatch(prefix):
        raise BadGateway(f"The gateway's host or path prefix is not valid. {example}")
    if region_of_host(host) is not None:
        raise BadGateway("This is a host of Genesys Cloud itself, not a gateway. Leave the field empty.")
    return f"https://{host}{f':{port}' if port not in (None, 443) else ''}{prefix}"


def path_below(gateway: str, call: FailingCall) -> str | None:
    """The call's path without the gateway's prefix; None if the call doesn't go through the gateway."""
    if not gateway or not call.host:
        return None
    parts = urlsplit(gateway)
    prefix = parts.path.rstrip("/")
    if call.host != parts.netloc or not call.path.startswith(f"{prefix}/"):
        return None
    return call.path[len(prefix) :]


def implied_gateway(call: FailingCall, response: ReceivedResponse | None) -> str:
    """The gateway that a response reveals: a company's host that responds as an API gateway does, or that passes on a
    response of Genesys Cloud (facts, section 11). "" for none.
    """
    prefix, found, _ = call.path.partition("/api/v2/")
    if response is None or call.scheme != "https" or not found or LIKE_GENESYS.search(call.host):
        return ""
    passed_on = bool(response.header("ININ-Correlation-Id"))
    if not (
        passed_on or any(response.header(name) for name in HEADERS) or WORDS.search((response.body or "")[:20_000])
    ):
        return ""
    try:
        return clean_gateway(f"https://{call.host}{prefix}")
    except BadGateway:
        return ""


def is_host_of(gateway: str, host: str) -> bool:
    return bool(gateway) and urlsplit(gateway).netloc == host
