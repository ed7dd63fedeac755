"""Shows what would be understood of a pasted call, with secrets masked. Sends nothing and needs no client."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnostics.parsing.call import FailingCall, Parsed, ReceivedResponse, Unreadable
from diagnostics.parsing.parse import conversation_id_in, parse_call, parse_response
from diagnostics.parsing.paste_file import STEP, read_file
from diagnostics.parsing.responses import correlation_of

MAX_PIECES = 2_000  # of a file: 130 MB
BAD_INPUT = 2


class Command(BaseCommand):
    help = "Show what would be understood of a pasted call, masked. Exit code 0 understood, 2 nothing readable."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the text, - for standard input")
        parser.add_argument("--response", action="store_true", help="read the text as a response")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        text = _read(options["file"])
        try:
            parsed = parse_response(text) if options["response"] else parse_call(text)
        except Unreadable as trouble:
            _refuse(str(trouble))
        result = as_dict(parsed)
        if options["json"]:
            self.stdout.write(json.dumps(result, indent=2, ensure_ascii=False))
        else:
            self._print(result)

    def _print(self, result: dict[str, Any]) -> None:
        call, response = result["call"], result["response"]
        if call:
            self.stdout.write(f"Request: {call['method'] or '(no method)'} {call['url'] or '(no address)'}")
            self._print_message(call)
        if response and response["network_error"]:
            self.stdout.write(f"No response: {response['network_error']}")
        elif response:
            self.stdout.write(f"Response: {response['status'] or '(no status)'}")
            self._print_message(response)
        for title, name in (
            ("Conversation ID", "conversation_id"),
            ("Correlation ID", "correlation_id"),
            ("Region", "region"),
        ):
            if result[name]:
                self.stdout.write(f"{title}: {result[name]}")
        for note in result["notes"]:
            self.stdout.write(f"Note: {note}")

    def _print_message(self, message: dict[str, Any]) -> None:
        for name, value in message["headers"].items():
            self.stdout.write(f"  {name}: {value}")
        if message["body"] is not None:
            body = message["body"]
            self.stdout.write(f"  {body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)}")


def as_dict(parsed: Parsed) -> dict[str, Any]:
    """What was understood, in the form that the command prints as JSON."""
    answer = parsed.response
    in_url = conversation_id_in(parsed.call.url) if parsed.call else ""
    return {
        "call": _call(parsed.call) if parsed.call else None,
        "response": _response(answer) if answer else None,
        "conversation_id": in_url or parsed.conversation_id or None,
        "correlation_id": (correlation_of(answer.headers, answer.body) if answer else "") or None,
        "region": parsed.region or None,
        "notes": [note.what for note in parsed.notes],
    }


def _call(call: FailingCall) -> dict[str, Any]:
    return {"method": call.method, "url": call.url, "headers": dict(call.headers), "body": _body(call)}


def _response(answer: ReceivedResponse) -> dict[str, Any]:
    return {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": _body(answer),
        "network_error": answer.network_error or None,
    }


def _body(message: FailingCall | ReceivedResponse) -> Any:
    """The JSON value of a body, else its text."""
    value, trouble = message.json()
    return message.body if trouble or value is None else value


def _read(name: str) -> str:
    try:
        text = read_file(_pieces(sys.stdin.buffer)) if name == "-" else _file(Path(name))
    except OSError as trouble:
        _refuse(f"The file could not be read: {trouble.strerror or trouble}.")
    except ValueError as trouble:
        _refuse(f"The file could not be read: {trouble}.")
    except Unreadable as trouble:
        _refuse(str(trouble))
    return text


def _file(path: Path) -> str:
    with path.open("rb") as file:
        return read_file(_pieces(file))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return islice(iter(partial(file.read, STEP), b""), MAX_PIECES)


def _refuse(sentence: str) -> NoReturn:
    raise CommandError(sentence, returncode=BAD_INPUT)
