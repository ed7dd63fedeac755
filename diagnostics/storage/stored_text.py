"""Cleans text and JSON that Postgres would reject, as a last resort before a row is lost.

The dumpers run when psycopg adapts parameters, so they cover every model, query, array and raw statement. Text should
already be clean when it gets here; these cover the places that forgot.
"""

import logging
import re
from typing import Any

import psycopg
from psycopg.types.json import Json, JsonbDumper, JsonDumper
from psycopg.types.string import StrDumper, StrDumperUnknown

from diagnostics.text.cleaning import clean_json, clean_text, is_storable

log = logging.getLogger(__name__)
# In JSON: an escape that may be a NUL or a lone surrogate, or a number that isn't valid JSON.
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|NaN|Infinity")


def install() -> None:
    """Register the dumpers for new connections. The last one registered for str is the default: the one of unknown type."""
    for kind in (_Text, _UnknownText):
        psycopg.adapters.register_dumper(str, kind)
    psycopg.adapters.register_dumper(psycopg.types.json.Json, _JsonDocument)
    psycopg.adapters.register_dumper(psycopg.types.json.Jsonb, _JsonbDocument)


def _storable(text: str) -> str:
    if is_storable(text):
        return text
    log.warning("text with characters that no database row can hold was cleaned before it was stored")
    return clean_text(text)


class _Text(StrDumper):
    def dump(self, obj: str) -> Any:
        return super().dump(_storable(obj))


class _UnknownText(StrDumperUnknown):
    def dump(self, obj: str) -> Any:
        return super().dump(_storable(obj))


class _JsonDocument(JsonDumper):
    def dump(self, obj: Any) -> Any:
        return _clean_document(super().dump, obj)


class _JsonbDocument(JsonbDumper):
    def dump(self, obj: Any) -> Any:
        return _clean_document(super().dump, obj)


def _clean_document(dump: Any, document: Json) -> Any:
    try:
        data = dump(document)
    except UnicodeEncodeError:  # an encoder that does not escape
        data = None
    if data is None or _SUSPICIOUS.search(data):
        data = dump(type(document)(clean_json(document.obj), document.dumps))
    return data
