"""Reads calls in objects that programs print or log: axios errors, log entries, Terraform diagnostics."""

from collections.abc import Sequence
from functools import partial

from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import Draft, guess_method
from diagnostics.parsing.exchange_values import ParsedExchange, exchange_in
from diagnostics.parsing.objects import FoundObject
from diagnostics.parsing.responses import unwrapped
from diagnostics.parsing.snippets import finish
from diagnostics.text import time_budget


def printed_calls(objects: Sequence[FoundObject]) -> list[CallSpan]:
    """The calls in objects with an address, and a method or a response."""
    calls: list[CallSpan] = []
    for item in objects:
        time_budget.check()
        exchange = exchange_in(item.value, item.raw)
        if exchange.url and (exchange.method or exchange.response) and len(calls) < MAX_CANDIDATES:
            calls.append(CallSpan(item.at, item.end, partial(draft_of, exchange)))
    return calls


def draft_of(exchange: ParsedExchange, until: int = 0) -> Draft:
    """The call of an exchange. `until` is ignored: the response is in the object."""
    draft = Draft("log", method=exchange.method, url=exchange.url, headers=list(exchange.headers), body=exchange.body)
    draft.note("taken", "The call was read from an object that a program printed.")
    draft.response = unwrapped(exchange.response) if exchange.response else None
    guess_method(draft)
    return finish(draft)
