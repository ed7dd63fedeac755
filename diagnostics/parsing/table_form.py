"""Reads calls in the rows of a table: CSV, a spreadsheet, a browser's network panel, a log of a web server."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import METHODS, Draft, DraftResponse, guess_method
from diagnostics.text import time_budget

MAX_LINE = 4_000
MAX_CELLS = 40
# The names of columns by what they hold, without spaces and signs. A later name of a status is the one reported.
COLUMNS = {
    "method": "method verb httpmethod requestmethod httpverb methode método metodo méthode メソッド 方法 csmethod",
    "url": "url uri requesturl requesturi fullurl address adresse name endpoint request target 地址",
    "path": "path pfad route resource ruta chemin csuristem uripath requestpath",
    "host": "host domain server hostname cshost csheaderhost",
    "status": "status code statuscode httpstatus httpcode httpstatuscode result response responsecode scstatus estado statut "
    "ergebnis 状态 状态码 ステータス",
    "actual": "ist actual got tatsächlich",
}
ROLES = {name: role for role, names in COLUMNS.items() for name in names.split()}
ADDRESS = re.compile(r"(?:https?://|api\.[\w.-]{4,60}/|/(?:api/v2|oauth)/)\S{1,3000}")
PATH = re.compile(r"/\S{1,3000}")
HOST = re.compile(r"[\w-]{1,60}(?:\.[\w-]{1,60}){1,6}(?::\d{1,5})?")
STATUS = re.compile(r"(?:HTTP )?([1-5]\d\d)(?:[ :(-][^\d]{0,60})?")


def _csv(delimiter: str) -> Callable[[str], list[str]]:
    return lambda line: next(csv.reader([line], delimiter=delimiter), [])


# How the cells of a line are separated, the surest first.
SEPARATORS: tuple[tuple[str, Callable[[str], list[str]]], ...] = (
    ("\t", lambda line: line.split("\t")),
    (";", _csv(";")),
    (",", _csv(",")),
    ("|", lambda line: line.strip(" |").split("|")),
    ("  ", lambda line: re.split(r"[ ]{2,20}", line.strip())),
    (" ", lambda line: line.split(" ")),
)


@dataclass(frozen=True)
class _Table:
    """`roles` maps the index of a column to what it holds. `width` is the number of columns of a log, 0 for other tables."""

    cells: Callable[[str], list[str]]
    roles: dict[int, str]
    width: int = 0


def table_calls(text: str) -> list[CallSpan]:
    """The calls in the rows below a line with the names of columns."""
    calls: list[CallSpan] = []
    table: _Table | None = None
    at = 0
    for line in time_budget.checked(text.split("\n")):
        if len(line) <= MAX_LINE and len(calls) < MAX_CANDIDATES:
            row = _row(table, line) if table else {}
            if row:
                calls.append(CallSpan(at, at + len(line), partial(_read, row)))
            elif line.strip():
                table = _table(line)
        at += len(line) + 1
    return calls


def _table(line: str) -> _Table | None:
    """The columns that a line names; None if it isn't the head of a table of calls."""
    is_log = line.startswith("#Fields: ")
    for sign, cells in SEPARATORS:
        if sign not in line or (sign == " " and not is_log):
            continue
        names = _cells(cells, line.removeprefix("#Fields: "))
        roles = {at: role for at, name in enumerate(names) if (role := ROLES.get(re.sub(r"[\W_]", "", name.lower())))}
        found = set(roles.values())
        if found & {"url", "path"} and len(found) > 1 and len(names) > 2:
            return _Table(cells, roles, len(names) if is_log else 0)
    return None


def _cells(split: Callable[[str], list[str]], line: str) -> list[str]:
    try:
        return [cell.strip().strip('"') for cell in split(line)[:MAX_CELLS]]
    except csv.Error:
        return []


def _row(table: _Table, line: str) -> dict[str, str]:
    """The parts of a call in a row; {} if it has no address."""
    found: dict[str, str] = {}
    for role, cell in _filled(table, line):
        if role == "url" and (ADDRESS.fullmatch(cell) or PATH.fullmatch(cell)):
            found["url"] = cell
        elif role == "path" and PATH.fullmatch(cell):
            found["path"] = cell
        elif role == "host" and HOST.fullmatch(cell):
            found["host"] = cell
        elif role == "method" and cell.upper() in METHODS:
            found["method"] = cell.upper()
        elif role in ("status", "actual") and (status := STATUS.fullmatch(cell)):
            found[role] = status[1]
    return found if ("url" in found or "path" in found) and len(found) > 1 else {}


def _filled(table: _Table, line: str) -> Iterator[tuple[str, str]]:
    cells = _cells(table.cells, line)
    removed = max(0, table.width - len(cells))  # the time, which was removed from the beginning of each line
    for at, cell in enumerate(cells, start=removed):
        if at in table.roles and cell:
            yield table.roles[at], cell


def _read(row: dict[str, str], until: int) -> Draft:
    draft = Draft("log", method=row.get("method", ""), url=row.get("url") or row["path"])
    if draft.url.startswith("/") and "host" in row:
        draft.url = f"https://{row['host'].removesuffix(':443')}{draft.url}"
    draft.note("taken", "The call was read from a row of a table, which shows neither its headers nor its body.")
    if status := row.get("actual") or row.get("status"):
        draft.response = DraftResponse(int(status))
    guess_method(draft)
    return draft
