"""Can this server reach the org: names, TLS, the way there, and does its clock agree?"""

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
OPERATOR_HINT = "This is a matter of the server that Cobrowse Doctor runs on; ask whoever runs its network."


@dataclass(frozen=True)
class RegionHost:
    """One of the region's hosts as it is connected to; both halves at one address are one place."""

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
    """The API's host and the login host."""
    api, login = _host_at("API", region.api), _host_at("login", region.login)
    if api.url == login.url:
        return (RegionHost("API and login", api.scheme, api.host, api.port),)
    return api, login


def _host_at(role: str, url: str) -> RegionHost:
    parts = urlsplit(url)
    return RegionHost(role, parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 443))


def _of_each(ctx: CheckContext, ask: Callable[[RegionHost], Result]) -> Iterator[Result]:
    """All places at the same time: one that does not answer must not hold up the other."""
    places = hosts_of(ctx.target.region)
    with ThreadPoolExecutor(len(places), thread_name_prefix="reach") as pool:
        yield from pool.map(ask, places)


@check("reach.dns", title="The hosts resolve", reads=("the name service",))
def reach_dns(ctx: CheckContext) -> Iterator[Result]:
    def ask(place: RegionHost) -> Result:
        way = ctx.net.route(place.url)
        return judge_names(place, ctx.net.resolve(way.proxy_host if way.proxy else place.host), way)

    yield from _of_each(ctx, ask)


def judge_names(place: RegionHost, said: Resolution, way: ProxyRoute) -> Result:
    """Behind a proxy it is the proxy that resolves the host, so only the proxy's own name is ours to find."""
    proof: Evidence = {"host": said.host, "addresses": list(said.addresses)[:10], "error": said.error}
    if not said.error and way.proxy:
        sentence = f"The proxy {way.proxy} resolves; it looks up {place.host} itself."
        return passed("proxy_resolves", sentence, subject=place.name, evidence=proof)
    if not said.error and _is_address(place.host):
        return passed("address", f"{place.host} is an address already.", subject=place.name, evidence=proof)
    if not said.error:
        return passed("resolves", f"{place.host} resolves.", subject=place.name, evidence=proof)
    if way.proxy:
        return failed(
            "proxy_no_address",
            f"The proxy {way.proxy}, which leads to {place.host}, has no address that this server can find.",
            hint=f"Correct the proxy setting (HTTPS_PROXY) of this server. {OPERATOR_HINT}",
            subject=place.name,
            evidence=proof,
        )
    if said.error == "no_name_service":
        return failed(
            "no_name_service",
            f"The name service of this server did not say where {place.host} is.",
            hint=f"Check the name servers of this server, and whether it needs a proxy. {OPERATOR_HINT}",
            subject=place.name,
            evidence=proof,
        )
    return failed(
        "no_address",
        f"{place.host} has no address: the name service of this server does not know the name.",
        hint="Check the client's region; a host that the operator set stands in GENESYS_ENDPOINTS. " + OPERATOR_HINT,
        subject=place.name,
        evidence=proof,
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@check("reach.tls", title="The hosts show a trusted certificate", reads=("a TLS handshake with each host",))
def reach_tls(ctx: CheckContext) -> Iterator[Result]:
    def ask(place: RegionHost) -> Result:
        if place.scheme != "https":
            return skipped(
                "plain_http",
                f"{place.name} is an operator's own address without TLS, so there is no certificate to look at.",
                subject=place.name,
            )
        return judge_tls(place, ctx.net.handshake(place.host, place.port), ctx.now())

    yield from _of_each(ctx, ask)


# Error of the handshake -> code, what went wrong after "<host> ", and what to do.
BROKEN: dict[str, tuple[str, str, str]] = {
    "expired": ("expired", "shows a certificate that has expired", "Whoever runs that host must renew it."),
    "not_yet_valid": (
        "not_yet_valid",
        "shows a certificate that is not valid yet",
        "Check the clock of this server first.",
    ),
    "wrong_host": (
        "wrong_host",
        "shows a certificate made out to another host",
        "Check the address, and whether something between answers in the host's place.",
    ),
    "self_signed": (
        "self_signed",
        "shows a certificate that it signed itself, which nobody trusted vouches for",
        "If an inspecting proxy stands between, give this server its root certificate (REQUESTS_CA_BUNDLE).",
    ),
    "untrusted": (
        "untrusted",
        "shows a certificate whose issuer this server does not trust",
        "If an inspecting proxy stands between, give this server its root certificate (REQUESTS_CA_BUNDLE).",
    ),
    "protocol": ("protocol", "does not speak a TLS that this server accepts", "Check that the port speaks TLS 1.2+."),
    "reset": ("cut", "closed the connection during the TLS handshake", "A firewall that cuts TLS is the usual reason."),
    "refused": ("refused", "refuses connections", "Check the address and the firewall."),
    "timeout": ("timeout", "did not answer in time", "A firewall that drops packets is the usual reason."),
    "no_trust_store": (
        "no_trust_store",
        "cannot be judged: this server's list of trusted certificates cannot be read",
        "Correct REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) of this server.",
    ),
    "proxy_unsupported": (
        "proxy_unsupported",
        "was not reached: the proxy is none that can be used",
        "Name an HTTP proxy in this server's HTTPS_PROXY, or list the host in NO_PROXY.",
    ),
    "proxy_login": (
        "proxy_login",
        "was not reached: the proxy wants a sign-in (407)",
        "Put the proxy's user and password into this server's HTTPS_PROXY, or list the host in NO_PROXY.",
    ),
    "proxy_refused": (
        "proxy_refused",
        "was not reached: the proxy opens no tunnel to it",
        "Allow the host on the proxy, or list it in NO_PROXY.",
    ),
    "proxy_unreachable": (
        "proxy_unreachable",
        "was not reached: the proxy does not answer",
        "Check this server's HTTPS_PROXY and the proxy itself.",
    ),
}


def judge_tls(place: RegionHost, said: Handshake, now: datetime) -> Result:
    proof: Evidence = {"protocol": said.protocol, "error": said.error, "detail": said.detail}
    if said.certificate is not None:
        proof |= _as_evidence(said.certificate, now)
    if said.error in BROKEN:
        code, what, todo = BROKEN[said.error]
        sentence = f"{place.name} {what}{_more(said, now)}."
        return failed(code, sentence, hint=f"{todo} {OPERATOR_HINT}", subject=place.name, evidence=proof)
    if said.error == "dns":
        return skipped("no_address", f"{place.host} has no address to connect to.", subject=place.name)
    if said.error or said.certificate is None:
        sentence = f"The certificate of {place.name} could not be looked at: {said.detail or 'none was shown'}."
        return unclear("not_seen", sentence, subject=place.name, evidence=proof)
    left = days_left(said.certificate, now)
    if left < SOON_DAYS:
        return warned(
            "expires_soon",
            f"The certificate of {place.name} expires in {left} days.",
            hint="Whoever runs that host must renew it; until then every call works.",
            subject=place.name,
            evidence=proof,
        )
    sentence = f"{place.name} shows a trusted certificate by {said.certificate.issuer}, good for {left} days."
    return passed("trusted", sentence, subject=place.name, evidence=proof)


def _more(said: Handshake, now: datetime) -> str:
    shown = said.certificate
    if shown is None:
        return ""
    if said.error == "expired":
        return f" ({-days_left(shown, now)} days ago, on {shown.not_after:%Y-%m-%d})"
    if said.error == "not_yet_valid":
        return f" (only from {shown.not_before:%Y-%m-%d})"
    if said.error == "wrong_host":
        return f" ({', '.join(shown.names[:3]) or shown.subject})"
    return f" ({shown.issuer or 'an unnamed issuer'})"


def _as_evidence(shown: Certificate, now: datetime) -> Evidence:
    return {
        "issuer": shown.issuer,
        "names": list(shown.names)[:20],
        "not_before": shown.not_before.isoformat(),
        "not_after": shown.not_after.isoformat(),
        "days_left": days_left(shown, now),
    }


@check("reach.route", title="The way to the hosts", reads=("the proxy settings of this server",))
def reach_route(ctx: CheckContext) -> Iterator[Result]:
    for place in hosts_of(ctx.target.region):
        yield judge_route(place, ctx.net.route(place.url))


def judge_route(place: RegionHost, way: ProxyRoute) -> Result:
    proof: Evidence = {"role": place.role, "proxy": way.proxy, "login_given": way.has_login}
    if not way.proxy:
        return passed("direct", f"{place.name} ({place.role}) is reached directly.", subject=place.name, evidence=proof)
    if not way.proxy_host:
        return failed(
            "proxy_unreadable",
            f"The proxy setting that leads to {place.name} ({place.role}) names no host.",
            hint=f"Correct HTTPS_PROXY of this server. {OPERATOR_HINT}",
            subject=place.name,
            evidence=proof,
        )
    login = "with a login" if way.has_login else "without a login"
    sentence = f"{place.name} ({place.role}) is reached through the proxy {way.proxy}, {login}."
    return passed("through_proxy", sentence, subject=place.name, evidence=proof)


@check("reach.clock", title="The clocks agree", after=("oauth.identity",), reads=("GET /api/v2/tokens/me",))
def reach_clock(ctx: CheckContext) -> Iterator[Result]:
    yield judge_clock(ctx.genesys.get("/api/v2/tokens/me"))


def judge_clock(answer: OrgResponse) -> Result:
    """By the Date header of an answer that was read anyway, against the middle of the exchange."""
    theirs = _date_of(answer.header("Date"))
    if theirs is None or answer.exchange is None:
        return skipped("no_date", "The API's answer carries no date to compare this server's clock with.")
    ours = answer.exchange.started_at + timedelta(milliseconds=answer.exchange.ms / 2)
    skew = ours - theirs
    proof: Evidence = {"skew_s": round(skew.total_seconds()), "theirs": theirs.isoformat(), "ours": ours.isoformat()}
    if abs(skew) <= SKEW:
        return passed("agrees", "The clock of this server agrees with the API's.", evidence=proof)
    direction = "ahead of" if skew > timedelta(0) else "behind"
    return warned(
        "skewed",
        f"The clock of this server is {abs(skew).total_seconds() / 60:.0f} minutes {direction} the API's.",
        hint="Set the clock (NTP). Certificates and the lifetimes of tokens are judged by it.",
        evidence=proof,
    )


def _date_of(text: str) -> datetime | None:
    """An HTTP date; one without a zone is in UTC, as the protocol has it."""
    try:
        read = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
