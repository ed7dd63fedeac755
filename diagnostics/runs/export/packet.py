"""The support packet: one run as files for a vendor's case, behind a scan for what must not leave."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from diagnostics.redaction.leak_scan import Leak, kinds_of, scan
from diagnostics.runs.export.curl import calls_sh
from diagnostics.runs.export.document import document
from diagnostics.runs.export.har import har
from diagnostics.runs.export.page import page
from diagnostics.runs.export.readme import readme
from diagnostics.runs.export.redacted import RedactedRun

PAGE = "run.html"


class Leaky(Exception):
    """Something that must not leave was found. str() names the files and the kinds, never a value."""

    def __init__(self, leaks: tuple[Leak, ...]) -> None:
        super().__init__("; ".join(kinds_of(leaks)))
        self.leaks = leaks


@dataclass(frozen=True)
class Packet:
    """`files` are name -> text, scanned."""

    name: str
    files: Mapping[str, str]

    def zipped(self, stamp: tuple[int, int, int, int, int, int]) -> bytes:
        """All files in a folder of the packet's name."""
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.files.items():
                entry = zipfile.ZipInfo(f"{self.name}/{name}", stamp)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, text.encode())
        return held.getvalue()


def make_packet(told: RedactedRun, known: Mapping[str, str], version: str) -> Packet:
    """`known` are values that must not be in it -> what each is. Raises Leaky."""
    comment = f"Run {told.run.pk}. Tokens and secrets are masked; a word that begins with hidden- stands for a value."
    files = {
        "README.txt": readme(told, version),
        PAGE: page(told, version),
        "packet.json": _json(document(told, version)),
        "exchanges.har": _json(har(told.exchanges, version=version, comment=comment)),
        "calls.sh": calls_sh(told),
    }
    return Packet(told.name, _passed(files, known))


def make_page(told: RedactedRun, known: Mapping[str, str], version: str) -> str:
    """The page alone. Raises Leaky."""
    return _passed({PAGE: page(told, version)}, known)[PAGE]


def stamp_of(told: RedactedRun) -> tuple[int, int, int, int, int, int]:
    """The time on the files in the archive: when the packet was made, in UTC."""
    made = told.made_at.astimezone(UTC)
    return made.year, made.month, made.day, made.hour, made.minute, made.second


def _passed(files: dict[str, str], known: Mapping[str, str]) -> dict[str, str]:
    if leaks := scan(files, known):
        raise Leaky(leaks)
    return files


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
