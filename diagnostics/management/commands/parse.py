"""Shows the parsed form of a pasted call, with secrets masked. Sends nothing and needs no client."""

import json
from typing import Any

from django.core.management.base import CommandParser

from diagnostics.management.base import ProductCommand, bad_input
from diagnostics.management.input_files import read_or_exit
from diagnostics.parsing.call import FailingCall, Parsed, ReceivedResponse, Unreadable
from diagnostics.parsing.parse import conversation_id_in, parse_call, parse_response
from diagnostics.parsing.responses import correlation_of


class Command(ProductCommand):
    help = "Show what is understood of a pasted call, masked. Exit code 0: understood, 2: nothing readable."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the text, - for standard input")
        parser.add_argument("--response", action="store_true", help="read the text as a response")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        text = read_or_exit(options["file"], "the file")
        try:
            parsed = parse_response(text) if options["response"] else parse_call(text)
        except Unreadable as error:
            bad_input(str(error))
        result = as_dict(parsed)
        if options["json"]:
            self.stdout.write(json.dumps(result, indent=2, ensure_ascii=False))
        else:
            self._print(result)

    def _print(self, result: dict[str, Any]) -> None:
        call, response = result["call"], result["response"]
        if call:
            self.stdout.write(f"Request: {call['method'] or '(no method)'} {call['url'] or '(no URL)'}")
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
    """The result as the command prints it with --json."""
    response = parsed.response
    in_url = conversation_id_in(parsed.call.url) if parsed.call else ""
    return {
        "call": _call(parsed.call) if parsed.call else None,
        "response": _response(response) if response else None,
        "conversation_id": in_url or parsed.conversation_id or None,
        "correlation_id": (correlation_of(response.headers, response.body) if response else "") or None,
        "region": parsed.region or None,
        "notes": [note.what for note in parsed.notes],
    }


def _call(call: FailingCall) -> dict[str, Any]:
    return {"method": call.method, "url": call.url, "headers": dict(call.headers), "body": _body(call)}


def _response(response: ReceivedResponse) -> dict[str, Any]:
    return {
        "status": response.status,
        "headers": dict(response.headers),
        "body": _body(response),
        "network_error": response.network_error or None,
    }


def _body(message: FailingCall | ReceivedResponse) -> Any:
    """The parsed JSON body, or the text if it is not JSON."""
    value, error = message.json()
    return message.body if error or value is None else value
