"""Error messages that several forms share."""

NO_NUL = {
    "null_characters_not_allowed": "The text holds a NUL character, which no HTTP call can carry. "
    "Paste it again as plain text."
}
