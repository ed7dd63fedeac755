"""A value as a cell that no spreadsheet takes for a formula. Pure."""

# What begins a formula, and its full-width forms; a quote before it makes it text.
SIGNS = frozenset(
    "=+-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
CONTROLS = frozenset("\t\r\n\0")
UNSEEN = " \t\r\n\v\f\0\N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{IDEOGRAPHIC SPACE}'\""


def safe_cell(value: object) -> object:
    """Numbers stay numbers, also negative ones; None is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    text = str(value)
    seen = text.lstrip(UNSEEN)
    if text[:1] in CONTROLS or (seen and seen[0] in SIGNS):
        return f"'{text}"
    return text
