"""Commands of Windows and of wget."""

import pytest

from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.parse import parse_call

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
URL = f"https://api.mypurecloud.com/api/v2/conversations/{ID}/cobrowse"
TOKEN = "k9Xq2LmZ8vRt4WpY7nBcD3fG6hJ1"
MASK = "Bearer [masked token, 28 characters]"
BODY = '{"providerId": "genesys"}'
JSON = ("Content-Type", "application/json")


def read(text: str, form: str) -> FailingCall:
    parsed = parse_call(text)
    assert parsed.form == form
    assert parsed.call is not None
    return parsed.call


@pytest.mark.parametrize(
    "text",
    [
        f'curl -X POST "{URL}" -H "Content-Type: application/json" -d "{{\\"providerId\\": \\"genesys\\"}}"',
        f'curl -X POST "{URL}" -H "Content-Type: application/json" -d "{{""providerId"": ""genesys""}}"',
        f'curl.exe "{URL}" ^\n  -X POST ^\r\n  -H "Content-Type: application/json" ^\n  -d "{{\\"providerId\\": \\"genesys\\"}}"',
        f'curl ^"{URL}^" ^\n  -X ^"POST^" ^\n  -H ^"Content-Type: application/json^" ^\n'
        '  --data-raw ^"^{^\\^"providerId^\\^": ^\\^"genesys^\\^"^}^"',
        f"curl.exe -X POST '{URL}' `\n  -H 'Content-Type: application/json' `\n  -d '{BODY}' --compressed",
        f"curl -X POST {URL} -H Content-Type:application/json --data-raw '{BODY}' --compressed",
    ],
)
def test_curl_is_read_in_every_quoting(text: str) -> None:
    call = read(text, "curl")
    assert (call.method, call.url, call.body, call.headers) == ("POST", URL, BODY, (JSON,))


def test_a_variable_that_the_shell_fills_is_no_forgotten_placeholder() -> None:
    for text in (
        'curl -X POST "https://h.example/api/v2/conversations/$ID/cobrowse"',
        "wget --method=POST https://h.example/a/$ID/b",
    ):
        call = parse_call(text).call
        assert call is not None
        assert call.variables == ("$ID",)


def test_a_variable_in_single_quotes_is_sent_as_it_is() -> None:
    call = parse_call("curl -X POST 'https://h.example/api/v2/conversations/$ID/cobrowse'").call
    assert call is not None
    assert call.variables == ()


@pytest.mark.parametrize(
    ("text", "headers", "body"),
    [
        (f"Invoke-RestMethod -Uri '{URL}' -Method Post", (), None),
        (f"irm {URL} -Method:POST -ContentType application/json -Body '{BODY}'", (JSON,), BODY),
        (f'$headers = @{{\n  Authorization = "Bearer $token"\n  "X-A" = \'b\'; "X-C" = "d"\n}}\n'
         f'Invoke-RestMethod -Method Post -Uri "{URL}" -Headers $headers',
         (("Authorization", "Bearer {token}"), ("X-A", "b"), ("X-C", "d")), None),
        (f'$h = New-Object "System.Collections.Generic.Dictionary[[String],[String]]"\n$h.Add("Authorization", "Bearer {TOKEN}")\n'
         f"$response = Invoke-RestMethod '{URL}' -Method 'POST' -Headers $h\n$response | ConvertTo-Json",
         (("Authorization", MASK),), None),
        (f'Invoke-WebRequest -UseBasicParsing -Uri "{URL}" `\n-Method "POST" `\n-WebSession $session `\n-Headers @{{\n"a"="b"\n'
         f'  "c"="d"\n}} `\n-ContentType "application/json" `\n-Body "{{`"providerId`": `"genesys`"}}"',
         (("a", "b"), ("c", "d"), JSON), BODY),
        (f'$body = @{{ providerId = "genesys" }} | ConvertTo-Json -Depth 3\niwr "{URL}" -Method Post -ContentType '
         '"application/json" -Body $body', (JSON,), BODY),
        (f"$body = @\"\n{BODY}\n\"@\niwr '{URL}' -Method Post -ContentType 'application/json' -Body $body", (JSON,), BODY),
        (f"iwr '{URL}' -Method Post -Body $unknown -Headers (Get-Headers)", (), None),
    ],
)  # fmt: skip
def test_powershell_is_read(text: str, headers: tuple[tuple[str, str], ...], body: str | None) -> None:
    call = read(text, "powershell")
    assert (call.method, call.url, call.headers, call.body) == ("POST", URL, headers, body)


def test_a_variable_of_powershell_is_no_forgotten_placeholder() -> None:
    call = read('irm "$base/api/v2/conversations/$($c.Id)/cobrowse" -Method Post', "powershell")
    assert (call.url, call.variables) == ("/api/v2/conversations/{c.Id}/cobrowse", ("{c.Id}",))


@pytest.mark.parametrize(
    ("options", "method", "headers", "body"),
    [
        ("--method=POST", "POST", (), None),
        (f"-qO- --method POST --header 'Authorization: Bearer {TOKEN}'", "POST", (("Authorization", MASK),), None),
        (f"--quiet -O - --header=Content-Type:application/json --post-data='{BODY}'", "POST", (JSON,), BODY),
        (
            f"--method POST --timeout=0 --header 'Content-Type: application/json' --body-data '{BODY}'",
            "POST",
            (JSON,),
            BODY,
        ),
        ("-T 5", "GET", (), None),
    ],
)
def test_wget_is_read(options: str, method: str, headers: tuple[tuple[str, str], ...], body: str | None) -> None:
    call = read(f"wget {options} '{URL}'", "wget")
    assert (call.method, call.url, call.headers, call.body) == (method, URL, headers, body)
