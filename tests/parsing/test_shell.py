"""Words of a command as a shell would split them."""

import pytest

from diagnostics.parsing.shell import from_windows, read_command


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b  c", ["a", "b", "c"]),
        ("'a b' \"c d\"", ["a b", "c d"]),
        ("a'b'\"c\"", ["abc"]),
        ("''", [""]),
        ("'it'\"'\"'s'", ["it's"]),
        ("'it'\\''s'", ["it's"]),
        (r"a\ b", ["a b"]),
        (r'"say \"hi\" \$x \n"', [r'say "hi" $x \n']),
        (r"$'tab\there\x41\u00e9\101\'\\'", ["tab\there" + "A" + "é" + "A'\\"]),
        ("$'\\ud800'", ["\ufffd"]),
        ('$"text"', ["text"]),
        ("a \\\n b", ["a", "b"]),
        ("a \\\r\n b", ["a", "b"]),
        ("a `\n b", ["a", "b"]),
        ("$TOKEN ${TOKEN} $(cat token)", ["$TOKEN", "${TOKEN}", "$(cat token)"]),
        ("<token> {id} {{id}}", ["<token>", "{id}", "{{id}}"]),
        ("https://h/x?a=b&c=d#f", ["https://h/x?a=b&c=d#f"]),
        ("a # a remark", ["a"]),
        ("a > out.txt b 2>/dev/null 2>&1 c", ["a", "b", "c"]),
    ],
)
def test_it_splits_words_like_a_shell(text: str, words: list[str]) -> None:
    assert read_command(text, 0).words == words


@pytest.mark.parametrize("end", ["| jq .", "; echo x", "&& echo x", "\necho x", "& echo x"])
def test_a_command_ends_where_a_shell_ends_it(end: str) -> None:
    command = read_command(f"a b {end}", 0)
    assert command.words == ["a", "b"]
    assert command.end <= 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 'b c", ["a", "b c"]),
        ('a "b c\n-H d', ["a", "b c", "-H", "d"]),
        ("a \\  \n b", ["a", "b"]),
        ("a\n  -H b", ["a", "-H", "b"]),
        ("a “b c” d", ["a", "b c", "d"]),
        ("a\xa0b", ["a", "b"]),
    ],
)
def test_what_a_shell_would_refuse_is_read_and_reported(text: str, words: list[str]) -> None:
    command = read_command(text, 0)
    assert command.words == words
    assert command.guesses


def test_curly_quotes_inside_straight_ones_stay() -> None:
    command = read_command("'{“a”: 1}'", 0)
    assert command.words == ["{“a”: 1}"]
    assert not command.guesses


def test_carets_of_the_windows_prompt_are_undone() -> None:
    text = 'curl ^"https://h/x^" ^\n  --data-raw ^"^{^\\^"a^\\^":1^}^"'
    assert read_command(from_windows(text), 4).words == ["https://h/x", "--data-raw", '{"a":1}']


def test_a_caret_elsewhere_stays() -> None:
    assert from_windows("curl 'https://h/?a=b^c'") == "curl 'https://h/?a=b^c'"
