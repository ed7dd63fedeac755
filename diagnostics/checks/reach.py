"""Checks whether this server can reach the org: DNS, TLS, proxies, and its clock."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from diagnostics.checks.base import CheckContext, Evidence, Result, check, failed, passed, skipped, unclear, warned
from diagnostics.checks.net import DEFAULT_PORTS, Certificate, Handshake, ProxyRoute, Resolution, days_left
from diagnostics.genesys.regions import Region
from diagnostics.genesys.response import OrgResponse

SOON_DAYS = 14
SKEW = timedelta(minutes=5)
OPERATOR_HINT = "This concerns the server that runs Cobrowse Doctor. Ask its administrator."


@dataclass(frozen=True)
class RegionHost:
    """One of the region's hosts that we connect to. The API and the login can share one."""

    role: str
    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        return self.host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def hosts_of(region: Region) -> tuple[RegionHost, ...]:
    """The API host and the login host."""
    api, login = _host_at("API", region.api), _host_at("login", region.login)
    if api.url == login.url:
        return (RegionHost("API and login", api.scheme, api.host, api.port),)
    return api, login


def _host_at(role: str, url: str) -> RegionHost:
    parts = urlsplit(url)
    return RegionHost(role, parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 443))


def _for_hosts(ctx: CheckContext, judge: Callable[[RegionHost], Result]) -> Iterator[Result]:
    """In parallel, so that a host that doesn't respond doesn't delay the other."""
    hosts = hosts_of(ctx.target.region)
    with ThreadPoolExecutor(len(hosts), thread_name_prefix="reach") as pool:
        yield from pool.map(judge, hosts)


@check("reach.dns", title="DNS lookup", node="host", affected_by=("region",), reads=("DNS",))
def reach_dns(ctx: CheckContext) -> Iterator[Result]:
    def judge(region_host: RegionHost) -> Result:
        proxy_route = ctx.net.route(region_host.url)
        return judge_names(
            region_host, ctx.net.resolve(proxy_route.proxy_host if proxy_route.proxy else region_host.host), proxy_route
        )

    yield from _for_hosts(ctx, judge)


def judge_names(region_host: RegionHost, resolution: Resolution, proxy_route: ProxyRoute) -> Result:
    """A proxy resolves the host, so then only the proxy's name has to resolve here."""
    proof: Evidence = {"host": resolution.host, "addresses": list(resolution.addresses)[:10], "error": resolution.error}
    if not resolution.error and proxy_route.proxy:
        sentence = f"The proxy {proxy_route.proxy} resolves. It looks up {region_host.host} itself."
        return passed("proxy_resolves", sentence, subject=region_host.name, evidence=proof)
    if not resolution.error and _is_address(region_host.host):
        return passed("address", f"{region_host.host} is an IP address.", subject=region_host.name, evidence=proof)
    if not resolution.error:
        return passed("resolves", f"{region_host.host} resolves.", subject=region_host.name, evidence=proof)
    if proxy_route.proxy:
        return failed(
            "proxy_no_address",
            f"The proxy {proxy_route.proxy} for {region_host.host} doesn't resolve.",
            hint=f"Correct the proxy setting (HTTPS_PROXY) of this server. {OPERATOR_HINT}",
            subject=region_host.name,
            evidence=proof,
        )
    if resolution.error == "no_name_service":
        return failed(
            "no_name_service",
            f"The name servers of this server didn't answer for {region_host.host}.",
            hint=f"Check the name servers of this server, and whether it needs a proxy. {OPERATOR_HINT}",
            subject=region_host.name,
            evidence=proof,
        )
    return failed(
        "no_address",
        f"{region_host.host} doesn't resolve: the name servers of this server don't know it.",
        hint="Check the client's region, and GENESYS_ENDPOINTS if your administrator set it. " + OPERATOR_HINT,
        subject=region_host.name,
        evidence=proof,
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@check(
    "reach.tls",
    title="TLS certificate",
    node="host",
    affected_by=("region",),
    reads=("a TLS handshake with each host",),
)
def reach_tls(ctx: CheckContext) -> Iterator[Result]:
    def judge(region_host: RegionHost) -> Result:
        if region_host.scheme != "https":
            return skipped(
                "plain_http",
                f"{region_host.name} is a custom address without TLS, so there is no certificate to check.",
                subject=region_host.name,
            )
        return judge_tls(region_host, ctx.net.handshake(region_host.host, region_host.port), ctx.now())

    yield from _for_hosts(ctx, judge)


# Error of the handshake -> code, what the host did (after its name), and what to do.
BROKEN: dict[str, tuple[str, str, str]] = {
    "expired": ("expired", "has an expired certificate", "The owner of that host must renew it."),
    "not_yet_valid": (
        "not_yet_valid",
        "has a certificate that isn't valid yet",
        "Check the clock of this server first.",
    ),
    "wrong_host": (
        "wrong_host",
        "has a certificate for another host",
        "Check the address, and whether a proxy answers instead of the host.",
    ),
    "self_signed": (
        "self_signed",
        "has a self-signed certificate",
        "If a proxy inspects traffic, add its root certificate to this server (REQUESTS_CA_BUNDLE).",
    ),
    "untrusted": (
        "untrusted",
        "has a certificate from an issuer that this server doesn't trust",
        "If a proxy inspects traffic, add its root certificate to this server (REQUESTS_CA_BUNDLE).",
    ),
    "protocol": (
        "protocol",
        "doesn't support a TLS version that this server accepts",
        "Check that the port supports TLS 1.2 or later.",
    ),
    "reset": ("cut", "closed the connection during the TLS handshake", "Usually a firewall blocks TLS."),
    "refused": ("refused", "refused the connection", "Check the address and the firewall."),
    "timeout": ("timeout", "didn't answer in time", "Usually a firewall drops packets."),
    "no_trust_store": (
        "no_trust_store",
        "can't be checked: this server's trusted certificates can't be read",
        "Correct REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) of this server.",
    ),
    "proxy_unsupported": (
        "proxy_unsupported",
        "wasn't reached: this kind of proxy isn't supported",
        "Set an HTTP proxy in this server's HTTPS_PROXY, or list the host in NO_PROXY.",
    ),
    "proxy_login": (
        "proxy_login",
        "wasn't reached: the proxy requires a sign-in (407)",
        "Add the proxy's user and password to this server's HTTPS_PROXY, or list the host in NO_PROXY.",
    ),
    "proxy_refused": (
        "proxy_refused",
        "wasn't reached: the proxy refused to connect to it",
        "Allow the host on the proxy, or list it in NO_PROXY.",
    ),
    "proxy_unreachable": (
        "proxy_unreachable",
        "wasn't reached: the proxy doesn't answer",
        "Check this server's HTTPS_PROXY and the proxy itself.",
    ),
}


def judge_tls(region_host: RegionHost, handshake: Handshake, now: datetime) -> Result:
    proof: Evidence = {"protocol": handshake.protocol, "error": handshake.error, "detail": handshake.detail}
    if handshake.certificate is not None:
        proof |= _as_evidence(handshake.certificate, now)
    if handshake.error in BROKEN:
        code, problem, fix = BROKEN[handshake.error]
        sentence = f"{region_host.name} {problem}{_details(handshake, now)}."
        return failed(code, sentence, hint=f"{fix} {OPERATOR_HINT}", subject=region_host.name, evidence=proof)
    if handshake.error == "dns":
        return skipped("no_address", f"{region_host.host} doesn't resolve.", subject=region_host.name)
    if handshake.error or handshake.certificate is None:
        sentence = f"The certificate of {region_host.name} couldn't be checked: {handshake.detail or 'there is none'}."
        return unclear("not_seen", sentence, subject=region_host.name, evidence=proof)
    left = days_left(handshake.certificate, now)
    if left < SOON_DAYS:
        return warned(
            "expires_soon",
            f"The certificate of {region_host.name} expires in {left} days.",
            hint="The owner of that host must renew it. Until then, every call works.",
            subject=region_host.name,
            evidence=proof,
        )
    sentence = f"{region_host.name} has a trusted certificate of {handshake.certificate.issuer}, valid for {left} days."
    return passed("trusted", sentence, subject=region_host.name, evidence=proof)


def _details(handshake: Handshake, now: datetime) -> str:
    certificate = handshake.certificate
    if certificate is None:
        return ""
    if handshake.error == "expired":
        return f" ({-days_left(certificate, now)} days ago, on {certificate.not_after:%Y-%m-%d})"
    if handshake.error == "not_yet_valid":
        return f" (only from {certificate.not_before:%Y-%m-%d})"
    if handshake.error == "wrong_host":
        return f" ({', '.join(certificate.names[:3]) or certificate.subject})"
    return f" ({certificate.issuer or 'an unknown issuer'})"


def _as_evidence(certificate: Certificate, now: datetime) -> Evidence:
    return {
        "issuer": certificate.issuer,
        "names": list(certificate.names)[:20],
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "days_left": days_left(certificate, now),
    }


@check(
    "reach.route",
    title="Network route",
    node="host",
    affected_by=("region",),
    reads=("the proxy settings of this server",),
)
def reach_route(ctx: CheckContext) -> Iterator[Result]:
    for region_host in hosts_of(ctx.target.region):
        yield judge_route(region_host, ctx.net.route(region_host.url))


def judge_route(region_host: RegionHost, proxy_route: ProxyRoute) -> Result:
    proof: Evidence = {"role": region_host.role, "proxy": proxy_route.proxy, "login_given": proxy_route.has_login}
    if not proxy_route.proxy:
        return passed(
            "direct",
            f"{region_host.name} ({region_host.role}) is reached directly.",
            subject=region_host.name,
            evidence=proof,
        )
    if not proxy_route.proxy_host:
        return failed(
            "proxy_unreadable",
            f"The proxy setting for {region_host.name} ({region_host.role}) has no host.",
            hint=f"Correct HTTPS_PROXY of this server. {OPERATOR_HINT}",
            subject=region_host.name,
            evidence=proof,
        )
    login = "with a login" if proxy_route.has_login else "without a login"
    sentence = f"{region_host.name} ({region_host.role}) is reached through the proxy {proxy_route.proxy}, {login}."
    return passed("through_proxy", sentence, subject=region_host.name, evidence=proof)


@check(
    "reach.clock",
    title="Clock difference",
    node="host",
    affected_by=("region",),
    after=("oauth.identity",),
    reads=("GET /api/v2/tokens/me",),
)
def reach_clock(ctx: CheckContext) -> Iterator[Result]:
    yield judge_clock(ctx.genesys.get("/api/v2/tokens/me"))


def judge_clock(response: OrgResponse) -> Result:
    """Compare the Date header of a response with the middle of its exchange."""
    api_time = _date_of(response.header("Date"))
    if api_time is None or response.exchange is None:
        return skipped("no_date", "The API's response has no date to compare this server's clock with.")
    server_time = response.exchange.started_at + timedelta(milliseconds=response.exchange.ms / 2)
    skew = server_time - api_time
    proof: Evidence = {
        "skew_s": round(skew.total_seconds()),
        "theirs": api_time.isoformat(),
        "ours": server_time.isoformat(),
    }
    if abs(skew) <= SKEW:
        return passed("agrees", "The clock of this server agrees with the API's.", evidence=proof)
    direction = "ahead of" if skew > timedelta(0) else "behind"
    return warned(
        "skewed",
        f"The clock of this server is {abs(skew).total_seconds() / 60:.0f} minutes {direction} the API's.",
        hint="Set the clock (NTP). Certificates and token lifetimes depend on it.",
        evidence=proof,
    )


def _date_of(text: str) -> datetime | None:
    """An HTTP date, which is in UTC if it has no time zone."""
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
