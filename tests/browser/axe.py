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

# The contrast of a text follows from its own style and those of the elements around it. So axe reads the contrast of three
# elements that have all of these styles in common, not of each row of a long table. Marked anew for each theme and width.
MARK_ALIKE = """() => {
    const properties = [
        'color', 'backgroundColor', 'backgroundImage', 'opacity', 'fontSize', 'fontWeight', 'textShadow', 'textIndent',
        'display', 'visibility', 'position', 'zIndex', 'overflow', 'float', 'transform', 'filter', 'mixBlendMode',
        'clipPath', 'maskImage', 'webkitTextStrokeWidth',
    ];
    const pseudoProperties = ['content', 'position', 'backgroundColor', 'backgroundImage', 'width', 'height'];
    const numbers = new Map(), seen = new Map();
    const styleOf = (element, pseudo, names) => {
        const style = getComputedStyle(element, pseudo);
        return pseudo && style.content === 'none' ? '' : names.map(name => style[name]).join();
    };
    const mark = (element, around) => {
        const hasText = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        const key = [
            around, element.tagName, hasText, element.matches(':disabled, [aria-disabled]'),
            styleOf(element, null, properties),
            styleOf(element, '::before', pseudoProperties), styleOf(element, '::after', pseudoProperties),
        ].join('|');
        if (!numbers.has(key)) numbers.set(key, numbers.size);
        const number = numbers.get(key), count = (seen.get(number) || 0) + 1;
        seen.set(number, count);
        element.toggleAttribute('data-alike', count > 3);
        for (const child of element.children) mark(child, number);
    };
    mark(document.body, '');
    axe.configure({rules: [{id: 'color-contrast', selector: '*:not([data-alike])'}]});
}"""


def violations(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """Each rule that the page violates, with the first element that does. Without options: the rules that are on by default."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    page.evaluate(MARK_ALIKE)
    found = page.evaluate(
        "options => axe.run(document, options).then(found => found.violations)", {**(options or {}), **ONLY_VIOLATIONS}
    )
    return [f"{each['id']} at {each['nodes'][0]['html'][:120]}" for each in found]
