"""A cause is named first only if it can produce the response that came back."""

import pytest

from diagnostics.causes import TITLES, family_of
from diagnostics.explanations import NAMED_BY_RESPONSE, STATUSES_OF_CAUSE, can_explain


@pytest.mark.parametrize(
    ("cause", "meaning", "status", "can"),
    [
        # the org's own code outranks what a read shows
        ("conv.not_found", "client_required", 400, False),
        ("conv.not_found", "user_required", 400, False),
        ("authz.user_context_required", "client_required", 400, True),
        ("conv.ended", "token_refused", 401, False),
        ("authz.permission_missing", "not_a_party", 403, False),
        ("authz.not_a_party", "not_a_party", 404, True),
        ("authz.permission_missing", "permission_missing", 403, True),
        ("conv.ended", "permission_missing", 403, False),
        ("conv.not_found", "conversation_not_found", 404, True),
        ("body.malformed_json", "permission_missing", 403, False),
        # a generic response is weighed by its status
        ("conv.not_found", "not_found", 404, True),
        ("conv.not_found", "not_authorized", 403, False),
        ("authz.permission_missing", "not_found", 404, True),  # a gateway hides it behind a 404
        ("authz.permission_missing", "conflict", 409, False),
        ("conv.ended", "conflict", 409, True),
        ("config.cobrowse_disabled", "rate_limited", 429, False),
        ("env.rate_limited", "rate_limited", 429, True),
        ("conv.ended", "server_error", 500, False),
        ("path.not_in_api", "not_authorized", 403, True),
        # where no response came, only what keeps one away
        ("conv.not_found", "network_tls", None, False),
        ("path.not_in_api", "network_dns", None, False),
        ("host.unknown_host", "network_dns", None, True),
        ("env.tls", "network_tls", None, True),
        # a page is not the API's word
        ("authz.permission_missing", "html", 403, False),
        ("path.not_in_api", "html", 404, True),
        ("path.not_in_api", "html", 200, False),
        # a variable in the URL outranks it all, and a hidden response rules nothing out
        ("path.placeholder_unexpanded", "network_dns", None, True),
        ("path.placeholder_unexpanded", "rate_limited", 429, True),
        ("conv.ended", "network_cors", None, True),
    ],
)
def test_a_cause_explains_what_it_can_produce(cause: str, meaning: str, status: int | None, can: bool) -> None:
    assert can_explain(cause, meaning, status) is can


def test_every_cause_and_family_of_the_tables_exists() -> None:
    known = set(TITLES) | {family_of(cause) for cause in TITLES}
    assert set(STATUSES_OF_CAUSE) <= known
    assert set().union(*NAMED_BY_RESPONSE.values()) <= known
