"""A secret planted anywhere in a paste is in no value made from it."""

import json
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diagnostics.parsing.call import Parsed, Unreadable
from diagnostics.parsing.parse import masked_text, parse_call, parse_response
from diagnostics.redaction.patterns import is_placeholder

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
PATH = f"/api/v2/conversations/{ID}/cobrowse"
URL = f"https://api.mypurecloud.com{PATH}"


def har(response: object = None, url: str = URL, **request: object) -> str:
    entry = {"request": {"method": "POST", "url": url, **request}, "response": response or {"status": 404}}
    return json.dumps({"log": {"entries": [entry]}})


def postman(request: dict[str, object], **collection: object) -> str:
    item = {"name": "x", "request": {"method": "POST", "url": URL, **request}}
    return json.dumps({"info": {"name": "c"}, **collection, "item": [item, {"name": "y", "request": URL}]})


# Where a secret may stand; SECRET is replaced. In a named place any secret is hidden, in a loose one a token is.
NAMED = {
    "curl header": f"curl {URL} -H 'Authorization: Bearer SECRET'",
    "curl header, double quotes": f'curl {URL} -H "Authorization: Bearer SECRET"',
    "curl header, quoted token": f"curl {URL} -H 'Authorization: Bearer \"SECRET\"'",
    "curl header, ansi quotes": f"curl {URL} -H $'Authorization: Bearer SECRET'",
    "curl header, escaped blanks": f"curl {URL} -H Authorization:\\ Bearer\\ SECRET",
    "curl header, no scheme": f"curl {URL} -H 'Authorization: SECRET'",
    "curl header, twice": f"curl {URL} -H 'Authorization: Bearer SECRET' -H 'Authorization: Bearer SECRET'",
    "curl header, basic": f"curl {URL} -H 'Authorization: Basic SECRET'",
    "curl header, own": f"curl {URL} -H 'X-Api-Key: SECRET'",
    "curl header, line broken": f"curl {URL} \\\n -H 'Authorization: Bearer\nSECRET'",
    "curl user": f"curl -u someone:SECRET {URL}",
    "curl user glued": f"curl -usomeone:SECRET {URL}",
    "curl user long": f"curl --user=someone:SECRET {URL}",
    "curl bearer": f"curl --oauth2-bearer SECRET {URL}",
    "curl cookie": f"curl -b sid=SECRET {URL}",
    "curl query": f"curl '{URL}?access_token=SECRET'",
    "curl get data": f"curl -G -d client_secret=SECRET {URL}",
    "curl form data": f"curl -d grant_type=client_credentials -d client_secret=SECRET {URL}",
    "curl json data": f'curl --json \'{{"client_secret": "SECRET"}}\' {URL}',
    "curl form field": f"curl -F client_secret=SECRET {URL}",
    "curl userinfo": "curl https://someone:SECRET@api.mypurecloud.com/api/v2/x",
    "curl fragment": f"curl '{URL}#access_token=SECRET&x=1'",
    "curl proxy user": f"curl -U someone:SECRET {URL}",
    "curl other command": f"curl -u someone:SECRET https://login.mypurecloud.com/oauth/token\ncurl -X POST {URL}",
    "curl windows": f'curl ^"{URL}^" ^\n  -H ^"authorization: Bearer SECRET^"',
    "raw header": f"POST {PATH} HTTP/1.1\nHost: h.example\nAuthorization: Bearer SECRET\n\n",
    "raw cookie": f"POST {PATH} HTTP/1.1\nCookie: a=1; sid=SECRET\n\n",
    "raw body": f'POST {PATH} HTTP/1.1\n\n{{"password": "SECRET"}}',
    "raw answer": f'POST {PATH} HTTP/1.1\n\nHTTP/1.1 200 OK\nSet-Cookie: sid=SECRET\n\n{{"access_token": "SECRET"}}',
    "json header": json.dumps({"url": URL, "headers": {"Authorization": "Bearer SECRET"}}),
    "json header pairs": json.dumps({"url": URL, "headers": [["Authorization", "bearer SECRET\n"]]}),
    "json url": json.dumps({"url": f"{URL}?token=SECRET"}),
    "json body": json.dumps({"url": URL, "body": {"nested": [{"refresh_token": "SECRET"}]}}),
    "json body text": json.dumps({"url": URL, "body": json.dumps({"apiKey": "SECRET"})}),
    "json list": json.dumps({"url": URL, "body": {"tokens": ["SECRET"]}}),
    "json answer": json.dumps({"url": URL, "answer": {"status": 200, "body": {"joinCode": "SECRET"}}}),
    "json error": json.dumps({"url": URL, "answer": {"status": 400, "body": {"sessionJoinToken": "SECRET"}}}),
    "json network error": json.dumps({"url": URL, "answer": {"network_error": "GET https://a:SECRET@h.example/"}}),
    "short header": f"POST {PATH}\nAuthorization: Bearer SECRET",
    "short body": f'POST {PATH} {{"client_secret": "SECRET"}} -> 404',
    "short broken body": f"POST {PATH} {{'client_secret': 'SECRET',}} -> 404",
    "short prose": f"Authorization: Bearer SECRET\nPOST {PATH}",
    "har header": har(headers=[{"name": "Authorization", "value": "Bearer SECRET"}]),
    "har cookie": har(
        headers=[{"name": "Cookie", "value": "sid=SECRET"}], cookies=[{"name": "sid", "value": "SECRET"}]
    ),
    "har query": har(url=f"{URL}?access_token=SECRET", queryString=[{"name": "access_token", "value": "SECRET"}]),
    "har body": har(postData={"text": '{"client_secret": "SECRET"}'}),
    "har params": har(postData={"params": [{"name": "client_secret", "value": "SECRET"}]}),
    "har answer": har({"status": 200, "content": {"text": '{"joinCode": "SECRET"}'}}),
    "har other entry": har(headers=[{"name": "X-Api-Key", "value": "SECRET"}])[:-2]
    + ', {"request": {"url": "https://login.mypurecloud.com/oauth/token", "headers": '
    '[{"name": "Authorization", "value": "Basic SECRET"}]}}]}}',
    "har broken off": har(headers=[{"name": "Authorization", "value": "Bearer SECRET"}])[:-2]
    + ', {"request": {"url": "https://h.example/", "headers": [{"name": "Cookie", "value": "sid=SECRET',
    "har behind words": "Here it is:\n"
    + har(headers=[{"name": "Cookie", "value": "SECRET"}], cookies=[{"name": "a", "value": "SECRET"}]),
    "har in a line": "It is "
    + har(headers=[{"name": "Cookie", "value": "SECRET"}], cookies=[{"name": "a", "value": "SECRET"}]),
    "har entry": json.dumps(
        {"startedDateTime": "x", "request": {"url": URL, "cookies": [{"name": "a", "value": "SECRET"}]}}
    ),
    "json header pairs by name": json.dumps({"url": URL, "headers": [{"name": "Cookie", "value": "SECRET"}]}),
    "raw body of pairs": f'POST {PATH} HTTP/1.1\n\n[{{"key": "api_key", "value": "SECRET"}}]',
    "postman behind words": "Look:\n" + postman({"header": [{"key": "Cookie", "value": "SECRET"}]}),
    "postman item": json.dumps(
        {"name": "x", "request": {"url": {"raw": URL}, "header": [{"key": "Cookie", "value": "SECRET"}]}}
    ),
    "postman header": postman({"header": [{"key": "Authorization", "value": "Bearer SECRET"}]}),
    "postman bearer": postman({"auth": {"type": "bearer", "bearer": [{"key": "token", "value": "SECRET"}]}}),
    "postman basic": postman({"auth": {"type": "basic", "basic": [{"key": "password", "value": "SECRET"}]}}),
    "postman variable": postman(
        {"header": [{"key": "Authorization", "value": "Bearer {{t}}"}]}, variable=[{"key": "t", "value": "SECRET"}]
    ),
    "postman unused": postman({}, auth={"type": "apikey", "apikey": [{"key": "value", "value": "SECRET"}]}),
    "postman script": postman({}, event=[{"script": {"exec": ["pm.sendRequest('SECRET')"]}}]),
    "postman body": postman(
        {"body": {"mode": "urlencoded", "urlencoded": [{"key": "client_secret", "value": "SECRET"}]}}
    ),
    "list of calls": json.dumps([{"url": URL, "headers": {"Cookie": "sid=SECRET"}}, {"url": PATH}]),
    "fetch header": f'fetch("{URL}", {{"headers": {{"authorization": "Bearer SECRET"}}, "method": "POST"}})',
    "fetch variable": f"const t = 'SECRET';\nfetch('{URL}', {{headers: {{Authorization: `Bearer ${{t}}`}}}})",
    "fetch body": f"fetch('{URL}', {{method: 'POST', body: JSON.stringify({{clientSecret: 'SECRET'}})}})",
    "axios": f"axios.post('{URL}', {{password: 'SECRET'}}, {{headers: {{'X-Api-Key': 'SECRET'}}}})",
    "xhr": f"x.open('POST', '{URL}');\nx.setRequestHeader('Authorization', 'Bearer SECRET');",
    "requests": f"requests.post('{URL}', headers={{'Authorization': 'Bearer SECRET'}})",
    "requests variable": f"token = 'SECRET'\nrequests.post('{URL}', headers={{'Authorization': f'Bearer {{token}}'}})",
    "requests joined": f"requests.post('{URL}', headers={{'Authorization': 'Bearer ' + 'SECRET'}})",
    "requests auth": f"requests.post('{URL}', auth=('someone', 'SECRET'))",
    "httpx params": f"httpx.get('{URL}', params={{'access_token': 'SECRET'}})",
    "sdk token": f"ApiClient().get_client_credentials_token('id', client_secret='SECRET')\napi.post_conversation_cobrowse('{ID}')",
    "sdk body": f"api.postConversationCobrowse('{ID}', {{clientSecret: 'SECRET'}})",
    "gc": f"gc conversations cobrowse create {ID} --clientsecret SECRET",
    "gc token": f"gc conversations cobrowse create {ID} --accesstoken=SECRET",
    "powershell": f"irm '{URL}' -Headers @{{ Authorization = 'Bearer SECRET' }}",
    "powershell added": f"$h.Add('Authorization', 'Bearer SECRET')\nirm '{URL}' -Headers $h",
    "wget": f"wget --header 'Authorization: Bearer SECRET' {URL}",
    "wget post": f"wget --post-data 'client_secret=SECRET' {URL}",
    "log line": f"method=POST url={URL}?access_token=SECRET status=404",
    "log answer": f'"POST {PATH} HTTP/1.1" 404\nResponse body: {{"status": 404, "message": "m", "token": "SECRET"}}',
    "log headers": f"api.post_conversation_cobrowse('{ID}')\nHTTPHeaderDict({{'Set-Cookie': 'sid=SECRET'}}) ApiException: (404)",
    "forum": f"First:\ncurl -u me:SECRET https://login.mypurecloud.com/oauth/token\nthen POST {PATH} -> 404",
}
# Here the secret stands where nothing is read, and is no part of the call.
UNSEEN = {
    "curl other command", "short prose", "har in a line", "har entry", "postman behind words", "postman unused",
    "postman script", "sdk token", "gc", "gc token", "forum",
}  # fmt: skip
LOOSE = {
    "curl data": f"curl -d 'x=1&note=SECRET' {URL}",
    "curl header": f"curl -H 'X-Note: SECRET' {URL}",
    "curl path": "curl https://api.mypurecloud.com/api/v2/things/SECRET/x",
    "raw body": f"POST {PATH} HTTP/1.1\n\nsome SECRET text",
    "json body": json.dumps({"url": URL, "body": ["SECRET"]}),
    "short": f'POST {PATH} {{"note": "SECRET"}}',
    "har": har(postData={"text": "some SECRET text"}),
    "postman": postman({"body": {"mode": "raw", "raw": "some SECRET text"}}),
    "fetch": f"fetch('{URL}', {{method: 'POST', body: 'some SECRET text'}})",
    "requests": f"requests.post('{URL}', json={{'note': 'SECRET'}})",
    "sdk": f"api.post_conversation_cobrowse('{ID}', 'SECRET')",
    "unknown sdk": "api.post_conversations_cobrowse('x', {'note': 'SECRET'})",
    "powershell": f"irm '{URL}' -Method Post -Body 'some SECRET text'",
    "log": f"ERROR SECRET method=POST url={URL} status=404",
    "variable": "fetch(`/api/v2/x/${SECRET}/y`)",
    "network error": json.dumps({"url": URL, "answer": {"network_error": "bad SECRET"}}),
}

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
TOKENS = "k9Xq2LmZ8vRt4WpY7nBcD3fG6hJ1sTu5aEo0iPlM"
# What is made of the words of documentation alone, such as Auth0Bearer, is a placeholder and stays.
secrets = st.text(ALPHABET, min_size=8, max_size=90).filter(
    lambda text: bool(re.search(r"\d.*[A-Za-z]|[A-Za-z].*\d", text)) and not is_placeholder(text)
)
tokens = st.permutations(TOKENS).map("".join)


def everything(text: str) -> str:
    """All that is stored of a paste, as one text."""
    stored = [masked_text(text)]
    for read in (parse_call, parse_response):
        try:
            stored.append(repr(read(text)))
        except Unreadable as refused:
            stored.append(str(refused))
    return "\n".join(stored)


@pytest.mark.parametrize("place", NAMED)
@settings(max_examples=5)  # for each of the places
@given(secret=secrets)
def test_a_secret_in_a_named_place_never_survives(place: str, secret: str) -> None:
    assume(secret not in everything(NAMED[place].replace("SECRET", TOKENS)))  # a part of our own output is no secret
    assert secret not in everything(NAMED[place].replace("SECRET", secret))


@pytest.mark.parametrize("place", LOOSE)
@settings(max_examples=12)
@given(token=tokens)
def test_a_token_in_a_loose_place_never_survives(place: str, token: str) -> None:
    assert token not in everything(LOOSE[place].replace("SECRET", token))


@pytest.mark.parametrize("place", NAMED)
def test_a_paste_stays_readable_around_its_secret(place: str) -> None:
    parsed = parse_call(NAMED[place].replace("SECRET", "k9Xq2LmZ"))
    assert parsed.call is not None
    assert parsed.call.url.startswith(("https://", PATH)) or (parsed.call.sdk_method and not parsed.call.url)


@pytest.mark.parametrize("place", [place for place in NAMED if place not in UNSEEN])
def test_what_was_masked_is_reported(place: str) -> None:
    parsed = parse_call(NAMED[place].replace("SECRET", "k9Xq2LmZ"))
    assert place == "curl proxy user" or any(note.kind == "masked" for note in parsed.notes)


def test_a_secret_found_in_a_named_place_is_masked_elsewhere_too() -> None:
    parsed = parse_call(f"curl -H 'Authorization: Bearer hunter2-hunter2' -d 'x=hunter2-hunter2' {URL}")
    assert "hunter2" not in repr(parsed)


@pytest.mark.parametrize("token", ["<token>", "$TOKEN", "${TOKEN}", "{{token}}", "YOUR_TOKEN", "<redacted>", "***"])
def test_placeholders_of_documentation_are_left(token: str) -> None:
    parsed = parse_call(f"POST {URL}\nAuthorization: Bearer {token}")
    assert parsed.call is not None
    assert parsed.call.header("Authorization") == f"Bearer {token}"
    assert not any(note.kind == "masked" for note in parsed.notes)


def test_ids_and_provider_ids_are_left() -> None:
    parsed = parse_call(f'POST {URL} {{"providerId": "genesys", "sessionId": "{ID}"}}')
    assert parsed.call is not None
    assert parsed.call.body == f'{{"providerId": "genesys", "sessionId": "{ID}"}}'
    assert parsed.call.url == URL


def test_a_text_of_thousands_of_secrets_is_no_call() -> None:
    with pytest.raises(Unreadable):
        parse_call(f"curl {URL} -d '" + "password=a1; " * 3000 + "'")


def test_masked_text_keeps_what_is_no_secret() -> None:
    shown = masked_text(f"Hello,\n{NAMED['curl header'].replace('SECRET', 'k9Xq2LmZ')}\nand then?")
    assert shown == f"Hello,\ncurl {URL} -H 'Authorization: Bearer [masked token, 8 characters]'\nand then?"


def test_masked_text_of_a_text_too_long_is_empty() -> None:
    assert masked_text("a" * 1_000_001) == ""


@pytest.mark.parametrize("status", [200, 404])
def test_what_an_answer_shows_about_a_customer_is_hidden(status: int) -> None:
    body = {"code": "not.found", "participant": {"purpose": "customer", "address": "Main Street 1"}}
    answer = parse_response(json.dumps({"status": status, "body": body})).response
    assert answer is not None
    assert answer.body is not None
    assert "Main Street" not in answer.body
    assert "not.found" in answer.body
    assert "customer" in answer.body


def test_an_error_page_keeps_its_form_to_be_judged() -> None:
    answer = parse_response(
        "HTTP/1.1 502 Bad Gateway\nContent-Type: text/html\n\n<html><body>no</body></html>"
    ).response
    assert answer is not None
    assert answer.body == "<html><body>no</body></html>"


def test_parsed_values_are_frozen() -> None:
    parsed = parse_call(f"POST {URL}")
    assert isinstance(hash(parsed), int)
    assert isinstance(parsed, Parsed)
