"""Writes audit log entries. Call `record` in the transaction of the change it describes."""

import re
from typing import Any

from django.db.models import Model

from diagnostics.accounts import actor as acting
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.redaction import patterns as masks
from diagnostics.redaction.redactor import Redactor

Values = dict[str, Any]

MASKED = "[masked]"
# In addition to the secret names that redaction knows.
EXTRA_SECRET_NAMES = frozenset(
    {"hash", "key", "keys", "codes", "otp", "totp", "session", "sessionid", "csrfmiddlewaretoken"}
)
# Entries can't be deleted, so the log records that a text was written, never the text. A value is shown if it has no blanks,
# such as a role, an ID or a time, or if its field is in SHOWN_FIELDS.
SINGLE_WORD = re.compile(r"[^\s]{1,120}")
SHOWN_FIELDS = masks.word_set("name client clients channels orgs only_orgs owner when shown query through by")
TEXT_FIELDS = masks.word_set("note notes text reason snooze_reason pause_reason accepted_reason reply comment")
TEXT_PLACEHOLDER = re.compile(r"\[text, \d+ characters\]")
LONGEST_TEXT = 500
LONGEST_SCANNED = 5_000
LONGEST_LIST = 50
MAX_DEPTH = 4


def record(
    action: str,
    thing: Model | None = None,
    *,
    before: Values | None = None,
    after: Values | None = None,
    name: str = "",
    client: Model | None = None,
    person: User | None = None,
) -> AuditEntry:
    """Write an entry for the current actor. `action` is a noun and a verb, such as "client.added".

    If both `before` and `after` are given, only the keys that differ are stored. User-written text is stored as its length.
    Secrets are masked by field name and by pattern, but callers must not pass any. `person` overrides the actor's user, for
    a user who isn't signed in yet or any more.
    """
    actor = acting.current_actor()
    user = person or actor.person()
    is_known = isinstance(user, User) and user.pk is not None
    if before is not None and after is not None:
        before, after = _differing(before, after)
    return AuditEntry.objects.create(
        actor_id=user.pk if is_known else None,
        actor=(user.get_username() if is_known else actor.account)[:150],
        by=actor.by,
        action=action,
        thing=thing._meta.model_name or "" if thing is not None else "",
        thing_id=str(thing.pk)[:64] if thing is not None else "",
        name=_text(name or ("" if thing is None else str(thing)))[:300],
        client_id=client.pk if client is not None else _client_of(thing),
        address=actor.address,
        request_id=actor.request_id,
        before=_value(before),
        after=_value(after),
    )


def _differing(before: Values, after: Values) -> tuple[Values, Values]:
    """Return the keys that differ. Values are compared before masking, so that a changed secret counts as a difference."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}


def _client_of(thing: Model | None) -> int | None:
    """Return the ID of the client that the entry is about: the row itself, or the client of the row or of its run."""
    if thing is not None and thing._meta.label == "diagnostics.OAuthClient":
        return int(thing.pk)
    for row in (thing, *(getattr(thing, name, None) for name in ("run", "known", "schedule", "incident"))):
        client_id = getattr(row, "client_id", None)
        if isinstance(client_id, int):
            return client_id
    return None


def _value(value: Any, name: str = "", depth: int = 0) -> Any:
    """Return the value as JSON data, with secrets masked and long values cut."""
    if depth > MAX_DEPTH:
        return "[cut]"
    if isinstance(value, dict):
        return {_text(str(key)): _value(item, str(key), depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        cut = [f"[cut: {len(items) - LONGEST_LIST} more]"] if len(items) > LONGEST_LIST else []
        return [*(_value(item, name, depth + 1) for item in items[:LONGEST_LIST]), *cut]
    if value is None or value == "" or isinstance(value, bool):
        return value
    if masks.is_secret_name(name) or masks.plain_name(name) in EXTRA_SECRET_NAMES:
        return MASKED
    if isinstance(value, int | float):
        return value
    text = str(value)
    is_shown = name not in TEXT_FIELDS and (
        name in SHOWN_FIELDS or not isinstance(value, str) or SINGLE_WORD.fullmatch(text)
    )
    return _text(text) if is_shown or TEXT_PLACEHOLDER.fullmatch(text) else f"[text, {len(text)} characters]"


def _text(text: str) -> str:
    clean = Redactor().text(text[:LONGEST_SCANNED])
    return clean if len(clean) <= LONGEST_TEXT else f"{clean[:LONGEST_TEXT]} [cut]"
