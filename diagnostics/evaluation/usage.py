"""Judges the API usage of every client of the demo orgs, and counts which of the seeded failing calls are found."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from diagnostics.demo.api.usage import execution_of, results
from diagnostics.demo.orgs import KEYS, DemoClient, DemoOrg, Endpoint, load_endpoint, read_data
from diagnostics.demo.routing import DemoCaller, DemoRequest
from diagnostics.engine.usage_review import CallProblem, review_usage
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.documents.usage import Usage
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.response import response_from


def evaluate_usage() -> dict[str, Any]:
    """`healthy` are the clients without a seeded call, and `silent` those of them for which nothing is reported."""
    failing = read_data("usage.json")["failing"]
    seeded = {(pk, row["httpMethod"], row["templateUri"]): False for pk, rows in failing.items() for row in rows}
    lines, invented, healthy, silent = [], 0, 0, 0
    for endpoint, org, client in _clients():
        problems = _problems(endpoint, org, client)
        healthy += client.id not in failing
        silent += client.id not in failing and not problems
        for problem in problems:
            key = client.id, problem.method, problem.template
            is_seeded = key in seeded
            invented += not is_seeded
            if is_seeded:
                seeded[key] = True
            call = f"{problem.method} {problem.template}"
            lines.append({"client": client.name, "call": call, "cause": problem.cause, "right": is_seeded})
    counts = {"seeded": len(seeded), "found": sum(seeded.values()), "invented": invented}
    return {**counts, "healthy": healthy, "silent": silent, "results": lines}


def _clients() -> Iterator[tuple[Endpoint, DemoOrg, DemoClient]]:
    for endpoint in map(load_endpoint, KEYS):
        for org in endpoint.orgs:
            for client in org.clients:
                yield endpoint, org, client


def _problems(endpoint: Endpoint, org: DemoOrg, client: DemoClient) -> tuple[CallProblem, ...]:
    """By the document that the org returns, read as from a real one."""
    params = {"clientId": client.id, "executionId": execution_of(client)}
    body = results(DemoRequest(endpoint, "GET", params, sender=DemoCaller(org, client))).body
    exchange = HttpExchange("GET", "https://demo.example/", datetime.now(UTC), 0.0, 200, body=body.decode())
    usage = Usage.parse(response_from(exchange))
    if not isinstance(usage, Usage) or usage.rows is None:
        raise ValueError(f"The demo returned no API usage for {client.name}.")
    return review_usage(usage.rows, bundled(), has_gateway=endpoint.has_gateway)
