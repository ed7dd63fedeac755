"""JSON-RPC messages of the Model Context Protocol, in its stateless revision and with the earlier handshake.

From revision 2026-07-28 on, each request is complete in itself: its `_meta` names the revision and the client's
capabilities, and headers repeat the method and the tool's name. Earlier clients send `initialize` first; nothing is
remembered of it. Source: the specification of 2026-07-28 and the official Python package `mcp` 2.3.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATELESS_VERSION = "2026-07-28"
HANDSHAKE_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")  # newest first
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022
HTTP_STATUS = {METHOD_NOT_FOUND: 404, INTERNAL_ERROR: 500}  # of the other errors: 400


class RpcError(Exception):
    """Ends a message with an error response."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    @property
    def http_status(self) -> int:
        return HTTP_STATUS.get(self.code, 400)

    def response(self, message_id: str | int | None) -> dict[str, Any]:
        error = {"code": self.code, "message": self.message}
        return {
            "jsonrpc": "2.0",
            "id": message_id,
            "error": error if self.data is None else {**error, "data": self.data},
        }


@dataclass(frozen=True)
class RpcRequest:
    """A request. `is_stateless` is false for clients that began with `initialize`."""

    id: str | int
    method: str
    params: Mapping[str, Any]
    is_stateless: bool

    def response(self, result: Mapping[str, Any]) -> dict[str, Any]:
        complete = {"resultType": "complete", **result} if self.is_stateless else dict(result)
        return {"jsonrpc": "2.0", "id": self.id, "result": complete}


def read_message(body: Any, headers: Mapping[str, str]) -> RpcRequest | None:
    """The request in a parsed body, or None for a notification, which needs no answer. Raises RpcError."""
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0" or not isinstance(body.get("method"), str):
        raise RpcError(INVALID_REQUEST, "The body must be one JSON-RPC 2.0 request.")
    method, params = body["method"], body.get("params", {})
    version = headers.get("MCP-Protocol-Version", "")
    if "id" not in body:
        return None
    if isinstance(body["id"], bool) or not isinstance(body["id"], str | int) or not isinstance(params, dict):
        raise RpcError(INVALID_REQUEST, "A request needs an id (a string or an integer), and params as an object.")
    is_stateless = method != "initialize" and version not in ("", *HANDSHAKE_VERSIONS)
    message = RpcRequest(body["id"], method, params, is_stateless)
    if is_stateless:
        _check_request_metadata(message, headers)
    return message


def _check_request_metadata(message: RpcRequest, headers: Mapping[str, str]) -> None:
    meta = message.params.get("_meta")
    meta = meta if isinstance(meta, dict) else {}
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in meta]
    if missing:
        raise RpcError(INVALID_PARAMS, f"params._meta lacks {' and '.join(missing)}.")
    expected = {"MCP-Protocol-Version": meta[VERSION_KEY], "Mcp-Method": message.method}
    if message.method == "tools/call":
        expected["Mcp-Name"] = message.params.get("name")
    for name, value in expected.items():
        if headers.get(name) != value:
            raise RpcError(HEADER_MISMATCH, f"The header {name} differs from the body.")
    if meta[VERSION_KEY] != STATELESS_VERSION:
        supported = {"supported": [STATELESS_VERSION], "requested": meta[VERSION_KEY]}
        raise RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", supported)


def negotiated_version(params: Mapping[str, Any]) -> str:
    """The answer to `initialize`: the client's version if we know it, otherwise our newest one with a handshake."""
    wanted = params.get("protocolVersion")
    return wanted if wanted in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[0]
