"""The answer that was pasted."""

import json
from datetime import UTC, datetime

import pytest

from diagnostics.checks.answer import as_session_read, judge_answer, judge_sign_in_redirect
from diagnostics.checks.outcomes import Outcome
from diagnostics.parsing.call import ReceivedResponse


def error(code: str, status: int, message: str = "m") -> str:
    return json.dumps({"message": message, "code": code, "status": status, "contextId": "c"})


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (200, "{}", Outcome.PASS, "success"),
        (204, None, Outcome.PASS, "success"),
        (200, '{"dateOfferEnds": "2099-01-01T00:00:00Z"}', Outcome.PASS, "success"),
        (200, '{"dateOfferEnds": "2020-01-01T00:00:00Z"}', Outcome.FAIL, "offer_expired"),
        (200, '{"dateOfferEnds": "2020-99-99T99:00:00Z"}', Outcome.PASS, "success"),
        (403, error("conversation.policy.denied", 403), Outcome.FAIL, "policy_denied"),
        (400, error("bad.request", 400), Outcome.FAIL, "bad_request"),
        (400, error("not.a.user", 400), Outcome.FAIL, "user_required"),
        (401, error("bad.credentials", 401), Outcome.FAIL, "token_refused"),
        (401, error("authentication.required", 401), Outcome.FAIL, "token_absent"),
        (401, error("ip.not.authorized", 401), Outcome.FAIL, "ip_refused"),
        (403, error("missing.any.permissions", 403), Outcome.FAIL, "permission_missing"),
        (403, error("missing.permissions", 403), Outcome.FAIL, "permission_missing"),
        (403, error("missing.division.permission", 403), Outcome.FAIL, "division_missing"),
        (403, error("not.authorized", 403), Outcome.FAIL, "not_authorized"),
        (404, error("not.found", 404), Outcome.FAIL, "not_found"),
        (404, error("NOT.FOUND", 404), Outcome.FAIL, "not_found"),
        (404, error("conversation.error.not.conversation.participant", 404), Outcome.FAIL, "not_a_party"),
        (404, error("conversation.error.conversation.not.found", 404), Outcome.FAIL, "conversation_not_found"),
        (404, error("deployment.not.found", 404), Outcome.FAIL, "not_found"),
        (405, error("method not allowed", 405), Outcome.FAIL, "method_not_allowed"),
        (409, error("general.conflict", 409), Outcome.FAIL, "conflict"),
        (415, error("unsupported.media.type", 415), Outcome.FAIL, "content_type"),
        (429, error("too.many.requests", 429), Outcome.FAIL, "rate_limited"),
        (500, error("internal.server.error", 500), Outcome.FAIL, "server_error"),
        (502, error("whatever", 502), Outcome.FAIL, "server_error"),
        (504, error("request.timeout", 504), Outcome.FAIL, "server_timeout"),
        (504, error("whatever", 504), Outcome.FAIL, "server_timeout"),
        (511, "<html>Network Authentication Required</html>", Outcome.FAIL, "proxy"),
        (418, error("teapot", 418), Outcome.FAIL, "other"),
        (404, "<html><body>Not Found</body></html>", Outcome.FAIL, "html"),
        (403, "blocked by policy", Outcome.FAIL, "foreign"),
        (404, '{"detail": "Not Found"}', Outcome.FAIL, "foreign"),
        (302, "", Outcome.FAIL, "redirect"),
        (407, "<html>", Outcome.FAIL, "proxy"),
        (503, "<html>", Outcome.FAIL, "server_error_foreign"),
        (200, "<html>Sign in to the network</html>", Outcome.FAIL, "html"),
        (403, "<html>Blocked by Zscaler</html>", Outcome.FAIL, "proxy"),
        (
            404,
            '{"timestamp": "t", "status": 404, "error": "Not Found", "message": "", "path": "/api"}',
            Outcome.FAIL,
            "foreign",
        ),
        (403, '{"message": "Missing Authentication Token"}', Outcome.FAIL, "foreign"),
        (404, "", Outcome.FAIL, "not_found"),
        (503, "upstream connect error", Outcome.FAIL, "server_error_foreign"),
    ],
)
def test_an_answer_s_meaning(status: int, body: str | None, outcome: Outcome, code: str) -> None:
    result = judge_answer(ReceivedResponse(status, (("Content-Type", "text/plain"),), body))
    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("curl: (6) Could not resolve host: api.us.genesys.cloud", "network_dns"),
        ("getaddrinfo ENOTFOUND api.mypurecloud.con", "network_dns"),
        ("SSL certificate problem: unable to get local issuer certificate", "network_tls"),
        ("curl: (56) Received HTTP code 407 from proxy after CONNECT", "network_proxy"),
        ("connect ETIMEDOUT 10.0.0.1:443", "network_timeout"),
        ("Read timed out", "network_timeout"),
        ("Connection refused", "network_refused"),
        # a proxy first, even where its own name or certificate is what failed
        ("curl: (5) Could not resolve proxy: proxy.corp", "network_proxy"),
        ("ProxyError('Unable to connect to proxy', SSLError(WRONG_VERSION_NUMBER))", "network_proxy"),
        ("Could not resolve host: api.mypurecloud.com (no proxy)", "network_dns"),
        # a certificate lists its names as DNS:
        ("No subject alternative DNS name matching api.mypurecloud.com found", "network_tls"),
        ("Host: api.mypurecloud.com. is not in the cert's altnames: DNS:*.corp.example", "network_tls"),
        ("hostname 'api.mypurecloud.com' doesn't match '*.corp.example'", "network_tls"),
        ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "network_tls"),
        ("DEPTH_ZERO_SELF_SIGNED_CERT", "network_tls"),
        ("net::ERR_CERT_AUTHORITY_INVALID", "network_tls"),
        ("PKIX path building failed", "network_tls"),
        ("schannel: CERT_TRUST_IS_UNTRUSTED_ROOT", "network_tls"),
        ("write EPROTO: wrong version number", "network_tls"),
        # the name service
        ("dial tcp: lookup api.mypurecloud.com on 10.0.0.2:53: server misbehaving", "network_dns"),
        ("getaddrinfo ETIMEOUT api.mypurecloud.com", "network_dns"),
        ("net::ERR_NAME_NOT_RESOLVED", "network_dns"),
        ("UnresolvedPromise: ESOCKETTIMEDOUT", "network_timeout"),
        # what timed out or was cut in the middle of TLS says nothing of certificates
        ("net/http: TLS handshake timeout", "network_timeout"),
        ("Read timed out at java.base/sun.security.ssl.SSLSocketInputRecord.read", "network_timeout"),
        ("Connection reset at sun.security.ssl.SSLSocketImpl.readRecord", "network_refused"),
        ("socket disconnected before secure TLS connection was established", "network_refused"),
        ("SSLHandshakeException: Remote host terminated the handshake", "network_tls"),
        ("Read timed out at com.sun.proxy.$Proxy42.send(Unknown Source)", "network_timeout"),
        ("SyntaxError: Unexpected token < in JSON at position 0", "network_redirect_or_html"),
        ("something else", "network_unknown"),
        ("", "network_unknown"),
    ],
)
def test_a_missing_response_is_recognized_by_the_error_of_the_client_program(words: str, code: str) -> None:
    assert judge_answer(ReceivedResponse(network_error=words)).code == code


def test_the_permissions_that_an_answer_names_are_in_the_hint() -> None:
    message = "You are missing the following permission(s): [conversation:cobrowse:add, conversation:cobrowseVoice:add]"
    output = judge_answer(ReceivedResponse(403, (), error("missing.division.permission", 403, message)))
    assert "conversation:cobrowse:add or conversation:cobrowseVoice:add" in output.hint


def test_the_login_host_s_own_error_shape_is_known() -> None:
    answer = ReceivedResponse(400, (), '{"error": "invalid_client", "description": "authentication failed"}')
    assert judge_answer(answer, token_request=True).code == "client_rejected"


def test_a_status_alone_is_accepted() -> None:
    assert judge_answer(ReceivedResponse(404)).code == "not_found"


def test_the_waiting_time_is_reported() -> None:
    answer = ReceivedResponse(429, (("Retry-After", "59"),), error("too.many.requests.retry.after", 429))
    assert judge_answer(answer).evidence["retry_after"] == "59"


def _error(status: int, code: str, message: str, **more: object) -> ReceivedResponse:
    body = {"message": message, "code": code, "status": status, "contextId": "c", **more}
    return ReceivedResponse(status, (), json.dumps(body))


WRAPPED_404 = "REST call for action 'custom_-_1' failed. Message:'Request to backend service failed.', status:404"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (_error(400, "not.a.client", "This request requires a non-user context."), "client_required"),
        (_error(404, "not.found", "User 3b1f is not a participant in the conversation."), "not_a_party"),
        (_error(404, "conversation.error.user.not.participant", ""), "not_a_party"),
        (_error(403, "forbidden", "Access to Conversation 5f2c is forbidden."), "not_a_party"),
        (_error(403, "not.authorized", "Access to conversation 5f2c is denied."), "not_a_party"),
        (_error(404, "not.found", "The participant was not found."), "not_found"),
        (_error(403, "missing.any.division.permissions", "x"), "division_missing"),
        (_error(403, "missing.division.permission", "x"), "division_missing"),
        (_error(400, "bad.request", "providerId is required"), "provider_wanted"),
        (_error(422, "x", "Missing required field: providerId"), "provider_wanted"),
        (_error(400, "bad.request", "Unknown provider 'x'"), "provider_unknown"),
        (_error(400, "bad.request", WRAPPED_404), "not_found"),
        (_error(400, "bad.request", "Request to backend service failed."), "bad_request"),
        (ReceivedResponse(403, (), '{"message": "Missing Authentication Token"}'), "foreign"),
        (ReceivedResponse(403, (), '{"message": "Your IP address is not allowed"}'), "foreign"),
        (
            ReceivedResponse(network_error="blocked by CORS policy: No 'Access-Control-Allow-Origin' header"),
            "network_cors",
        ),
        (ReceivedResponse(network_error="TypeError: Failed to fetch"), "network_cors"),
    ],
)
def test_a_response_is_read_by_its_words_where_its_code_is_generic(answer: ReceivedResponse, code: str) -> None:
    assert judge_answer(answer).code == code


def test_a_data_action_s_400_shows_the_status_of_the_api() -> None:
    proof = judge_answer(_error(400, "bad.request", WRAPPED_404)).evidence
    assert (proof["status"], proof["outer_status"], proof["correlation_id"]) == (404, 400, "c")


def test_a_wait_until_a_date_is_reported_as_a_duration() -> None:
    date = (("Retry-After", "Sat, 28 Nov 2026 12:00:00 GMT"), ("ININ-Correlation-Id", "c"))
    limit = {"key": "org.app.user.rate.per.minute", "namespace": "platform.api", "value": 300}
    answer = ReceivedResponse(429, date, json.dumps({"code": "too.many.requests", "limit": limit}))
    found = judge_answer(answer, now=datetime(2026, 11, 28, 11, 59, tzinfo=UTC))
    assert "1 minute" in found.hint
    assert found.evidence["limit"]["key"] in found.sentence
    many = ReceivedResponse(
        429, date, json.dumps({"code": "too.many.requests", "limit": dict.fromkeys("abcdefg", "x")})
    )
    assert list(judge_answer(many).evidence["limit"]) == list("abcde")


@pytest.mark.parametrize(
    ("status", "location", "passes"),
    [
        (302, "https://app.example/?code=1", True),
        (303, "https://app.example/?code=1", True),
        (307, "https://app.example/?code=1", True),
        (302, "", True),
        (302, "https://app.example/?error=access_denied", False),
        (301, "https://app.example/?code=1", False),
        (200, "", False),
    ],
)
def test_a_sign_in_that_redirects_without_an_error_worked(status: int, location: str, passes: bool) -> None:
    headers = (("Location", location),) if location else ()
    result = judge_sign_in_redirect(ReceivedResponse(status, headers))
    if not passes:
        assert result is None
        return
    assert result is not None
    assert (result.outcome, result.code) == (Outcome.PASS, "success")
    assert result.evidence == {"status": status, "code": "", "message": ""}
    assert str(status) in result.sentence


@pytest.mark.parametrize(
    ("status", "code", "read_as"),
    [
        (404, "not.found", "session_gone"),
        (410, "gone", "session_gone"),
        (403, "not.authorized", "not_authorized"),
        (429, "too.many.requests", "rate_limited"),
    ],
)
def test_for_the_read_of_a_session_not_found_means_that_it_ended(status: int, code: str, read_as: str) -> None:
    judged = judge_answer(_error(status, code, "m"))
    result = as_session_read(judged)
    assert (result.code, result.evidence) == (read_as, judged.evidence)
    if read_as == "session_gone":
        assert result.outcome == Outcome.FAIL


@pytest.mark.parametrize(
    ("answer", "facts"),
    [
        (_error(400, "bad.request", WRAPPED_404), ("400", "404")),
        (ReceivedResponse(429, (("Retry-After", "59"),), error("too.many.requests", 429)), ("59 seconds",)),
        (_error(404, "not.found", "m"), ("404",)),
        (_error(418, "some.code", "m"), ("418",)),
        (_error(200, "x", "m", dateOfferEnds="2020-01-01T00:00:00Z"), ("2020-01-01T00:00:00Z",)),
        (ReceivedResponse(network_error="Could not resolve host: api.x.example"), ("api.x.example",)),
    ],
)
def test_the_result_names_the_facts_of_the_response(answer: ReceivedResponse, facts: tuple[str, ...]) -> None:
    result = judge_answer(answer)
    assert [fact for fact in facts if fact not in f"{result.sentence} {result.hint}"] == []


def test_only_a_data_action_is_named_as_the_wrapper_of_a_response() -> None:
    assert "data action" in judge_answer(_error(400, "bad.request", WRAPPED_404)).sentence
    assert "data action" not in judge_answer(_error(404, "not.found", "m")).sentence


@pytest.mark.parametrize(
    ("key", "is_shared"), [("org.app.user.rate.per.minute", True), ("client.credentials.token.rate.per.minute", False)]
)
def test_a_limit_of_a_user_is_shared_by_all_tokens_of_that_user(key: str, is_shared: bool) -> None:
    limit = {"key": key, "namespace": "platform.api", "value": 300}
    result = judge_answer(_error(429, "too.many.requests", "m", limit=limit))
    assert ("web interface" in f"{result.sentence} {result.hint}") is is_shared
    assert key in str(result.evidence["limit"])
