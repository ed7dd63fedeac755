"""The support packet: one run as files for a vendor's case, scanned for confidential values."""

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


class LeakFound(Exception):
    """The scan found something confidential. str() names the files and the kinds, never a value."""

    def __init__(self, leaks: tuple[Leak, ...]) -> None:
        super().__init__("; ".join(kinds_of(leaks)))
        self.leaks = leaks


@dataclass(frozen=True)
class Packet:
    """Scanned files: name -> text."""

    name: str
    files: Mapping[str, str]

    def zipped(self, stamp: tuple[int, int, int, int, int, int]) -> bytes:
        """All files, in a folder with the name of the packet."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.files.items():
                entry = zipfile.ZipInfo(f"{self.name}/{name}", stamp)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, text.encode())
        return buffer.getvalue()


def make_packet(redacted: RedactedRun, known: Mapping[str, str], version: str) -> Packet:
    """`known` maps values that must not be in the packet to their kind. Raises LeakFound."""
    comment = f"Run {redacted.run.pk}. Tokens and secrets are masked; a word that starts with hidden- replaces a value."
    files = {
        "README.txt": readme(redacted, version),
        PAGE: page(redacted, version),
        "packet.json": _json(document(redacted, version)),
        "exchanges.har": _json(har(redacted.exchanges, version=version, comment=comment)),
        "calls.sh": calls_sh(redacted),
    }
    return Packet(redacted.name, _scanned(files, known))


def make_page(redacted: RedactedRun, known: Mapping[str, str], version: str) -> str:
    """Only the page. Raises LeakFound."""
    return _scanned({PAGE: page(redacted, version)}, known)[PAGE]


def stamp_of(redacted: RedactedRun) -> tuple[int, int, int, int, int, int]:
    """The timestamp of the files in the archive: when the packet was made, in UTC."""
    made = redacted.made_at.astimezone(UTC)
    return made.year, made.month, made.day, made.hour, made.minute, made.second


def _scanned(files: dict[str, str], known: Mapping[str, str]) -> dict[str, str]:
    if leaks := scan(files, known):
        raise LeakFound(leaks)
    return files


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
