"""The style sheet holds no rule that nothing uses."""

import re

import pytest
from django.conf import settings

STYLES = settings.BASE_DIR / "static" / "app.css"
MOST_LINES = 2_000
OF_THE_TIME_AXIS = {"band", "suspect"}


@pytest.fixture(scope="module")
def styles() -> str:
    return re.sub(r"/\*.*?\*/", "", STYLES.read_text(), flags=re.DOTALL)


def test_every_selector_names_something_that_exists(styles: str) -> None:
    selectors = " ".join(re.findall(r"([^{};]+)\{", styles))
    named = set(re.findall(r"[.#]([a-zA-Z][\w-]*)", selectors))
    used = words_of_the_product() | OF_THE_TIME_AXIS
    # A class that a template completes: "tone-{{ outcome }}".
    beginnings = tuple(word for word in used if word.endswith("-"))
    assert sorted(name for name in named - used if not name.startswith(beginnings)) == []


def words_of_the_product() -> set[str]:
    sources = [*settings.BASE_DIR.glob("templates/**/*.html"), *settings.BASE_DIR.glob("diagnostics/**/*.py")]
    text = "\n".join(path.read_text() for path in [*sources, settings.BASE_DIR / "static" / "app.js"])
    return set(re.findall(r"[a-zA-Z][\w-]*", text)) | {"htmx-request"}


def test_it_stays_short() -> None:
    assert len(STYLES.read_text().splitlines()) <= MOST_LINES
