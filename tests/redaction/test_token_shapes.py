"""Published shapes of secrets and of personal data are masked wherever they stand, and evidence never is."""

import json
import re
from collections.abc import Callable, Iterator
from re import _constants, _parser

import pytest

from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.parse import masked_text
from diagnostics.redaction import announced_secrets, named_values, personal_data
from diagnostics.redaction import leak_scan as leaks
from diagnostics.redaction import token_shapes as secret_shapes
from diagnostics.redaction.masker import Masker
from diagnostics.redaction.redactor import Redactor
from tests.redaction.secret_values import (
    ANNOUNCED,
    ANNOUNCED_IN_THE_LINE_BEFORE,
    ENCODED_BY,
    PEM_BODY,
    PEM_KINDS,
    PERSONAL,
    PLAIN,
    TOKENS,
    private_key,
)

PIECES = (
    "sk-",
    "a.b-c",
    "4 1 ",
    "+1 2 3 ",
    "DE89 ",
    "password is ",
    "AKIA",
    "a@",
    "%40a",
    "code 1",
    "\"'",
    private_key("", is_cut=True),
)
CALL = "curl -X POST 'https://api.mypurecloud.com/api/v2/conversations/messages/5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11/cobrowse"


def core(secret: str) -> str:
    """The part of a token that a mask could leave behind."""
    return secret[-8:]


@pytest.mark.parametrize("name", TOKENS)
def test_token_is_masked_in_text_and_paths_and_queries_and_bodies(name: str) -> None:
    secret = TOKENS[name]
    for text in (
        f"I sent {secret} to them",
        f"x={secret}",
        f'"{secret}"',
        f"({secret}).",
        f"a\n{secret}\nb",
        f"é{secret}",
    ):
        assert core(secret) not in Redactor().text(text), text
    assert core(secret) not in Masker().body(json.dumps({"value": [f"see {secret}"]}))
    if "/" not in secret:
        assert core(secret) not in Masker().url(f"https://h.example/a/{secret}/b?k={secret}&l=1#{secret}")


@pytest.mark.parametrize("name", TOKENS)
def test_token_is_masked_in_what_a_run_keeps(name: str) -> None:
    secret = TOKENS[name]
    body = json.dumps({"providerId": "genesys", "remark": secret})
    answer = json.dumps(
        {"status": 400, "headers": {"X-Extra": secret}, "body": {"code": "bad.request", "message": f"no {secret}"}}
    )
    inputs, notes = Inputs.from_paste(f"{CALL}?x={secret}' -d '{body}'", answer, note=f"tried with {secret}")
    assert core(secret) not in json.dumps([inputs.to_json(), [note.what for note in notes]])
    assert core(secret) not in masked_text(f"{CALL}?x={secret}' -d '{body}'")


@pytest.mark.parametrize("name", TOKENS)
def test_token_is_found_by_the_leak_scan(name: str) -> None:
    assert leaks.scan({"a.txt": f"see {TOKENS[name]} here"}, {})


@pytest.mark.parametrize("text", [*ANNOUNCED, *PERSONAL])
def test_announced_secrets_and_personal_data_are_masked(text: str) -> None:
    gone = {**ANNOUNCED, **PERSONAL}[text]
    masked = Redactor().text(text)
    assert gone not in masked
    assert Redactor().text(masked) == masked
    assert leaks.scan({"a.txt": text}, {})
    assert not leaks.scan({"a.txt": masked}, {})


@pytest.mark.parametrize("text", ANNOUNCED_IN_THE_LINE_BEFORE)
def test_secret_that_the_line_before_announces_is_masked(text: str) -> None:
    masked = Redactor().text(text)
    assert ANNOUNCED_IN_THE_LINE_BEFORE[text] not in masked
    assert Redactor().text(masked) == masked


@pytest.mark.parametrize("text", [text for text in PERSONAL if " " not in text])
def test_personal_data_is_masked_in_a_url(text: str) -> None:
    assert PERSONAL[text] not in Masker().url(f"/api/v2/users?{text if '=' in text else 'q=' + text}&a=b")


@pytest.mark.parametrize("kind", PEM_KINDS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\\n", "\\\\n", "\n> ", " "])
@pytest.mark.parametrize("is_cut", [False, True])
def test_private_key_is_masked_whole(kind: str, line_end: str, is_cut: bool) -> None:
    text = f"it is {private_key(kind, line_end, is_cut)}\n and nothing else"
    for masked in (Redactor().text(text), Masker().body(json.dumps({"key_file": text}))):
        assert not [line for line in PEM_BODY if line[8:24] in masked]
        assert "nothing else" in masked
    assert leaks.scan({"a.txt": text.splitlines()[0]}, {})


ENCODED = {
    "token": TOKENS["GitHub personal token"],
    "token with signs": TOKENS["Slack bot token"],
    "JSON web token": TOKENS["JSON web token"],
    "card number": "4111111111111111",
    "bank account": "GB82WEST12345698765432",
    "e-mail": "anna.zq@mail.example",
    "phone number": "+498955501234",
}


@pytest.mark.parametrize("way", ENCODED_BY)
def test_secret_that_is_encoded_or_divided_is_masked(way: str) -> None:
    for kind, secret in ENCODED.items():
        if kind == "phone number" and way.startswith(("two", "a soft", "Base64 for")):
            continue  # half of a phone number has no shape
        masked = Redactor().text(f"he sent {ENCODED_BY[way](secret)} and more")
        assert masked.startswith("he sent")
        assert masked.endswith("and more")
        left = masked.removeprefix("he sent").removesuffix("and more")
        assert len(re.sub(r"\[masked\]|[\s\"'+>|=]", "", left)) < 4, (kind, masked)
        assert Redactor().text(masked) == masked


@pytest.mark.parametrize("text", PLAIN)
def test_evidence_stays(text: str) -> None:
    assert Redactor().text(text) == text
    assert Redactor().sentence(text) == text


def test_secret_key_next_to_its_aws_access_key_id_is_masked() -> None:
    secret = "zqAWSSECRETzq/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
    assert "K7MDENG" not in Redactor().text(f"key {TOKENS['AWS access key ID']} {secret} in eu-west-1")


def test_each_shape_has_a_source_and_each_pattern_of_the_table_is_reached() -> None:
    assert all(each.source and each.name for each in (*secret_shapes.SHAPES, *secret_shapes.URLS))
    assert len({each.name for each in secret_shapes.SHAPES}) == len(secret_shapes.SHAPES)


@pytest.mark.parametrize(
    "find",
    [
        secret_shapes.find_tokens,
        secret_shapes.find_private_keys,
        announced_secrets.find_announced,
        named_values.find_named_values,
        personal_data.find_personal,
    ],
)
@pytest.mark.parametrize("piece", PIECES)
def test_patterns_match_each_place_of_a_text_a_bounded_number_of_times(
    find: Callable[[str], Iterator[object]], piece: str
) -> None:
    """Twice the text has at most about twice the hits, so no pattern looks at a place again for each place before it."""
    counts = [len(list(find(piece * times))) for times in (500, 1000)]
    assert counts[1] <= 2 * counts[0] + 2


def test_patterns_repeat_without_nesting() -> None:
    """What makes a search quadratic or worse is an unbounded repetition that can be given back; these are possessive."""

    def greedy_unbounded(items: object) -> list[object]:
        found: list[object] = []
        for operation, value in items:  # type: ignore[attr-defined]
            if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT) and value[1] is _constants.MAXREPEAT:
                found.append(value)
            if operation is _constants.BRANCH:
                found += [each for branch in value[1] for each in greedy_unbounded(branch)]
            elif operation is _constants.SUBPATTERN:
                found += greedy_unbounded(value[3])
            elif operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
                found += greedy_unbounded(value[2])
        return found

    patterns = [
        getattr(module, name) for module in (secret_shapes, announced_secrets, personal_data) for name in dir(module)
    ]
    for pattern in patterns:
        if isinstance(pattern, re.Pattern) and pattern not in (announced_secrets.KNOWN_TERMS, announced_secrets.NAMES):
            assert not greedy_unbounded(_parser.parse(pattern.pattern, pattern.flags)), pattern.pattern[:80]


def test_the_reported_values_are_masked() -> None:
    aws, pem = "AK" + "IAZQAWSKEY12345678", "-----{} PRIVATE" + " KEY-----"
    note = (
        f"card 4111 1111 1111 1111 key {aws} zqAWSSECRETzq/K7MDENG/bPxRfiCY"
        + "EXAMPLEKEY password is zqPASSWORDzq31 code "
        "884213 iban DE89370400440532013000 ssn 078-05-1120 gh" + "p_zqGITHUBzqABCDEFGHIJKLMNOPQRSTUVWX12 "
        "xo" + "xb-123456789012-zqSLACKzqabcdef"
    )
    url = "GET /api/v2/users/zqperson.lastname@zqmailzq.example?q=4111111111111111&phone=+49 89 5550123499&k=" + aws
    reason = "mail zqperson.lastname@zqmailzq.example bearer zqBEARERzq7731LkJhGfDsAqWeRt"
    key = f"{pem.format('BEGIN')}\nzqPEMzqMIIEvQIBADANBgkqhkiG9w0BAQEF\n{pem.format('END')}"
    assert Redactor().text(note) == (
        "card [masked] key [masked] [masked] password is [masked] code [masked] iban [masked] ssn [masked] [masked] [masked]"
    )
    assert Redactor().url(url) == "GET /api/v2/users/[masked]?q=[masked]&phone=[masked]&k=[masked]"
    assert Redactor().text(reason) == "mail [masked] bearer [masked]"
    assert Masker(lengths=False).body(key) == "[masked]"
