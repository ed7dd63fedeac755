"""What counts as a placeholder, a secret's name, and a token."""

import pytest

from diagnostics.redaction import patterns as masks


@pytest.mark.parametrize(
    "text",
    [
        "<token>",
        "<your access token>",
        "<redacted>",
        "$TOKEN",
        "$GC_2",
        "${TOKEN}",
        "${GC_ACCESS_TOKEN}",
        "{{token}}",
        "{{ access_token }}",
        "{token}",
        "{conversationId}",
        "[token]",
        "%TOKEN%",
        "$(get_token)",
        "YOUR_TOKEN",
        "your-client-secret",
        "YOUR_ACCESS_TOKEN_HERE",
        "accessToken",
        "***",
        "xxxxxxxx",
        "...",
        "[masked]",
        "[hidden]",
        "[masked token, 86 characters]",
    ],
)
def test_what_documentation_writes_is_a_placeholder(text: str) -> None:
    assert masks.is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "<k9Xq2LmZ8vRt4WpY7nBc>",
        "{{k9Xq2LmZ8vRt4WpY7nBc}}",
        "$k9Xq2LmZ",
        "$(echo k9Xq2Lm8:abc9)",
        "eyJhbGciOi...",
        "[masked token, 3 characters] and more",
        "[masked k9Xq2LmZ8vRt4WpY7nBc]",
        "YOUR_k9Xq2LmZ",
    ],
)
def test_what_could_be_real_is_no_placeholder(text: str) -> None:
    assert not masks.is_placeholder(text)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("client_secret", True),
        ("clientSecret", True),
        ("access_token", True),
        ("refreshToken", True),
        ("password", True),
        ("joinCode", True),
        ("websocketUrl", True),
        ("sessionJoinToken", True),
        ("apiKey", True),
        ("token_type", False),
        ("expires_in", False),
        ("accessTokenValiditySeconds", False),
        ("code", False),
        ("key", False),
        ("providerId", False),
        ("scope", False),
    ],
)
def test_a_field_is_secret_by_its_name(name: str, secret: bool) -> None:
    assert masks.is_secret_name(name) is secret


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("X-Api-Key", True),
        ("X-Auth-Token", True),
        ("X-Session", True),
        ("Proxy-Authorization", True),
        ("Content-Type", False),
        ("ININ-Correlation-Id", False),
        ("WWW-Authenticate", False),
        ("Access-Control-Allow-Credentials", False),
        ("inin-ratelimit-count", False),
    ],
)
def test_a_header_is_secret_by_its_name(name: str, secret: bool) -> None:
    assert masks.is_secret_header(name) is secret


@pytest.mark.parametrize("name", ["code", "key", "sig", "access_token", "client_secret"])
def test_a_parameter_is_secret_by_shorter_names_too(name: str) -> None:
    assert masks.is_secret_parameter(name)


@pytest.mark.parametrize(
    "run",
    [
        "k9Xq2LmZ8vRt4WpY7nBc",
        "Q29icm93c2VEb2N0b3I6czNjcjN0LXZhbHVl",
        "f3a1c9d84be27605fd1ac9b73e5d0286ab4f17c2",
        "pCyVq5xE-2uS7tYbR1mN_0kLd9HgWzAo3f8",
    ],
)
def test_random_text_looks_like_a_token(run: str) -> None:
    assert masks.looks_like_token(run)


@pytest.mark.parametrize(
    "run",
    [
        "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11",
        "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a1",
        "5f2c1f0e6a1b4b579a602d0b8f3c7a11",
        "conversation-5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11",
        "postConversationCobrowseSessions",
        "PureCloudPlatformClientV2",
        "conversationCobrowseVoiceAdd",
        "client_credentials_grant_2026",
        "application-x-www-form-urlencoded",
        "CLIENT_CREDENTIALS_TOKEN_RATE",
        "12345678901234567890123",
        "2026-05-01T12-00-00-000",
    ],
)
def test_words_ids_and_times_do_not(run: str) -> None:
    assert not masks.looks_like_token(run)
