"""Kinds of text that say the same thing in other ways: variables in the text, tables, encoded addresses, other languages."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest

from diagnostics.engine.call_review import CallReview, review_call
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.inputs import Inputs, read_paste
from diagnostics.text import time_budget

ID = "3f9c2d71-08be-4c55-9a1e-6b7d20f4e8a3"
PATH = f"/api/v2/conversations/{ID}/cobrowse"
HOST = "api.mypurecloud.de"
URL = f"https://{HOST}{PATH}"
OTHER = "3f9c2d71-08be-4c55-9a1e-6b7d20f4e8a4"


def read(text: str) -> tuple[Inputs, CallReview]:
    with time_budget.limited(60):  # not what is tested here, and a busy machine needs more of it
        inputs = read_paste(text).inputs
    return inputs, review_call(inputs, bundled())


def facts_of(text: str) -> dict[str, Any]:
    inputs, review = read(text)
    call = inputs.call
    return {
        "method": call.method if call else "",
        "host": call.host if call else "",
        "path": call.path if call else "",
        "status": inputs.response.status if inputs.response else None,
        "cause": review.verdict.cause,
    }


def expected(method: str = "POST", host: str = HOST, path: str = PATH, status: int | None = 404) -> dict[str, Any]:
    return {"method": method, "host": host, "path": path, "status": status}


@pytest.mark.parametrize(
    "text",
    [
        f'curl -X POST "https://${{API_HOST:-{HOST}}}{PATH}"\n404',
        f'curl -X POST "${{BASE-https://{HOST}}}{PATH}"\n404',
        f"docker run -e GC_URL=https://{HOST} -e CID={ID} img sh -c 'curl -X POST \"$GC_URL/api/v2/conversations/$CID/cobrowse\"'\n404",
        f'BASE := https://{HOST}\nCID := {ID}\ngo:\n\tcurl -X POST "$${{BASE}}/api/v2/conversations/$$CID/cobrowse"\n404',
        f'base = "https://{HOST}", cid = "{ID}"\nrequests.post(f"{{base}}/api/v2/conversations/{{cid}}/cobrowse") -> 404',
        f"@api = https://{HOST}\n@cid = {ID}\nPOST {{{{api}}}}/api/v2/conversations/{{{{cid}}}}/cobrowse\n\nHTTP/1.1 404 Not Found",
        f'import os\nHOSTS = {{"de": "{HOST}"}}\nREGION=de\n'
        f"requests.post(f\"https://{{HOSTS[os.environ['REGION']]}}{PATH}\")  # 404",
    ],
)
def test_variables_take_the_values_that_the_text_gives(text: str) -> None:
    assert facts_of(text) == expected() | {"cause": "undetermined"}


@pytest.mark.parametrize(
    "text",
    [
        f"Base URL: https://{HOST}/api/v2\nEndpoint: /conversations/{ID}/cobrowse\nMethod: POST\nResponse: 404",
        f"- server: https://{HOST}\n- path: {PATH}\n- verb: POST\n- result: 404",
        f"• host – https://{HOST}\n• route – {PATH}\n• method – POST\n• got – 404",
        f'client.BaseAddress = new Uri("https://{HOST}/");\nawait client.PostAsync("api/v2/conversations/{ID}/cobrowse", null); // 404',
        f'"api": {{"base": "https://{HOST}"}},\n"last": {{"method": "POST", "path": "{PATH}", "status": 404}}',
        f"HTTPSConnectionPool(host='{HOST}', port=443): Max retries exceeded with url: {PATH}\nThat is POST. Before it gave 404",
    ],
)
def test_base_url_is_read_from_another_line(text: str) -> None:
    facts = facts_of(text)
    assert (facts["host"], facts["path"], facts["method"]) == (HOST, PATH, "POST")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (f'httpx.Client(base_url="https://{HOST}/api/v2").post("{PATH}")  # 404', f"/api/v2{PATH}"),
        (
            f"Base URL: https://{HOST}/api/v2\nPath: {PATH}\nMethod: POST\nWe append the path to the base.\n404",
            f"/api/v2{PATH}",
        ),
        (f"Base URL: https://{HOST}/api/v2\nPath: {PATH}\nMethod: POST\n404", PATH),
    ],
)
def test_base_is_doubled_only_by_a_client_that_appends(text: str, path: str) -> None:
    facts = facts_of(text)
    assert facts["path"] == path
    assert facts["cause"] == ("path.base_duplicated" if path != PATH else "undetermined")


@pytest.mark.parametrize(
    "text",
    [
        f"POST {URL}\n# -> (404) Not Found.",
        f"requests.post('{URL}')\n<Response [404]>",
        f"httpx.post('{URL}')\n<Response [404 Not Found]>",
        f"fetch('{URL}', {{method: 'POST'}}).then(r => console.log(r.status))\napp.js:31 404",
        f"we run POST {URL} and it comes back with 404",
        f"POST {URL} came back as (404)",
        f"コブラウズのAPIで404エラーが出ます。\nPOST {URL}",
        f"POST {URL} でステータス４０４です",
        f"رمز الحالة: ٤٠٤\nPOST {URL}",
        f"POST {URL} me da 404",
        f"POST {URL} 404s since Monday",
        f"POST {URL}\nupstream_status=404",
        f"POST {URL}. Antwort 404.",
        f"URL : {URL}\nMéthode : POST\nCode d’état : 404",
        f"Method: POST\nURL: {URL}\nERROR: The resource you are requesting could not be found (404)",
        f"First I tried GET {URL} (405), then POST {URL} (404).",
        f"Steps: POST {URL}\nExpected: 200\nActual: 404",
        f"{URL}\nour POST gives 404 :(",
        f"RuntimeError\n[404] The requested resource was not found.\nURL: {URL}\nMethod: POST",
        f"Expected: 200\nReceived: 404\nawait request.post('{URL}')",
        f"Request:  POST {URL}\nExpected: 200\nActual:   404",
        f"Chiamata: POST {URL}\nEsito: 404",
        f"Żądanie: POST {URL}\nWynik: 404",
        f'(see {URL}); we POST to it, and the reply is "404"!',
        f'HttpRequest.newBuilder().uri(URI.create("{URL}")).POST(BodyPublishers.noBody()).build();\n// response.statusCode() == 404',
    ],
)
def test_status_is_read_from_words_and_prints(text: str) -> None:
    assert facts_of(text) == expected() | {"cause": "undetermined"}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("our agents get 404 when they start cobrowse", 404),
        ("It should work, but we still get 403 for everybody", 403),
        ("SIP/2.0 404 Not Found\nCSeq: 1 INVITE", None),
        ("CSeq: 2\nRTSP/1.0 404 Not Found", None),
        (f"if (response.status === 404) retry();\nPOST {URL}", None),
        (f"POST {URL}\nexit_status=127", None),
        (f"it never returns 404, it's always a 403 when I POST {URL}", 403),
        (f"POST {URL} does not return a 404. It returns 409.", 409),
        (f"Nunca da 404. POST {URL} devuelve 403", 403),
        (f"POST {URL}: resource not found 404", 404),
        (f"Expected: 404\nReceived: 200\nawait request.post('{URL}')", 200),
        (f'given().when().post("{URL}").then().statusCode(200);', None),
        (f"const known = [200, 201]; // [404] is handled below\nPOST {URL}", None),
    ],
)
def test_only_a_status_of_http_counts(text: str, status: int | None) -> None:
    try:
        response = read_paste(text).inputs.response
    except Exception as error:
        assert type(error).__name__ == "Unreadable"
        response = None
    assert (response.status if response else None) == status


READ = f"https://{HOST}/api/v2/conversations/{ID}"


@pytest.mark.parametrize(
    "text",
    [
        f"time;method;url;code\n09:00;GET;{READ};200\n09:01;POST;{URL};404",
        f"Verb\tHost\tPath\tResult\nGET\t{HOST}\t/api/v2/users/me\t200\nPOST\t{HOST}\t{PATH}\t404",
        f"| Method | URL | Status |\n|---|---|---|\n| GET | {READ} | 200 |\n| POST | {URL} | 404 |",
        f"#Fields: date time cs-method cs-host cs-uri-stem sc-status\n2026-11-20 09:00:00 GET {HOST} /api/v2/users/me 200\n"
        f"2026-11-20 09:00:01 POST {HOST} {PATH} 404",
        f"#  Method  Result  Host                URL\n1  GET     200     {HOST}  /api/v2/users/me\n2  POST    404     {HOST}  {PATH}",
        f"Test,Method,URL,Expected,Actual\nstart,POST,{URL},200,404",
        f"<table><tr><th>Method</th><th>URL</th><th>Status</th></tr><tr><td>POST</td><td><a href='{URL}'>{URL[:40]}…</a></td>"
        "<td>404</td></tr></table>",
    ],
)
def test_failing_row_of_a_table_is_read(text: str) -> None:
    assert facts_of(text) == expected() | {"cause": "undetermined"}


MAIL = f"Hi,\nwe send POST {URL} and get 404 Not Found.\nBye"


@pytest.mark.parametrize(
    "text",
    [
        f"POST https://eur02.safelinks.protection.outlook.com/?url={quote(URL, safe='')}&data=05%7C02&sdata=x&reserved=0 -> 404",
        f"POST https://www.google.com/url?q={quote(URL, safe='')}&sa=D&source=editors -> 404",
        f"url={quote(URL, safe='')}&method=POST&status=404",
        f"[ERROR] upstream={quote(quote(URL, safe=''), safe='')} verb=POST status=404",
        "From: a@b.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        + b64encode(MAIL.encode()).decode(),
        f"\u00a0\u00a0POST\u00a0{URL}\n\u00a0\u00a0HTTP/1.1 404 Not Found",
        f"ＰＯＳＴ　{URL}　→　４０４",
        f"> We send POST https://{HOST}/api/v2/conversations/=\n> {ID}/cobrowse\n> and receive HTTP 404.",
        f"We send POST https://{HOST}/api/v2/conversat=\nions/{ID}/cobrowse and receive 404.",
        f"Invoke-WebRequest -Method Post -Uri “{URL}” -Headers $h\n(404) Not Found",
    ],
)
def test_encoded_and_decorated_addresses_are_read(text: str) -> None:
    assert facts_of(text) == expected() | {"cause": "undetermined"}


@pytest.mark.parametrize(
    ("text", "method"),
    [
        (f'new Request.Builder().url("{URL}").get().build(); // 405', "GET"),
        (f'Request.Builder().url("{URL}").build()\n// 405', "GET"),
        (f'new Request.Builder().url("{URL}").put(body).build(); // 405', "PUT"),
        (f'HttpRequest.newBuilder(URI.create("{URL}")).GET().build(); // 405', "GET"),
        (f'HttpRequest.newBuilder(URI.create("{URL}")).method("PUT", none).build(); // 405', "PUT"),
        (f"req.setEndpoint('{URL}');\nreq.setMethod('GET');\n// 405", "GET"),
        (f"$ch = curl_init('{URL}');\ncurl_setopt($ch, CURLOPT_RETURNTRANSFER, true);\ncurl_exec($ch); // 405", "GET"),
        (
            f"$ch = curl_init('{URL}');\ncurl_setopt($ch, CURLOPT_CUSTOMREQUEST, 'PATCH');\ncurl_exec($ch); // 405",
            "PATCH",
        ),
        (f"$ch = curl_init('{URL}');\ncurl_setopt($ch, CURLOPT_POST, 1);\ncurl_exec($ch); // 404", "POST"),
        (f'HttpGet get = new HttpGet("{URL}");\n// 405', "GET"),
        (f"uri = URI('{URL}')\nreq = Net::HTTP::Get.new(uri)\n# 405", "GET"),
        (f"$client->request('GET', '{URL}'); // 405", "GET"),
        (f'webClient.get().uri("{URL}").retrieve(); // 405', "GET"),
        (f'restTemplate.getForEntity("{URL}", String.class); // 405', "GET"),
        (f'var req = URLRequest(url: URL(string: "{URL}")!)\nURLSession.shared.dataTask(with: req) // 405', "GET"),
        (f'var r = new RestRequest("{URL}", Method.Get); // 405', "GET"),
        (
            f'HttpURLConnection c = (HttpURLConnection) new URL("{URL}").openConnection();\nc.getResponseCode(); // 405',
            "GET",
        ),
        (f'val url = "{URL}" // the builder is in another file: 404', "POST"),
        (f"Invoke-RestMethod `\n  -Uri '{URL}' `\n  -Headers $h\n405", "GET"),
        (f"Invoke-RestMethod `\n  -Method Post `\n  -Uri '{URL}'\n404", "POST"),
        (
            f"https {URL.removeprefix('https://')} 'Authorization: Bearer $T'\nHTTP/1.1 405 Method Not Allowed\nAllow: POST",
            "GET",
        ),
        (f"--2026-11-21 09:14:02--  {URL}\nHTTP request sent, awaiting response... 405 Method Not Allowed", "GET"),
        (f'# api.curlrc\nrequest = "POST"\nurl = "{URL}"\n$ curl -K api.curlrc\n404', "POST"),
        (f"curl -X POST\n{URL}\n404", "POST"),
    ],
)
def test_method_comes_from_the_program_that_builds_the_request(text: str, method: str) -> None:
    facts = facts_of(text)
    assert (facts["method"], facts["path"]) == (method, PATH)
    assert facts["cause"] == ("path.wrong_method" if method != "POST" else "undetermined")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            f'val body = """{{"providerId":"x"}}""".toRequestBody()\nRequest.Builder().url("{URL}").post(body).build() // 400',
            "body.unexpected",
        ),
        (
            f"uri = URI('{URL}')\nreq = Net::HTTP::Post.new(uri)\nreq.body = {{ type: 'x' }}.to_json\n# 400",
            "body.unexpected",
        ),
        (
            f"$ cat b.json\n{{'type': 'x'}}\n$ curl -X POST {URL} -H 'Content-Type: application/json' -d @b.json\n400",
            "body.malformed_json",
        ),
        (
            f'cat > b.json <<EOF\n{{"type": "x"}}\nEOF\ncurl -X POST {URL} -H \'Content-Type: application/json\' -d @b.json\n400',
            "body.unexpected",
        ),
        (f"curl -X POST {URL} -H 'Content-Type: application/json' -d @b.json\n400", "undetermined"),
        (
            "DEBUG request: POST https://login.mypurecloud.de/oauth/token\nDEBUG body: grant_type=client_credentials\n"
            "DEBUG response: 400 invalid_client",
            "auth.client_rejected",
        ),
    ],
)
def test_body_is_read_where_the_text_shows_it(text: str, cause: str) -> None:
    assert facts_of(text)["cause"] == cause


@pytest.mark.parametrize(
    ("id", "cause"),
    [
        ("$(ConversationId)", "path.placeholder_unexpanded"),
        ("%257Bid%257D", "path.placeholder_unexpanded"),
        ("$%7Bconv%7D", "path.placeholder_unexpanded"),
        ("%(conversation_id)s", "path.placeholder_unexpanded"),
        ("3f9c2d71-08be-4c55-9a1e", "conv.id_malformed"),
        ("3f9c2d71-08be-4c55-9a1e-6b7d20", "conv.id_malformed"),
        ("+4915112345678", "conv.id_malformed"),
        ("jane.doe@example.com", "conv.id_malformed"),
        ("null", "path.id_missing"),
        ("undefined", "path.id_missing"),
        ("[masked]", "undetermined"),
        ("<hidden>", "undetermined"),
        ("********", "undetermined"),
        ("3f9c2d71-****", "undetermined"),
        ("3f9c2d71…", "undetermined"),
        ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "undetermined"),
        ("3f9c2d71-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "undetermined"),
        ("********-****-****-****-************", "undetermined"),
        ("XXXX", "undetermined"),
        ("*", "undetermined"),
        ("…", "undetermined"),
        ("...", "undetermined"),
        ("<conversationId redacted>", "undetermined"),
        ("(id removed)", "undetermined"),
        ("3f9c2d7x-08be-4c55-9a1e-6b7d20f4e8a3", "conv.id_malformed"),
        ("<conversationId>", "path.placeholder_unexpanded"),
    ],
)
def test_place_of_the_id_is_judged_by_its_text(id: str, cause: str) -> None:
    assert facts_of(f"POST https://{HOST}/api/v2/conversations/{id}/cobrowse\n404")["cause"] == cause


@pytest.mark.parametrize(
    "text",
    [
        f'$cid = $null\nInvoke-RestMethod -Method Post -Uri "https://{HOST}/api/v2/conversations/$cid/cobrowse"\n404',
        f"const cid = null;\nfetch(`https://{HOST}/api/v2/conversations/${{cid}}/cobrowse`, {{method: 'POST'}}) // 404",
        f'cid = None\nrequests.post(f"https://{HOST}/api/v2/conversations/{{cid}}/cobrowse")  # 404',
    ],
)
def test_empty_variable_is_a_missing_id(text: str) -> None:
    assert facts_of(text)["cause"] == "path.id_missing"


@pytest.mark.parametrize(
    "text",
    [
        f"token: POST https://login.mypurecloud.ie/oauth/token 200\ncall: POST {URL} 401",
        f"We get the token from login.mypurecloud.ie.\nPOST {URL} -> 401",
        f"client.setEnvironment('mypurecloud.ie');\nawait client.loginClientCredentialsGrant(id, secret);\n"
        f"await axios.post('{URL}', null, {{headers}}); // 401",
    ],
)
def test_token_of_another_region_that_is_refused(text: str) -> None:
    assert facts_of(text)["cause"] == "host.wrong_region"


@pytest.mark.parametrize(
    "text",
    [
        f"token: POST https://login.mypurecloud.de/oauth/token 200\ncall: POST {URL} 401",
        f"token: POST https://login.mypurecloud.ie/oauth/token 200\ncall: POST {URL} 403",
        f"We tried login.mypurecloud.ie and login.mypurecloud.de.\nPOST {URL} -> 401",
        f"The example in the docs uses login.mypurecloud.com.\nPOST {URL} -> 401",
        f"Our other org: https://login.mypurecloud.ie, https://api.mypurecloud.ie\nPOST {URL} -> 401",
    ],
)
def test_other_regions_in_a_text_accuse_no_call(text: str) -> None:
    assert facts_of(text)["cause"] != "host.wrong_region"


@pytest.mark.parametrize(
    "text",
    [
        "The docs say POST /api/v2/conversations/{conversationId}/cobrowse. Which scope does it need?",
        "paths:\n  /api/v2/conversations/{conversationId}/cobrowse:\n    post:\n      summary: Start\n"
        "      responses:\n        404:\n          description: none",
        '"requestUrlTemplate": "/api/v2/conversations/${input.conversationId}/cobrowse",\n"requestType": "POST"',
        f"POST {URL}\nAuthorization: Bearer {{{{ vault token }}}}\n\nHTTP/1.1 404 Not Found",
        f"POST {URL}\nAuthorization: Bearer ${{{{ secrets.GC_TOKEN }}}}\n\nHTTP/1.1 404 Not Found",
        f"curl -X POST https://{HOST}/api/v2/conversations/${{CID:?unset}}/cobrowse\n404",
        f"* {{code:http}}POST {URL}{{code}}\n* result: *404*",
        "Error: status code 404\nurl: '/api/v2/conversations/' + conversationId + '/cobrowse'",
        f"Conversation {ID}: POST /api/v2/conversations/{{id}}/cobrowse -> 404",
        f'curl -X POST {URL} -H "Authorization: $AUTH"\n404',
        "<script>var s = document.createElement('script'); s.src = 'https://apps.mypurecloud.ie/genesys-bootstrap/genesys.min.js';</script>",
        f"https://{HOST}",
        f"{HOST} -> 404",
        f"api.log\n404\nThe path is {PATH}",
        f"const convId = interaction.id;\nfetch(`https://{HOST}/api/v2/conversations/${{convId}}/cobrowse`, {{method: 'POST'}}) // 404",
    ],
)
def test_what_nobody_sent_or_a_program_fills_in_is_not_accused(text: str) -> None:
    try:
        assert facts_of(text)["cause"] in ("undetermined", "none")
    except Exception as error:
        assert type(error).__name__ == "Unreadable"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"curl -X POST -H 'Authorization: Token abcdefghijklmnop' {URL}\n401", "auth.header_malformed"),
        (f":method: POST\nURL: {URL}\nAuthorization: JWT abcdefghijklmnop\nStatus: 401", "auth.header_malformed"),
        (
            f"s = requests.Session()\ns.headers['Authorization'] = 'Bearer Bearer abcdefghijklmnop'\ns.post('{URL}')\n<Response [401]>",
            "auth.header_malformed",
        ),
        (
            f"s.headers.update({{'Authorization': 'Bearer ' + token}})\nrequests.post('{URL}')\n<Response [401]>",
            "auth.token_expired",
        ),
        (f"curl -X POST http://{HOST}{PATH}\n301", "host.plain_http"),
        (f"POST https://{HOST}https://{HOST}{PATH}\nnet::ERR_NAME_NOT_RESOLVED", "path.base_duplicated"),
        (f"HTTPSConnectionPool(host='api.mypurecloud.se', port=443): Max retries exceeded with url: {PATH} (Failed to resolve "
         "'api.mypurecloud.se')", "host.unknown_host"),
    ],
)  # fmt: skip
def test_fault_of_the_call_is_found(text: str, cause: str) -> None:
    assert facts_of(text)["cause"] == cause


def test_stack_trace_of_an_sdk_names_the_call() -> None:
    text = (
        'ApiException: {"message":"This request requires a user context.","code":"not.a.user","status":400}\n'
        "\tat com.mypurecloud.sdk.v2.ApiClient.invoke(ApiClient.java:900)\n"
        "\tat com.mypurecloud.sdk.v2.api.PresenceApi.getUserPresence(PresenceApi.java:70)"
    )
    inputs, review = read(text)
    assert inputs.call is not None
    assert (inputs.call.method, inputs.call.path.rpartition("/")[0]) == ("GET", "/api/v2/users/{userId}/presences")
    assert review.verdict.cause == "authz.user_context_required"


def test_status_goes_to_the_call_with_its_number() -> None:
    text = f"POST {URL}\n\nGET {READ}\n\nThe second one returns 200, the first 404s."
    assert facts_of(text) == expected() | {"cause": "undetermined"}
    assert read_paste(text, choice=1).inputs.response.status == 200  # type: ignore[union-attr]
