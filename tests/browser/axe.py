"""The accessibility rules of axe, checked in the page that is open."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# axe describes each element that passes too, which takes longer than finding what is wrong.
ONLY_VIOLATIONS = {"resultTypes": ["violations"]}
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Rules whose result can change with the theme, the size of the window, or what a small window hides.
RULES_OF_APPEARANCE = {
    "runOnly": {
        "type": "rule",
        "values": [
            "color-contrast", "target-size", "scrollable-region-focusable", "link-name", "button-name", "label",
            "landmark-unique", "link-in-text-block", "region",
        ],
    },
}  # fmt: skip


def violations(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """Each rule that the page violates, with the first element that does. Without options: the rules that are on by default."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        "options => axe.run(document, options).then(found => found.violations)", {**(options or {}), **ONLY_VIOLATIONS}
    )
    return [f"{each['id']} at {each['nodes'][0]['html'][:120]}" for each in found]
