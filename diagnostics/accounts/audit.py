"""The audit log's one door: what was done is written down in the same transaction in which it is done."""

import re
from typing import Any

from django.db.models import Model

from diagnostics.accounts import actor as acting
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.redaction import patterns as masks
from diagnostics.redaction.redactor import Redactor

Values = dict[str, Any]

MASKED = "[masked]"
# Beside the names that any field of a secret has.
EXTRA_SECRET_NAMES = frozenset(
    {"hash", "key", "keys", "codes", "otp", "totp", "session", "sessionid", "csrfmiddlewaretoken"}
)
# Nothing can be removed from the log, so it says that a text was written, never the text. A value is shown where it is
# one word without blanks, such as a role, an ID or a time, or where its field says who or what it is about.
WORD = re.compile(r"[^\s]{1,120}")
SHOWN = masks.word_set("name client clients channels orgs only_orgs owner when shown query through by")
TEXTS = masks.word_set("note notes text reason mute_reason pause_reason accepted_reason words comment")
WRITTEN = re.compile(r"\[text, \d+ characters\]")
LONGEST_TEXT = 500
LONGEST_SCANNED = 5_000
LONGEST_LIST = 50
DEEPEST = 4


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
    """One act: noun and verb, such as "client.added". Who, from where and by which request is known here.

    Of `before` and `after` together only what differs is kept. Of a text that somebody wrote only its length is. Secrets
    are masked by their fields' names and by their shape; still no caller hands one over. `person` is for who is not
    signed in yet, or not any more.
    """
    now = acting.current_actor()
    who = person or now.person()
    is_known = isinstance(who, User) and who.pk is not None
    if before is not None and after is not None:
        before, after = _differing(before, after)
    return AuditEntry.objects.create(
        actor_id=who.pk if is_known else None,
        actor=(who.get_username() if is_known else now.account)[:150],
        by=now.by,
        action=action,
        thing=thing._meta.model_name or "" if thing is not None else "",
        thing_id=str(thing.pk)[:64] if thing is not None else "",
        name=_text(name or _name_of(thing))[:300],
        client_id=client.pk if client is not None else _client_of(thing),
        address=now.address,
        request_id=now.request_id,
        before=_value(before),
        after=_value(after),
    )


def _differing(before: Values, after: Values) -> tuple[Values, Values]:
    """Compared before anything is masked, so that one secret in place of another is a difference."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}


def _name_of(thing: Model | None) -> str:
    return "" if thing is None else str(thing)


def _client_of(thing: Model | None) -> int | None:
    """Whose org it is about: the client itself, or the one that a row or its run belongs to."""
    if thing is not None and thing._meta.label == "diagnostics.OAuthClient":
        return int(thing.pk)
    for holder in (thing, *(getattr(thing, way, None) for way in ("run", "known", "schedule", "incident"))):
        found = getattr(holder, "client_id", None)
        if isinstance(found, int):
            return found
    return None


def _value(value: Any, name: str = "", depth: int = 0) -> Any:
    """As JSON: without secrets, cut where it is long."""
    if depth > DEEPEST:
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
    is_shown = name not in TEXTS and (name in SHOWN or not isinstance(value, str) or WORD.fullmatch(text))
    return _text(text) if is_shown or WRITTEN.fullmatch(text) else f"[text, {len(text)} characters]"


def _text(text: str) -> str:
    clean = Redactor().text(text[:LONGEST_SCANNED])
    return clean if len(clean) <= LONGEST_TEXT else f"{clean[:LONGEST_TEXT]} [cut]"
