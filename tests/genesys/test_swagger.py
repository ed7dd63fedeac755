"""Reading the live contract document: what becomes an operation, what does not, and what is refused."""

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.genesys.contract import bundled
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.swagger import MOST_EVENTS, SwaggerError, read_operations

PATH = "/api/v2/things/{thingId}"
DETAILS: dict[str, Any] = {
    "tags": ["Some Things"],
    "summary": "Get  a thing",
    "operationId": "getThing",
    "parameters": [
        {"name": "thingId", "in": "path", "required": True},
        {"name": "expand", "in": "query"},
        {"name": "body", "in": "body", "required": True},
    ],
    "security": [{"PureCloud OAuth": ["things", "things:readonly"]}],
    "x-inin-requires-permissions": {"type": "ANY", "permissions": ["thing:part:view", "thing:all:view"]},
}


def read(document: Any) -> list[Operation]:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(read_operations(io.BytesIO(text)))


def one(**changes: Any) -> Operation:
    (found,) = read(
        {"swagger": "2.0", "paths": {PATH: {"get": DETAILS | changes}}, "definitions": {"paths": {"x": {}}}}
    )
    return found


def test_an_operation_carries_what_the_document_shows() -> None:
    assert one() == Operation(
        method="GET",
        path=PATH,
        operation_id="getThing",
        sdk_class="SomeThingsApi",
        permissions=("thing:part:view", "thing:all:view"),
        rule="any",
        scopes=("things", "things:readonly"),
        scopes_status="verified",
        has_body=True,
        query=("expand",),
        arguments=("thing_id", "body"),
        summary="Get a thing",
    )


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"x-inin-requires-permissions": {"type": "ALL", "permissions": ["a:b:c"]}}, "rule", "all"),
        ({"x-inin-requires-permissions": {"type": "ANY", "permissions": []}}, "rule", "none"),
        ({"x-inin-requires-permissions": "odd"}, "rule", "none"),
        ({"deprecated": True}, "deprecated", True),
        ({"deprecated": "true"}, "deprecated", False),
        ({"x-genesys-preview": True}, "preview", True),
        ({"security": []}, "needs_token", False),
        ({"security": [{"Guest Chat JWT": []}]}, "needs_token", False),
        ({"security": [{"PureCloud Auth": ["all"]}]}, "scopes_status", "unknown"),
        ({"x-purecloud-method-name": "getOtherName"}, "operation_id", "getOtherName"),
        ({"description": "not valid when using the Client Credentials OAuth grant"}, "user_only", True),
        ({"parameters": "odd"}, "has_body", False),
        ({"tags": 3}, "sdk_class", ""),
        ({"summary": None}, "summary", ""),
    ],
)
def test_each_part_is_read_or_left_out(changes: dict[str, Any], field: str, expected: Any) -> None:
    assert getattr(one(**changes), field) == expected


def test_what_the_bundled_contract_knows_of_a_name_is_preserved() -> None:
    details = {"operationId": "postConversationCobrowse", "tags": ["Renamed"]}
    (found,) = read({"paths": {"/api/v2/conversations/{conversationId}/cobrowse": {"post": details}}})
    assert (found.sdk_class, found.arguments) == ("ConversationsApi", ("conversation_id",))


@pytest.mark.parametrize(
    "document",
    [{}, [], "x", {"paths": []}, {"paths": {"/x": {"get": DETAILS}}}, {"paths": {PATH: {"get": {}}}}, {"paths": {PATH: 1}}],
)  # fmt: skip
def test_what_holds_no_operation_gives_none(document: Any) -> None:
    assert read(document) == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b'{"paths": {"/api/v2/x": {',
        json.dumps({"paths": {PATH: {"get": DETAILS}}}).encode()[:-1],
        b'{"paths": {"/api/v2/\xff": {}}}',
        b"[" * 100_000,
        b'{"paths": {"/api/v2/x": [' + b"1," * MOST_EVENTS + b"1]}}",
        b'{"x": 1' + b"0" * 10_000 + b"}",
    ],
)
def test_what_is_no_whole_document_is_refused(text: bytes) -> None:
    with pytest.raises(SwaggerError):
        read(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["get", "post", "parameters", "security", "operationId", PATH, "paths", "in", "name"]),
                x,
            )
        ),
        max_leaves=20,
    )
)
@settings(max_examples=150)
def test_any_document_of_json_is_read_without_a_crash(members: Any) -> None:
    for document in (members, {"paths": members}, {"paths": {PATH: members}}, {"paths": {PATH: {"get": members}}}):
        assert isinstance(read(document), list)


@pytest.mark.parametrize("number", ["-9223372036854775808", "18446744073709551615", "1e400", "0." + "1" * 300])
def test_numbers_of_any_kind_are_read_over(number: str) -> None:
    text = f'{{"definitions": {{"maximum": {number}}}, "paths": {{"{PATH}": {json.dumps({"get": DETAILS})}}}}}'
    assert len(read(text.encode())) == 1


@pytest.mark.parametrize("size", [1, 7, 4_000])
def test_a_number_without_end_is_refused_however_it_is_cut(size: int) -> None:
    class Dripping(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            return super().read(size if _ else 0)

    with pytest.raises(SwaggerError):
        list(read_operations(Dripping(b'{"x": 1' + b"0" * 10_000 + b"}")))


def test_memory_does_not_grow_with_what_is_not_needed() -> None:
    model = json.dumps({"type": "object", "properties": {f"field{i}": {"type": "string"} for i in range(50)}})
    models = ",".join(f'"Model{i}": {model}' for i in range(4_500))
    text = f'{{"definitions": {{{models}}}, "paths": {{"{PATH}": {json.dumps({"get": DETAILS})}}}}}'.encode()
    source = io.BytesIO(text)
    bundled()  # read once for each process, which is not what is measured here
    tracemalloc.start()
    try:
        found = list(read_operations(source))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == 1
    assert peak < len(text) / 4
