"""A `requests` session that replays recorded responses, so that thousands of runs take seconds."""

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from diagnostics.genesys.response import OrgResponse
from diagnostics.genesys.session import OrgSession

Responses = dict[str, tuple[int, str]]


def responses_of(org_responses: Iterable[OrgResponse]) -> Responses:
    """Status and body by method and URL."""
    exchanges = [response.exchange for response in org_responses if response.exchange is not None]
    return {f"{exchange.method} {exchange.url}": (exchange.status or 500, exchange.body) for exchange in exchanges}


class ReplayAdapter(BaseAdapter):
    """Responds to unknown requests with a 404."""

    def __init__(self, responses: Mapping[str, tuple[int, str]]) -> None:
        super().__init__()
        self.responses = responses

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        status, body = self.responses.get(
            f"{request.method} {request.url}", (404, '{"code":"not.found","message":"x"}')
        )
        headers = {"Content-Type": "application/json", "ININ-Correlation-Id": "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"}
        response = requests.Response()
        response.status_code, response.url, response.request = status, str(request.url), request
        response.headers = CaseInsensitiveDict(headers)
        response.raw = HTTPResponse(
            body=BytesIO(body.encode("utf-8", "surrogatepass")), headers=headers, status=status, preload_content=False
        )
        return response

    def close(self) -> None:
        pass


def replay_session(responses: Mapping[str, tuple[int, str]]) -> OrgSession:
    session = OrgSession(1)
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, ReplayAdapter(responses))
    return session
