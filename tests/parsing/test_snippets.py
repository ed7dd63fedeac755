"""Calls of HTTP clients in program code, read and never run."""

from pathlib import Path

import pytest

from diagnostics.parsing.call import FailingCall, Parsed, Unreadable
from diagnostics.parsing.parse import parse_call

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
API = "https://api.mypurecloud.com"
URL = f"{API}/api/v2/conversations/{ID}/cobrowse"
BARE = "/api/v2/conversations/{conversationId}/cobrowse"
TOKEN = "k9Xq2LmZ8vRt4WpY7nBcD3fG6hJ1"
MASK = "Bearer [masked token, 28 characters]"
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def read(text: str) -> FailingCall:
    parsed = parse_call(text)
    assert parsed.form == "code"
    assert parsed.call is not None
    return parsed.call


def expected(parsed: Parsed, kind: str) -> str:
    return " | ".join(note.what for note in parsed.notes if note.kind == kind)


@pytest.mark.parametrize(
    ("text", "body", "headers"),
    [
        (f'fetch("{URL}", {{"headers": {{"authorization": "Bearer {TOKEN}"}}, "body": "{{\\"a\\":1}}", "method": "POST"}});',
         '{"a":1}', (("authorization", MASK),)),
        (f"await fetch(`{URL}`, {{\n  method: 'post',\n  body: JSON.stringify({{a: [1, true, null], 'b': x.y}}),\n}})",
         '{"a": [1, true, null], "b": "{x.y}"}', ()),
        (f"const opts = {{method: 'POST', headers: {{Authorization: 'Bearer ' + token}}}};\nfetch('{URL}', opts)",
         None, (("Authorization", "Bearer {token}"),)),
        (f"fetch('{URL}', {{method: 'POST', headers: new Headers({{A: 'b'}}), body: null}})", None, (("A", "b"),)),
        (f"axios.post('{URL}', {{ a: 1 }}, {{ headers: {{ Authorization: `Bearer ${{token}}` }} }})",
         '{"a": 1}', (("Authorization", "Bearer {token}"), JSON)),
        (f"axios({{ method: 'post', url: '{URL}', data: {{a: 1}} }})", '{"a": 1}', (JSON,)),
        (f"axios.request({{ method: 'POST', baseURL: '{API}', url: '/api/v2/conversations/{ID}/cobrowse' }})", None, ()),
        (f"$.ajax({{url: '{URL}', type: 'POST', data: {{a: 1}}}})", "a=1", (FORM,)),
        (f"var x = new XMLHttpRequest();\nx.open('POST', '{URL}', true);\nx.setRequestHeader('A', 'b');\n"
         'x.send(JSON.stringify({"a": 1}));', '{"a": 1}', (("A", "b"),)),
        (f"this.http.post<any>('{URL}', {{a: 1}}, {{headers: h}}).subscribe()", '{"a": 1}', (JSON,)),
        (f'await client.PostAsync("{URL}", new StringContent("{{\\"a\\":1}}", Encoding.UTF8, "application/json"));',
         '{"a":1}', ()),
        (f'var m = new HttpRequestMessage(HttpMethod.Post, "{URL}");\nm.Headers.Add("Authorization", "Bearer {TOKEN}");',
         None, (("Authorization", MASK),)),
        (f'req, err := http.NewRequest("POST", "{URL}", strings.NewReader(`{{"a": 1}}`))\nreq.Header.Add("A", "b")',
         '{"a": 1}', (("A", "b"),)),
        (f"this.http.post<A>(\n  '{URL}',\n  {{a: 1}} as any,\n  {{ headers: {{ A: `Bearer ${{await this.get()}}` }} }}\n)",
         '{"a": 1}', (("A", "Bearer {this.get}"), JSON)),
        (f'import http.client\npayload = json.dumps({{"a": 1}})\nheaders = {{"A": "b"}}\nconn.request("POST", "{URL}", payload, headers)',
         '{"a": 1}', (("A", "b"),)),
        (f'requests.post("{URL}", json={{"a": None, "b": True}})', '{"a": null, "b": true}', (JSON,)),
        (f'requests.post("{URL}", data={{"a": "b c"}})', "a=b+c", (FORM,)),
        (f'requests.request("post", "{URL}", data=json.dumps({{"a": 1}}), headers={{"A": "b"}})', '{"a": 1}', (("A", "b"),)),
        (f'token = "{TOKEN}"\nheaders = {{"Authorization": f"Bearer {{token}}"}}\nr = httpx.post("{URL}", headers=headers)',
         None, (("Authorization", MASK),)),
        (f'import requests\ns = requests.Session()\ns.post("{API}/api/v2/conversations/" + "{ID}" + "/cobrowse")', None, ()),
        (f'import httpx\nurl = "{API}/api/v2/conversations/{{}}/cobrowse".format("{ID}")\nhttpx.post(url, auth=("a", "hunter22"))',
         None, (("Authorization", "Basic [masked credentials, 16 characters]"),)),
        (f'requests.post("{URL}", json={{"a": 1}}', '{"a": 1}', (JSON,)),
    ],
)  # fmt: skip
def test_a_call_is_what_the_client_would_send(
    text: str, body: str | None, headers: tuple[tuple[str, str], ...]
) -> None:
    call = read(text)
    assert (call.method, call.url, call.body, call.headers) == ("POST", URL, body, headers)


@pytest.mark.parametrize(
    "text",
    [
        'fetch(BASE + "/api/v2/conversations/" + conversationId + "/cobrowse", {method: "POST"})',
        "fetch(`${BASE}/api/v2/conversations/${conversationId}/cobrowse`, {method: 'POST'})",
        "fetch(`/api/v2/conversations/${encodeURIComponent(conversationId)}/cobrowse`, {method: 'POST'})",
        "requests.post(f'{base}/api/v2/conversations/{conversationId}/cobrowse')",
        "requests.post('/api/v2/conversations/{}/cobrowse'.format(conversationId))",
        "requests.post('/api/v2/conversations/%s/cobrowse' % conversationId)",
        'client.PostAsync($"/api/v2/conversations/{conversationId}/cobrowse", null)',
        'http.post(String.format("/api/v2/conversations/%s/cobrowse", conversationId))',
        "requests.post(base_url + '/api/v2/conversations/' + str(conversationId) + '/cobrowse')",
    ],
)
def test_a_variable_of_the_program_is_no_forgotten_placeholder(text: str) -> None:
    call = read(text)
    assert (call.method, call.url, call.variables) == ("POST", BARE, ("{conversationId}",))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("fetch('/api/v2/conversations/${conversationId}/cobrowse', {method: 'POST'})", BARE.replace("{", "${")),
        ("requests.post('/api/v2/conversations/{conversationId}/cobrowse')", BARE),
    ],
)
def test_a_placeholder_that_the_program_would_send_stays_one(text: str, url: str) -> None:
    call = read(text)
    assert (call.url, call.variables) == (url, ())


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f"fetch('{URL}', {{method: 'POST', headers}})", "headers"),
        (f"fetch('{URL}', {{method: 'POST', body: payload}})", "payload"),
        (f"axios.post('{URL}', payload)", "payload"),
        (f"requests.post('{URL}', headers=get_headers())", "get_headers"),
        (f"requests.post('{URL}', headers={{'Authorization': auth}})", "Authorization"),
        (f"requests.post('{URL}', headers={{'Authorization': scheme + ' ' + token}})", "Authorization"),
    ],
)
def test_what_only_a_variable_holds_is_reported_and_not_judged(text: str, word: str) -> None:
    parsed = parse_call(text)
    assert parsed.call is not None
    assert (parsed.call.headers, parsed.call.body) == ((), None)
    assert word in expected(parsed, "dropped")


@pytest.mark.parametrize(
    "text",
    [
        "app.post('/api/v2/conversations/:id/cobrowse', (req, res) => {})",
        "router.get('/api/v2/x', handler)",
        "const x = map.get('/');",
        "fetch(url)",
        "requests.get",
        "fetch(",
    ],
)
def test_what_calls_no_address_is_no_call_of_a_client(text: str) -> None:
    try:
        form = parse_call(text).form
    except Unreadable:
        form = ""
    assert form in ("", "short")


def test_of_several_calls_that_about_cobrowse_is_read_with_its_answer() -> None:
    parsed = parse_call(
        f"""
Here is my script:
```python
import requests
r = requests.post("https://login.mypurecloud.com/oauth/token", data={{"grant_type": "client_credentials"}}, auth=(ID, SECRET))
headers = {{"Authorization": "Bearer " + r.json()["access_token"]}}
r = requests.post("{URL}", headers=headers, json={{"providerId": "genesys"}})
```
requests.exceptions.HTTPError: 404 Client Error: Not Found for url: {URL}
"""
    )
    assert parsed.chosen == 1
    assert parsed.call is not None
    assert (parsed.call.url, parsed.call.body) == (URL, '{"providerId": "genesys"}')
    assert parsed.call.header("Authorization") == "Bearer {access_token}"
    assert parsed.response is not None
    assert parsed.response.status == 404
    assert len(parsed.choices) == 2


def test_a_thread_is_asked_about_its_own_call_and_not_about_the_advice() -> None:
    parsed = parse_call(
        f"""We call this and get 404.

POST /api/v2/conversations/chat/{ID}/cobrowse
Content-Type: application/json

{{"providerId": "genesys"}}

HTTP/1.1 404 Not Found
{{"message": "m", "code": "not.found", "status": 404}}

Answer: use POST /api/v2/conversations/chat/{ID}/cobrowse/sessions, or in Python api.post_conversations_cobrowse_sessions(x).
"""
    )
    assert parsed.call is not None
    assert parsed.call.url == f"/api/v2/conversations/chat/{ID}/cobrowse"
    assert parsed.response is not None
    assert (parsed.response.status, parsed.response.body) == (
        404,
        '{"message": "m", "code": "not.found", "status": 404}',
    )
    assert "post_conversations_cobrowse_sessions" in parsed.choices[-1].label


@pytest.mark.parametrize(
    "argument",
    [
        "open({path!r}, 'w')",
        "__import__('pathlib').Path({path!r}).touch()",
        "f'{{open({path!r}, \"w\")}}'",
        "`${{require('fs').writeFileSync({path!r}, '')}}`",
        "$(touch {path})",
        "'; touch {path}; '",
        "(lambda: open({path!r}, 'w'))()",
    ],
)
def test_nothing_pasted_is_ever_run(tmp_path: Path, argument: str) -> None:
    path = tmp_path / "ran"
    filled = argument.format(path=str(path))
    for text in (
        f"import requests\nurl = {filled}\nrequests.post('{URL}', json={filled})",
        f"fetch('{URL}', {{method: 'POST', body: {filled}}})",
        f'curl -X POST {URL} -d "{filled}" `touch {path}` $(touch {path}); touch {path}',
        f"Invoke-RestMethod -Uri '{URL}' -Body $(New-Item {path})",
        f"api.post_conversation_cobrowse({filled})",
    ):
        parse_call(text)
    assert not path.exists()
