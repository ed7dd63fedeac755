"""The generator of the bundled contract: what it reads out of the SDK's text, the same each time."""

import ast
import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from diagnostics.genesys import contract
from diagnostics.genesys.operation import Operation, camel_case, snake_case
from diagnostics.management.commands import contract_build
from diagnostics.management.commands.contract_build import NOTES, PACKAGE, read_sdk, sdk_operation, with_notes

METHOD = '''
@deprecated("post_thing_part is deprecated")
def post_thing_part(self, thing_id: str, body: 'Part', **kwargs) -> object:
    """
    Adds a  part. Needs \\"thing:part:add\\".
    This request is not valid when using the Client Credentials OAuth grant.

    post_thing_part is a preview method and is subject to both breaking and non-breaking changes at any time

    :param str thing_id: (required)
    """
    resource_path = '/api/v2/things/{thingId}/parts'.replace('{format}', 'json')
    path_params = {}
    if 'thing_id' in params:
        path_params['thingId'] = params['thing_id']
    query_params = {}
    if 'page_size' in params:
        query_params['pageSize'] = params['page_size']
    body_params = None
    if 'body' in params:
        body_params = params['body']
    auth_settings = ['PureCloud OAuth']
    response = self.api_client.call_api(resource_path, 'POST', path_params, query_params, body=body_params)
    return response
'''


def method(text: str) -> ast.FunctionDef:
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef)
    return node


def sdk_with(folder: Path, **classes: str) -> Path:
    for name, text in classes.items():
        body = "\n".join(f"    {line}" for line in text.splitlines())
        (folder / f"{name.lower()}_api.py").write_text(f"class {name}(object):\n{body}\n", encoding="utf-8")
    return folder


def note(**changes: Any) -> dict[str, Any]:
    found = {"method": "POST", "path": "/api/v2/things/{thingId}/parts", "operation_id": "postThingPart"}
    return found | {"permissions": ["a:b:c"], "rule": "any", "scopes": [], "scopes_status": "unknown"} | changes


def test_the_bundled_table_is_what_the_generator_writes_today(tmp_path: Path) -> None:
    call_command("contract_build", output=tmp_path / "table", verbosity=0)
    assert (tmp_path / "table").read_bytes() == contract.BUNDLED.read_bytes()


def test_the_checksum_is_that_of_the_file() -> None:
    assert contract.bundled().sha256 == hashlib.sha256(contract.BUNDLED.read_bytes()).hexdigest()


def test_the_bundled_table_is_of_the_installed_sdk() -> None:
    assert contract.bundled().version == f"SDK {importlib.metadata.version(PACKAGE)}"


def test_a_method_is_read_whole() -> None:
    found = sdk_operation("ThingsApi", method(METHOD))
    assert found == Operation(
        method="POST",
        path="/api/v2/things/{thingId}/parts",
        operation_id="postThingPart",
        sdk_class="ThingsApi",
        deprecated=True,
        preview=True,
        has_body=True,
        needs_token=True,
        user_only=True,
        query=("pageSize",),
        arguments=("thing_id", "body"),
        summary='Adds a part. Needs "thing:part:add".',
    )


def test_a_bare_method_has_none_of_it() -> None:
    bare = """
def get_things(self, **kwargs):
    resource_path = '/api/v2/things'.replace('{format}', 'json')
    body_params = None
    auth_settings = []
    self.api_client.call_api(resource_path, 'GET')
"""
    found = sdk_operation("ThingsApi", method(bare))
    assert found == Operation("GET", "/api/v2/things", "getThings", "ThingsApi", needs_token=False)


def test_every_noted_operation_id_is_what_the_python_name_gives() -> None:
    notes = json.loads(NOTES.read_text(encoding="utf-8"))
    known = {each.key: each for each in contract.bundled().operations}
    assert len(notes) == 54
    for each in notes:
        found = known[each["method"], each["path"]]
        assert (found.operation_id, found.rule) == (each["operation_id"], each["rule"])
        assert (found.permissions, found.scopes) == (tuple(each["permissions"]), tuple(each["scopes"]))
        assert each["source"]


def test_names_survive_the_way_there_and_back() -> None:
    for each in contract.bundled().operations:
        assert camel_case(each.python_name) == each.operation_id
        assert snake_case(each.operation_id) == each.python_name
        assert {snake_case(name) for name in each.parameters} <= set(each.arguments)


def test_a_name_without_a_way_back_is_refused() -> None:
    with pytest.raises(CommandError):
        sdk_operation("ThingsApi", method(METHOD.replace("def post_thing_part", "def post_Thing_part")))


def test_an_operation_in_two_classes_stays_with_the_one_named_after_its_path(tmp_path: Path) -> None:
    folder = sdk_with(tmp_path, AlphaApi=METHOD, ThingsApi=METHOD, ZetaApi=METHOD)
    assert [each.sdk_class for each in read_sdk(folder)] == ["ThingsApi"]
    (folder / "thingsapi_api.py").unlink()
    assert [each.sdk_class for each in read_sdk(folder)] == ["AlphaApi"]


def test_notes_add_the_rights() -> None:
    (found,) = with_notes([sdk_operation("ThingsApi", method(METHOD))], [note()])
    assert (found.permissions, found.rule, found.scopes) == (("a:b:c",), "any", ())
    assert found.arguments == ("thing_id", "body")


@pytest.mark.parametrize("changes", [{"path": "/api/v2/gone"}, {"operation_id": "postThingParts"}])
def test_a_note_on_what_is_not_published_stops_the_build(changes: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        with_notes([sdk_operation("ThingsApi", method(METHOD))], [note(**changes)])


def test_a_missing_sdk_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(contract_build, "PACKAGE", "no-such-package-at-all")
    with pytest.raises(CommandError, match="uv sync"):
        call_command("contract_build", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "def get_thing(self):\n    return 1"])
def test_an_sdk_of_another_layout_stops_the_build(tmp_path: Path, text: str) -> None:
    folder = sdk_with(tmp_path, ThingsApi=text or "pass")
    with pytest.raises(CommandError):
        read_sdk(folder)


def test_an_unknown_version_asks_for_its_day() -> None:
    assert contract_build.publication_day("2026-12-01", "270.0.0") == "2026-12-01"
    assert contract_build.publication_day(None, "269.0.0") == contract.bundled().date
    for given, version in [(None, "270.0.0"), ("yesterday", "269.0.0")]:
        with pytest.raises(CommandError):
            contract_build.publication_day(given, version)
