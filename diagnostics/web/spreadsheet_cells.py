"""Values as spreadsheet cells that can't be interpreted as formulas."""

# Characters that start a formula, and their full-width forms. A leading quote turns the cell into text.
FORMULA_SIGNS = frozenset(
    "=+-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
CONTROLS = frozenset("\t\r\n\0")
INVISIBLE = " \t\r\n\v\f\0\N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{IDEOGRAPHIC SPACE}'\""


def safe_cell(value: object) -> object:
    """Quote text that starts like a formula. Numbers stay numbers, even negative ones; None becomes an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    text = str(value)
    visible = text.lstrip(INVISIBLE)
    if text[:1] in CONTROLS or (visible and visible[0] in FORMULA_SIGNS):
        return f"'{text}"
    return text
