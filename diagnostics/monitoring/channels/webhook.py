"""Renders a message as JSON, signed according to Standard Webhooks (standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import datetime
from typing import Any

from diagnostics.monitoring.channels.message import Message

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def render(message: Message, message_id: str) -> bytes:
    """The page "API for programs" describes the body. `data` has the same keys for every type."""
    data: dict[str, Any] = {**message.to_json(), "facts": dict(message.facts)}
    event = data.pop("event")
    kind = event if message.is_test or "." in event else f"incident.{event}"
    body = {"id": message_id, "type": kind, "timestamp": message.at, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def headers(body: bytes, message_id: str, at: datetime, secret: str) -> dict[str, str]:
    """The ID is the same for every attempt, so that the receiver can recognize a repeat; the timestamp is not."""
    seconds = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    signature = base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
    }


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("The signing secret isn't base64 text.") from None
