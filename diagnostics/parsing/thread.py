"""Finds the calls in a text: a command, a snippet, a log, or a thread with several of them."""

from collections.abc import Sequence

from diagnostics.parsing.candidates import CallSpan, Candidate
from diagnostics.parsing.curl import curl_calls, find_curl
from diagnostics.parsing.label_form import labeled_calls
from diagnostics.parsing.log_form import logged_calls
from diagnostics.parsing.object_form import printed_calls
from diagnostics.parsing.openapi_form import described_calls
from diagnostics.parsing.pairing import PasteContext, paired
from diagnostics.parsing.powershell import powershell_calls
from diagnostics.parsing.raw_http import raw_requests
from diagnostics.parsing.sdk import gc_calls, sdk_calls, sdk_frames, sdk_names
from diagnostics.parsing.shell import from_windows
from diagnostics.parsing.short_form import short_calls
from diagnostics.parsing.snippets import snippet_calls
from diagnostics.parsing.table_form import table_calls
from diagnostics.parsing.wget import wget_calls
from diagnostics.text import time_budget


def candidates_in_text(text: str) -> list[Candidate]:
    """The calls in the order of the text; [] for none. Raises Unreadable for a command without an address."""
    first_curl = find_curl(text)
    if first_curl >= 0:
        text = from_windows(text)
    calls = [*curl_calls(text), *raw_requests(text, first_curl)]
    time_budget.check()
    calls += [*snippet_calls(text), *sdk_calls(text)]
    context = PasteContext.of(text)
    calls += [*powershell_calls(text), *wget_calls(text), *gc_calls(text), *logged_calls(text)]
    time_budget.check()
    calls += [
        *labeled_calls(text),
        *printed_calls(context.responses.objects),
        *described_calls(text),
        *table_calls(text),
    ]
    whole = _outermost(calls)
    lines = _outermost([*whole, *short_calls(text, with_prose=not whole)])
    short = [call for call in lines if call not in whole]
    candidates = paired(context, whole, whole, whole=True) + paired(context, short, lines, whole=False)
    return sorted(candidates, key=lambda candidate: candidate.at)


def candidates_by_name(text: str) -> list[Candidate]:
    """The SDK methods that a text names without calling them, else the first one in a stack trace."""
    calls = sdk_names(text) or sdk_frames(text)
    return paired(PasteContext.of(text), calls, calls, whole=False)


def _outermost(calls: Sequence[CallSpan]) -> list[CallSpan]:
    """The calls in the order of the text, without those that begin inside another one."""
    outermost: list[CallSpan] = []
    for call in sorted(calls, key=lambda call: (call.at, -call.end)):
        if not outermost or call.at >= outermost[-1].end:
            outermost.append(call)
    return outermost
