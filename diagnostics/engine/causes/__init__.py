"""All causes and their texts. The codes are stable: the CLI, the JSON, filters and alerts use them."""

from typing import Final

from diagnostics.engine.causes.auth import AUTH_CAUSES
from diagnostics.engine.causes.call import CALL_CAUSES
from diagnostics.engine.causes.cause import Cause
from diagnostics.engine.causes.conversation import CONVERSATION_CAUSES
from diagnostics.engine.causes.host import HOST_CAUSES
from diagnostics.engine.causes.setup import SETUP_CAUSES

NONE: Final = "none"
UNDETERMINED: Final = "undetermined"
PART_IS_RIGHT: Final = "This branch passes now"  # the title of NONE for a run of one branch of the checks

# Code -> cause, in the order of the chain. The order of the rules is in `rules`.
CAUSES: Final[dict[str, Cause]] = {
    cause.code: cause for cause in (*CALL_CAUSES, *HOST_CAUSES, *AUTH_CAUSES, *CONVERSATION_CAUSES, *SETUP_CAUSES)
}
# Code -> title, for lists and filters.
TITLES: Final[dict[str, str]] = {
    **{code: cause.title for code, cause in CAUSES.items()},
    UNDETERMINED: "Undetermined",
    NONE: "Nothing wrong",
}


def title_of(cause: str) -> str:
    """The title of a cause; the code itself if this version doesn't know it."""
    return TITLES.get(cause, cause)


def family_of(cause: str) -> str:
    return cause.split(".", 1)[0]


def node_of(cause: str) -> str:
    """The part of the chain in which a cause lies; "" for `none`, `undetermined` and codes that aren't known."""
    return CAUSES[cause].node if cause in CAUSES else ""
