"""Reads a CSV file of clients."""

import csv
import io

from diagnostics.text.cleaning import clean_line

COLUMNS = ("name", "region", "client_id", "secret", "environment", "company_gateway")
NEEDED = COLUMNS[:3]
MAX_ROWS = 200  # workers verify so many well within MAX_VERIFICATION_TIME


class BadCsv(ValueError):
    """The text isn't a CSV file of clients. str() is the message for the user."""


def read_csv(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file with a header. Separators are commas, semicolons or tabs. Raises BadCsv."""
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=separator)
    try:
        lines = [[clean_line(cell).strip() for cell in line] for line in reader if any(line)]
    except csv.Error as error:
        raise BadCsv(f"This isn't a CSV file: {error}.") from None
    header = [cell.lower().replace(" ", "_") for cell in lines[0]] if lines else []
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise BadCsv(f"The first line must name the columns. It lacks {', '.join(missing)}.")
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        raise BadCsv(f"Unknown column: {unknown[0][:60]}. Known ones are {', '.join(COLUMNS)}.")
    if len(lines) - 1 > MAX_ROWS:
        raise BadCsv(f"The file has more than {MAX_ROWS:,} clients. Split it.")
    return [dict(zip(header, line, strict=False)) for line in lines[1:]]
