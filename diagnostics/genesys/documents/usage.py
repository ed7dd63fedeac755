"""A client's API usage: `GET /api/v2/oauth/clients/{clientId}/usage/summary`, and the results of its execution.

The summary names an execution, whose rows are ready some minutes later at `.../usage/query/results/{executionId}`. Both
documents are read alike, in case an org returns the rows at once.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from urllib.parse import quote

from diagnostics.genesys.fields import identifier, items, mappings, moment, number, text, word
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

BASE = "/api/v2/oauth/clients/{client_id}/usage"
PERMISSIONS = ("oauth:client:view", "usage:client:view")  # one of them is enough
MOST_ROWS = 5_000
LONGEST_TEMPLATE = 400
METHOD = re.compile(r"[A-Z]{3,10}")
# Values of `queryStatus` whose rows, if any, aren't the result. The third value is Complete.
WITHOUT_RESULT = frozenset({"running", "failed"})


@dataclass(frozen=True)
class UsageRow:
    """The number of requests to one path template with one method, by the class of the response's status.

    `rejected` counts 400 to 499 without 429. `day` is None if the row has no date.
    """

    client_id: str
    method: str
    template: str
    succeeded: int
    rejected: int
    rate_limited: int
    server_errors: int
    requests: int
    day: date | None = None


@dataclass(frozen=True)
class Usage:
    """`rows` is None if the document has none yet. `execution_id` is "" if it names no execution."""

    execution_id: str = ""
    rows: tuple[UsageRow, ...] | None = None

    @classmethod
    def parse(cls, response: OrgResponse) -> Self | UnreadableResponse:
        """Rows without a method or a path are left out."""
        data = response.data
        if not response.ok or not isinstance(data, dict):
            return UnreadableResponse(response)
        if items(data, "results") is None or word(data, "queryStatus").lower() in WITHOUT_RESULT:
            return cls(_execution_id(data))
        rows = (_row(entry) for entry in mappings(data, "results")[:MOST_ROWS])
        return cls(_execution_id(data), tuple(row for row in rows if row is not None))


def summary_path(client_id: str) -> str:
    return f"{BASE.format(client_id=quote(client_id, safe=''))}/summary"


def results_path(client_id: str, execution_id: str) -> str:
    return f"{BASE.format(client_id=quote(client_id, safe=''))}/query/results/{quote(execution_id, safe='')}"


def _execution_id(data: Any) -> str:
    from_link = text(data, "resultsUri", limit=1000).partition("?")[0].rpartition("/")[2]
    return identifier(data, "executionId") or identifier(from_link)


def _row(entry: dict[str, Any]) -> UsageRow | None:
    method, template = word(entry, "httpMethod").strip().upper(), text(entry, "templateUri", limit=LONGEST_TEMPLATE + 1)
    template = template.strip()
    if not METHOD.fullmatch(method) or not template or len(template) > LONGEST_TEMPLATE:
        return None
    at = moment(entry, "date")
    succeeded = _count(entry, "status200") + _count(entry, "status300")
    rejected, rate_limited = _count(entry, "status400"), _count(entry, "status429")
    server_errors = _count(entry, "status500")
    counted = succeeded + rejected + rate_limited + server_errors
    return UsageRow(
        client_id=identifier(entry, "clientId"),
        method=method,
        template=template if template.startswith("/") else f"/{template}",
        succeeded=succeeded,
        rejected=rejected,
        rate_limited=rate_limited,
        server_errors=server_errors,
        requests=max(_count(entry, "requests"), counted),
        day=at.date() if at else None,
    )


def _count(entry: dict[str, Any], name: str) -> int:
    return max(0, number(entry, name) or 0)
