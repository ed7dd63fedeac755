"""The tools that the MCP server offers. A tool is a function of the request and its arguments that returns an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict

from diagnostics.accounts.models import ApiToken

TOOLS: "dict[str, Tool]" = {}


class ToolArguments(BaseModel):
    """ToolArguments of a tool. Unknown ones are refused, so that a misspelled one is never ignored."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Tool:
    """`access` is "public" (needs no token), "read" (any token) or "run" (a token that may start runs)."""

    name: str
    title: str
    description: str
    access: str
    arguments: type[ToolArguments]
    answer: Callable[[Any, Any], Any]

    def as_dict(self) -> dict[str, Any]:
        schema = self.arguments.model_json_schema()
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": _without_titles(schema),
            "annotations": {
                "readOnlyHint": self.access != "run",
                "destructiveHint": False,
                "openWorldHint": self.access == "run",
            },
        }


def tool(title: str, *, access: str = "read") -> Callable[[Callable[[Any, Any], Any]], Callable[[Any, Any], Any]]:
    """Registers a function as a tool. Its docstring is the description, its second parameter's type the arguments."""

    def register(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        arguments = function.__annotations__["arguments"]
        description = " ".join((function.__doc__ or "").split())
        TOOLS[function.__name__] = Tool(function.__name__, title, description, access, arguments, function)
        return function

    return register


def tools_for(request: HttpRequest) -> list[Tool]:
    """The tools that the caller may use: without a token, those that read no org."""
    token: ApiToken | None = getattr(request, "auth", None)
    if token is None:
        return [each for each in TOOLS.values() if each.access == "public"]
    return [each for each in TOOLS.values() if each.access != "run" or token.may_run]


def _without_titles(schema: Any) -> Any:
    """The JSON schema without the titles that pydantic adds to each field, which only repeat its name."""
    if isinstance(schema, dict):
        return {
            key: _without_titles(item) for key, item in schema.items() if not (key == "title" and isinstance(item, str))
        }
    return [_without_titles(item) for item in schema] if isinstance(schema, list) else schema
