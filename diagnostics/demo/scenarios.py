"""The demo scenarios: the text to paste, the demo client to use, and the expected cause."""

import shlex
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from diagnostics.demo.orgs import read_data


@dataclass(frozen=True)
class Scenario:
    """One fault, or none. `call` and `answer` are the texts to paste, "" if there is none."""

    id: str
    org: str
    title: str
    why: str
    client: str
    cause: str
    certainty: str
    conversation_id: str = ""
    call: str = ""
    answer: str = ""

    def command(self, folder: Path) -> str:
        """The shell command that diagnoses the scenario, using the files that `write_texts` creates in `folder`."""
        arguments = ["uv", "run", "manage.py", "diagnose", "--client", self.client]
        if self.conversation_id:
            arguments += ["--conversation", self.conversation_id]
        for option, text, path in (("--call", self.call, self.call_file), ("--answer", self.answer, self.answer_file)):
            if text:
                arguments += [option, str(folder / path)]
        return shlex.join(arguments)

    @property
    def call_file(self) -> str:
        return f"{self.id}.call"

    @property
    def answer_file(self) -> str:
        return f"{self.id}.answer"

    def write_texts(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for text, name in ((self.call, self.call_file), (self.answer, self.answer_file)):
            if text:
                (folder / name).write_text(f"{text}\n", encoding="utf-8")

    def as_json(self) -> dict[str, Any]:
        known = asdict(self)
        return {**known, "expected": {"cause": known.pop("cause"), "certainty": known.pop("certainty")}}


@cache
def scenarios() -> tuple[Scenario, ...]:
    return tuple(read_scenario(item) for item in read_data("scenarios.json"))


def read_scenario(item: dict[str, Any]) -> Scenario:
    """In the data file a text is a list of lines."""
    texts = {name: "\n".join(item.get(name, ())) for name in ("call", "answer")}
    known = {key: value for key, value in item.items() if key not in ("call", "answer", "expected")}
    return Scenario(**known, **texts, **item["expected"])


def scenario(id: str) -> Scenario:
    """Raises KeyError if there is no such scenario."""
    return {found.id: found for found in scenarios()}[id]
