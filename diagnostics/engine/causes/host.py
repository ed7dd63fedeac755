"""Causes between the caller and the API: the host, the network, and servers that answer in the API's place."""

from diagnostics.engine.causes.cause import GET_TOKEN, READ_TOKEN, START, Cause, error_response

HTML_PAGE = (
    "HTTP/1.1 403 Forbidden\nContent-Type: text/html\nServer: proxy\n\n<html><title>Access denied</title>…</html>"
)

HOST_CAUSES = (
    Cause(
        code="host.wrong_region",
        title="Host belongs to another region",
        node="host",
        meaning="Clients, tokens and conversations exist only in the region of their org. The call, or the token request, "
        "goes to the host of another region.",
        evidence="We compare the host with the region of the client, and with the hosts of all 18 regions.",
        fix=(
            "Send both the token request and the call to the region of the org: login.<domain> and api.<domain>.",
            "Don't create a new secret before that.",
        ),
        myth="The login host of another region rejects the client with the same invalid_client error as for a wrong secret. "
        "Rotating the secret changes nothing.",
        response="A 401 for the call, or a 400 with invalid_client for the token request. A 404 if the token is valid there.",
        example=error_response("401 Unauthorized", "bad.credentials", "Invalid login credentials."),
        operations=(START, GET_TOKEN),
        is_in_the_call=True,
    ),
    Cause(
        code="host.unknown_host",
        title="Not a Genesys Cloud API host",
        node="host",
        meaning="The host isn't an API host of any region. Often it's the name of the org (myorg.mypurecloud.com), the "
        "host of the web interface (apps.), or the login host.",
        evidence="We compare the host with the API hosts of all regions. If your company has its own gateway in front of "
        "the API, set it on the client, and its host is right.",
        fix=("Send the call to https://api.<domain of the region>.",),
        myth="The host never contains the name of the org. Hosts such as api.us.genesys.cloud don't exist.",
        response="A DNS error, a certificate error, or the page of another server.",
        example="curl: (6) Could not resolve host: api.us.genesys.cloud",
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="host.plain_http",
        title="http instead of https",
        node="host",
        meaning="The call uses http. Genesys Cloud answers on https only, and the token was sent unencrypted.",
        evidence="We read the scheme of the URL.",
        fix=("Use https.",),
        myth="A redirect to https doesn't make it safe: the token was already sent.",
        response="No response, or a redirect, which turns a POST into a GET in many clients.",
        example="HTTP/1.1 301 Moved Permanently\nLocation: https://api.mypurecloud.com/…",
        afterwards=("Revoke the token that was sent unencrypted: DELETE /api/v2/tokens/me.",),
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="env.rate_limited",
        title="Rate limit exceeded",
        node="token",
        meaning="The client has sent more requests than it's allowed per minute. A client credentials token usually has 300 "
        "requests per minute, and some resources have lower limits.",
        evidence="The response is a 429, or our own reads got one. The headers inin-ratelimit-count and -allowed show what is left.",
        fix=(
            "Wait as long as Retry-After says, and send nothing with this client until then.",
            "Find out what else uses the client. Give each program its own client.",
        ),
        myth="A new token doesn't reset the limit, and retrying at once prolongs the wait. There are no X-Rate-Limit-* headers.",
        response="A 429 with a Retry-After header.",
        example=error_response(
            "429 Too Many Requests",
            "too.many.requests.retry.after",
            "Rate limit exceeded the maximum. Retry the request in [59] seconds",
            "Retry-After: 59",
        ),
        afterwards=("The call itself isn't the problem.",),
    ),
    Cause(
        code="env.server_error",
        title="Genesys Cloud server error",
        node="host",
        meaning="Genesys Cloud returned an internal error. Nothing in the call or the org explains it.",
        evidence="The response is a 500 or 503 with the API's error body and a correlation ID.",
        fix=(
            "Send the call again later.",
            "If it keeps failing, check the status page, and give Genesys Cloud Care the correlation ID.",
        ),
        myth="A 500 says nothing about permissions or the body. Those errors have their own responses.",
        response="A 500 or 503.",
        example=error_response(
            "500 Internal Server Error",
            "internal.server.error",
            "The server encountered an unexpected condition which prevented it from fulfilling the request.",
        ),
    ),
    Cause(
        code="env.timeout",
        title="No response in time",
        node="host",
        meaning="The API, or something in between, didn't answer in time. If the call starts a session, it may have been offered "
        "anyway.",
        evidence="The response is a 504 or 408, or the client reported a timeout. Our own connection shows whether the network "
        "is the reason.",
        fix=(
            "Before you start a session again, ask the agent whether an offer appeared.",
            "If it happens often, check firewalls that drop packets, and the time limit of your client.",
        ),
        myth="A timeout isn't a refusal. The call may have worked.",
        response="A 504, or no response.",
        example=error_response("504 Gateway Timeout", "request.timeout", "The request timed out."),
    ),
    Cause(
        code="env.tls",
        title="TLS connection failed",
        node="host",
        meaning="The connection couldn't be encrypted: the certificate isn't trusted, has expired, or is for another host. "
        "Usually a proxy that inspects traffic presents its own certificate.",
        evidence="We open a TLS connection to the same host and read the certificate and its issuer.",
        fix=(
            "If a proxy inspects traffic, add its root certificate to the trusted certificates of the calling system.",
            "Check the clock of that system.",
        ),
        myth="Switching off certificate checks hides the problem and exposes the token.",
        response="No response: the client reports a certificate or handshake error.",
        example="curl: (60) SSL certificate problem: self-signed certificate in certificate chain",
    ),
    Cause(
        code="env.dns",
        title="Host name doesn't resolve",
        node="host",
        meaning="The name server of the calling system doesn't know the API host.",
        evidence="We look up the same name. The error message of the client shows whether it failed there.",
        fix=(
            "Check the spelling of the host.",
            "If it's right, check the name servers of the calling system, and whether it needs a proxy.",
        ),
        myth="The call never left the system, so tokens, permissions and IDs can't be the reason.",
        response="No response: the client reports that the host isn't known.",
        example="getaddrinfo ENOTFOUND api.mypurecloud.com",
    ),
    Cause(
        code="env.proxy",
        title="Blocked by a proxy",
        node="host",
        meaning="A proxy between the caller and Genesys Cloud asks for a sign-in, refuses the connection, or isn't reachable.",
        evidence="The response is a 407 or the page of a proxy, or our own connection fails at the proxy.",
        fix=(
            "Set the proxy and its credentials on the calling system (HTTPS_PROXY), or list the host in NO_PROXY.",
            "Ask the people who run the proxy to allow the API host and the login host.",
        ),
        myth="The 407 isn't from Genesys Cloud. The API never asks for a proxy sign-in.",
        response="A 407, or the proxy's own page.",
        example='HTTP/1.1 407 Proxy Authentication Required\nProxy-Authenticate: Basic realm="corporate"',
    ),
    Cause(
        code="env.redirect_or_html",
        title="Web page or redirect instead of the API",
        node="host",
        meaning="Something between the caller and the API answered with a web page or a redirect. The API does neither.",
        evidence="The response is HTML or a redirect, without a correlation ID.",
        fix=(
            "Look for a proxy, a firewall, a captive portal or a wrong host.",
            "Read the Server and Via headers: they often name it.",
        ),
        myth="The status on such a page says nothing about permissions: the API never saw the call.",
        response="A page with any status, or a redirect.",
        example=HTML_PAGE,
    ),
    Cause(
        code="response.not_genesys",
        title="Response isn't from Genesys Cloud",
        node="host",
        meaning="The response has neither the API's error body nor its correlation ID, so another server gave it: a company "
        "gateway, a load balancer, or an application of your own.",
        evidence="The API's errors have message, code, status and contextId, and a header ININ-Correlation-Id. This one doesn't.",
        fix=(
            "Find out which server answered, and read its log.",
            "If your company has its own gateway in front of the API, check its route and path prefix.",
        ),
        myth="A 404 of your own gateway isn't a 404 of Genesys Cloud. Only the latter is about the conversation.",
        response="Any status, in another format.",
        example='HTTP/1.1 404 Not Found\nContent-Type: application/json\n\n{"timestamp": "…", "error": "Not Found", "path": "/…"}',
        operations=(READ_TOKEN,),
    ),
)
