"""Finds the values that a text gives to variables of a shell, a program or an environment, and the region it sets."""

import re
from functools import cached_property
from itertools import chain, islice

from diagnostics.genesys.paths import is_placeholder
from diagnostics.genesys.regions import Region, find_region, region_of_host
from diagnostics.parsing.call import Note
from diagnostics.parsing.draft import Draft
from diagnostics.text import time_budget

MAX_NAMES = 500
PROGRAMS = frozenset(
    {"code", "powershell", "sdk", "postman", "log", "short", "json"}
)  # forms in which {name} is a variable
ASSIGNED = re.compile(
    r"(?:^|[;&|{(\n]|&&|\bENV |\bARG )[ \t]*(?:[$#%>] )?(?:(?:export|set|SET|setx|const|let|var|val|"
    r"final|static|string|String|private|public|readonly|declare -x|env)[ \t]+){0,4}"
    r"[\"']?(?:\$env:|\$|@|my \$)?(?P<name>[A-Za-z_][\w.-]{0,80})[\"']?[ \t]*(?::?=|:)(?!=)[ \t]*(?:new \w{1,40}\()?"
    r"(?:[frub@$]{0,2}\"(?P<double>[^\"\n]{1,4000})\"|[frub]?'(?P<single>[^'\n]{1,4000})'|"
    r"`(?P<tick>[^`\n]{1,4000})`|(?P<bare>[^\s\"'`;,&|(){}\[\]]{1,4000})(?=[ \t]*(?:$|[;\n,&])))",
    re.MULTILINE,
)
PAIR = re.compile(
    r"\"(?:key|"
    r"name)\"\s{0,9}:\s{0,9}\"(?P<name>[\w .-]{1,80})\"\s{0,9},\s{0,9}\"value\"\s{0,9}:\s{0,9}\"(?P<value>[^\"\n]{1,4000})\""
)
# An environment in YAML, and the fields of an object in JSON.
YAML_PAIR = re.compile(
    r"^[ \t]*-[ \t]+(?:name|key):[ \t]*[\"']?(?P<name>[\w.-]{1,80})[\"']?[ \t]*\n[ \t]*value:[ \t]*[\"']?"
    r"(?P<value>[^\s\"'#]{1,4000})",
    re.MULTILINE,
)
YAML_LIST = re.compile(r"^[ \t]*-[ \t]+[\"']?(?P<name>[A-Za-z_]\w{0,80})=(?P<value>[^\s\"']{1,4000})", re.MULTILINE)
FIELD = re.compile(r"[{,]\s{0,80}\"(?P<name>[A-Za-z_][\w.-]{0,80})\"\s{0,9}:\s{0,9}\"(?P<value>[^\"\\\s]{1,4000})\"")
# `echo $NAME` in a shell, with the value in the next line.
# An assignment in a comment, which counts only if there is no other.
COMMENTED = re.compile(
    r"(?://|#|--|/\*)[ \t]{0,4}(?P<name>[A-Za-z_]\w{1,60})[ \t]{0,3}[=:][ \t]{1,3}[\"']?(?P<value>(?=[^\s\"',;]{0,100}\d)[^\s\"',;]{8,400})"
)
ECHOED = re.compile(
    r"^[ \t]*(?:[$#%>] )?(?:echo[ \t]+|Write-(?:Host|Output)[ \t]+)?\"?\$\{?(?P<name>[A-Za-z_]\w{0,80})\}?\"?[ \t]*\n"
    r"(?P<value>[^\s\"'`$]{1,4000})[ \t]*$",
    re.MULTILINE,
)
# An option such as docker's -e NAME=value, and a further assignment in a line: api = "...", id = "...".
OPTION = re.compile(
    r"(?<!\S)(?:-e|--env|--build-arg|--set|--env-var)[ =][\"']?(?P<name>[A-Za-z_]\w{0,80})=(?:\"(?P<double>[^\"\n]{1,4000})\"|"
    r"'(?P<single>[^'\n]{1,4000})'|(?P<bare>[^\s\"'`;,&|(){}\[\]]{1,4000}))"
)
LISTED = re.compile(
    r",[ \t]{1,4}(?P<name>[A-Za-z_]\w{0,80})[ \t]{0,3}=[ \t]{0,3}(?:\"(?P<double>[^\"\n]{1,4000})\"|'(?P<single>[^'\n]{1,4000})')"
)
# A parameter of the path that a client fills in: RestSharp, Unirest, JAX-RS, REST Assured.
PATH_PARAMETER = re.compile(
    r"\.(?:AddUrlSegment|routeParam|resolveTemplate|pathParam|AddRouteParameter)\(\s{0,20}\"(?P<name>[A-Za-z_]\w{0,80})\"\s{0,9},\s{0,20}"
    r"\"(?P<value>[^\"\n]{1,400})\""
)
PATTERNS = (ASSIGNED, PAIR, YAML_PAIR, YAML_LIST, FIELD, ECHOED, OPTION, LISTED, PATH_PARAMETER, COMMENTED)
ACTION_INPUT = re.compile(
    r"\$!?\{(?:input|esc|successTemplateUtils)\.[\w.()$!{}-]{1,120}\}|\$esc\.\w{1,30}\([^()]{1,80}\)"
)
URL_TEMPLATE = re.compile(
    r"\brequest[ _-]?url[ _-]?template[\"'`*]{0,3}\s{0,4}[:=]\s{0,4}[\"'`]?(?:https?://[\w.-]{4,100})?$", re.IGNORECASE
)
DOCUMENTED_PARAMETER = re.compile(r"\{[A-Za-z]\w{1,60}\}")
# The route of a server or of a mock in code, and a variable of a shell, a template or a configuration. Without a response
# they don't show what was sent.
ROUTE = re.compile(
    r"(?:\b(?:app|router|server|fastify|blueprint|bp|api|routes?|cy)\.(?:get|post|put|patch|delete|all|use|route|intercept)|"
    r"@(?:\w{1,20}\.)?(?:(?:Get|Post|Put|Patch|Delete|Request)(?:Mapping)?|GET|POST|PUT|PATCH|DELETE|Path|route)|"
    r"\b(?:HandleFunc|MapPost|MapGet|add_route|re_path|path))\(\s{0,4}(?:[\"'][A-Z]{3,7}[\"'],\s{0,3})?[rbf]?[\"'`]$"
)
CONFIGURED = re.compile(r"\$\{?[A-Za-z_][\w.]{0,60}\}?")
QUOTED_FROM = re.compile(
    r"\b(?:docs?|documentation|swagger|api reference|api explorer|developer cent(?:er|re)|doku\w{0,10}|documentación|documentação|"
    r"documentazione)\b[^.\n]{0,80}$",
    re.IGNORECASE,
)
EXPRESSION = re.compile(r"[A-Za-z_$][\w$]{0,80}(?:\.[\w$]{1,80}){1,5}")
VARIABLE = re.compile(
    r"\$\{\{\s{0,3}(?P<action>[\w. -]{1,80}?)\s{0,3}\}\}|"
    r"\{\{\s{0,3}(?P<double>[\w. -]{1,80}?)\s{0,3}\}\}|\$\{(?:env:|"
    r"process\.env\.)?(?P<shell>[\w.-]{1,80}?)(?::?-(?P<default>[^{}]{0,200})|:?[?+][^{}]{0,80})?\}"
    r"|\$(?:env:)?(?P<dollar>[A-Za-z_]\w{0,80})|\$\((?P<kubernetes>[A-Za-z_]\w{0,80})\)|%(?P<percent>[A-Za-z_]\w{0,80})%|"
    r"!(?P<delayed>[A-Za-z_]\w{0,80})!|\{(?P<single>[A-Za-z_][\w.]{0,80})\}|"
    r"<(?P<angle>[A-Za-z_][\w -]{0,60})>"
)
IN_TEMPLATE = re.compile(
    r"\$\{[\w.]{1,80}\}|\{\{[\w. -]{1,80}\}\}|\$\([\w]{1,80}\)|(?<=/)(?P<braces>\{\w{1,80}\})(?=/)"
)
CONVERSATION = re.compile(
    r"(?:\b(?:conv\w{0,20}|gespr\w{0,20}|unterhaltung|interaktion|interac\w{1,4}|interaç\w{1,4}|разговор\w{0,2}|бесед\w{0,2}|"
    r"会話\w{0,4}|会话\w{0,4})|대화|المحادثة)[\"'`*]{0,3}[ _-]{0,2}(?:id|uuid|guid|"
    r"ID)?[\"'`*]{0,3}\s{0,3}(?:[:=：#]|is|was|war|est|es|era|ist|=>|"
    r"\()?\s{0,3}[\"'`*<(\[]{0,4}(?P<id>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})",
    re.IGNORECASE,
)
REGION_NAME = (
    r"(?:us|ca|mx|sa|eu|eusc_de|eusc-de|me|ap|af)[_-](?:gov[_-])?(?:north|south|east|west|"
    r"central)(?:east|west)?[_-]?\d"
)
HOST = (
    r"(?:api\.|login\.|apps\.)?(?:[a-z0-9]{2,8}\.(?:us-gov-|eusc-)?pure\.cloud|mypurecloud\.(?:com\.au|com|ie|de|jp))"
)
REGION_SET = (
    re.compile(rf"\bRegionHosts?(?:\.|::|\[['\"])\s?(?P<region>{REGION_NAME})", re.IGNORECASE),
    re.compile(
        rf"(?:setEnvironment|set_environment|setBasePath|SetBasePath|withBasePath|setHost|"
        rf"set_host)\s?\(\s?[\"'`]?(?P<region>(?:https?://)?{HOST}|{REGION_NAME})", re.IGNORECASE),
    re.compile(
        rf"(?:\b(?:api_?)?host|base_?path|base_?url|base_?uri|environment|region|aws_region|"
        rf"GENESYS(?:_?CLOUD)?_(?:REGION|HOST|ENVIRONMENT|API_URL|BASE_URL)|PURECLOUD_\w{{1,30}}|api_?url|"
        rf"domain|env)[\"']?[ \t]{{0,40}}(?::?=|:|=>|,)\s{{0,4}}[\"'`]?(?P<region>(?:https?://)?{HOST}|"
        rf"{REGION_NAME})", re.IGNORECASE),
    re.compile(rf"\bPureCloudRegionHosts[^\n]{{0,20}}?(?P<region>{REGION_NAME})", re.IGNORECASE),
    re.compile(
        rf"(?:region|Region|región|região|Regi[oó]n|リージョン|区域|"
        rf"регион)\s{{0,2}}[:=：(]?\s{{0,2}}[\"'`]?(?P<region>{REGION_NAME})", re.IGNORECASE),
)  # fmt: skip
PROFILE_USED = re.compile(r"(?<!\S)(?:-p|--profile)[ =][\"']?(?P<name>[\w.-]{1,60})")
PROFILE = re.compile(r"^\[(?P<name>[\w .-]{1,60})\][ \t]*\n(?:(?![\[$#>]).*\n){1,20}", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*(?://|#(?!#)|--)[ \t][^\n]*", re.MULTILINE)
ANY_HOST = re.compile(rf"(?<![\w.-]){HOST}(?![\w-])", re.IGNORECASE)


API_HOST = re.compile(rf"(?<![\w.-])(?=api\.){HOST}(?![\w-]|\.\w|/\w)", re.IGNORECASE)
LOGIN_HOST = re.compile(rf"(?<![\w.-])(?=login\.){HOST}(?![\w-]|\.\w)", re.IGNORECASE)
# A program that signs in with an SDK, in the environment that it sets before.
SIGNS_IN = re.compile(
    r"loginClientCredentialsGrant|authorizeClientCredentials|get_client_credentials_token|AuthorizeClientC"
)
ENVIRONMENT = REGION_SET[1]
# A base URL that ends before the path of a call.
BASE = re.compile(
    rf"(?P<base>https?://(?=api\.){HOST}(?:/api(?:/v2)?)?/?)(?=[\s\"'`,;)>\]]|\.\s|$)(?!\s?[?])", re.IGNORECASE
)
# The host and the path in an error of Python's urllib3.
POOL = re.compile(
    r"HTTPSConnectionPool\(host='(?P<host>[\w.-]{1,200})', port=443\)[^\n]{0,80}? url: (?P<path>/\S{1,2000})"
)
BARE_PATH = re.compile(r"/?(?:api/|v2/)|/(?:conversations|cobrowse|webdeployments|webmessaging|users|oauth)/")
# Clients that append a path to their base URL, even if it starts with a slash.
APPENDS = re.compile(
    r"\bhttpx\.(?:Async)?Client\(|\bbase_url\s{0,3}=|\bbaseURL\b|\bconcat\w{0,10}|\bappend\w{0,4}\b|\bput together\b|"
    r"\bzusammengesetzt\b|\bangeh[aä]ngt\b|\bhintereinander\b",
    re.IGNORECASE,
)
SETTING = re.compile(
    r"(?:^|[.?!;]|\n|[=:'\"`(#/–—]|->|\b(?:host|base|url|server|domain|region|is|on|at|to|against|auf|gegen|sur))[ \t>*-]{0,4}$",
    re.IGNORECASE,
)
EXAMPLE = re.compile(r"\b(?:docs?|documentation|examples?|samples?|forum|e\.g)\b", re.IGNORECASE)
UNKNOWN_VALUE = re.compile(r"The value of .* is not in the text", re.DOTALL)


class Definitions:
    """The variables that a text defines, found on first use."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._values: dict[str, str] | None = None

    @property
    def values(self) -> dict[str, str]:
        if self._values is None:
            self._values = {}
            for pattern in PATTERNS:
                for found in time_budget.checked(pattern.finditer(self.text)):
                    value = next((group for group in found.groups()[1:] if group), "").strip()
                    if value and len(self._values) < MAX_NAMES and not _is_expression(found):
                        self._values.setdefault(_key(found["name"]), value)
        return self._values

    def fill(self, draft: Draft) -> None:
        """Replaces the variables of the call that the text defines, and notes which."""
        filled: dict[str, None] = {}
        if not any(
            VARIABLE.search(part) for part in (draft.url, draft.body or "", *(value for _, value in draft.headers))
        ):
            return
        in_code = draft.form in PROGRAMS
        draft.url = self._filled(draft.url, filled, in_code, literals=draft.literals)
        draft.headers = [(name, self._filled(value, filled, in_code)) for name, value in draft.headers]
        draft.body = None if draft.body is None else self._filled(draft.body, filled, in_code)
        if filled:
            draft.variables = tuple(variable for variable in draft.variables if variable in draft.url)
            if not draft.variables:
                draft.notes = [note for note in draft.notes if not UNKNOWN_VALUE.match(note.what)]
            draft.note("guessed", f"Values that the text gives to its variables were filled in: {', '.join(filled)}.")

    def _filled(
        self, text: str, filled: dict[str, None], in_code: bool, depth: int = 0, literals: tuple[str, ...] = ()
    ) -> str:
        def replace(found: re.Match[str]) -> str:
            name = next((group for group in found.groups() if group), "")
            if found[0] in literals or ((found["single"] or found["angle"]) and not in_code):
                return found[0]  # sent as written, which may be what is wrong
            value = self.values.get(_key(name)) or self.values.get(_key(name.rpartition(".")[2])) or found["default"]
            if value is None or value == found[0] or depth > 3 or _key(value) == _key(name):
                return found[0]
            filled[name] = None
            return self._filled(value, filled, in_code, depth + 1)

        return VARIABLE.sub(replace, text) if len(text) < 20_000 else text


def _is_expression(found: re.Match[str]) -> bool:
    """Whether a program assigns the value of another name, such as interaction.id."""
    bare = found.groupdict().get("bare") or ""
    is_program = " =" in found[0] or "= " in found[0]
    return is_program and EXPRESSION.fullmatch(bare) is not None and find_region(bare) is None


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def fill_conversation(draft: Draft) -> None:
    """Replaces the variable for the conversation ID in the path with the ID that the text names."""
    if not draft.conversation_id:
        return
    url = draft.url
    in_template = (
        found
        for found in IN_TEMPLATE.finditer(url)
        if (draft.form in PROGRAMS or not found["braces"]) and found[0] not in draft.literals
    )
    variable = next(
        chain(
            (name for name in draft.variables if "conv" in name.lower() or f"/conversations/{name}/" in url),
            (found[0] for found in in_template if "conv" in found[0].lower() or _is_after_conversations(url, found)),
        ),
        "",
    )
    if variable:
        draft.url = draft.url.replace(variable, draft.conversation_id)
        draft.variables = tuple(name for name in draft.variables if name != variable)
        draft.remove_notes("is not in the text")
        draft.note("guessed", f"The conversation ID {draft.conversation_id} comes from another line of the text.")


def _is_after_conversations(url: str, found: re.Match[str]) -> bool:
    return url.endswith("/conversations/", 0, found.start()) and url.startswith("/", found.end())


def mark_templates(draft: Draft, text: str) -> None:
    """Adds to `variables` what a data action, a server or a configuration fills in, and the parameters of a call that the
    text only quotes from the documentation."""
    path = draft.url.split("?", 1)[0]
    at = text.find(path) if path else -1
    found: list[str] = []
    if at > 0 and draft.response is None and ROUTE.search(text, max(0, at - 80), at):
        found = [segment for segment in path.split("/") if is_placeholder(segment)]
    if draft.response is None and draft.form in ("short", "log"):
        found += [segment for segment in path.split("/") if CONFIGURED.fullmatch(segment)]
    if at > 0 and URL_TEMPLATE.search(text, max(0, at - 120), at):
        found += [segment for segment in path.split("/") if ACTION_INPUT.fullmatch(segment)]
    if at > 0 and draft.response is None and draft.form == "short" and QUOTED_FROM.search(text, max(0, at - 120), at):
        found += [segment for segment in path.split("/") if DOCUMENTED_PARAMETER.fullmatch(segment)]
    draft.variables = tuple(dict.fromkeys((*draft.variables, *found)))


def region_set(text: str) -> Region | None:
    """The region that a program, a profile or an environment in the text sets, preferably outside of comments."""
    text = _with_own_profile(text)
    return _region_set(COMMENT.sub("", text)) or _region_set(text)


def _region_set(text: str) -> Region | None:
    for pattern in REGION_SET:
        found = pattern.search(text)
        region = find_region(found["region"]) if found else None
        if region is not None:
            return region
    return None


def _with_own_profile(text: str) -> str:
    """The text without the gc profiles that its command doesn't use."""
    named = PROFILE_USED.search(text)
    if named is None:
        return text
    used = named["name"].lower()
    return PROFILE.sub(lambda found: found[0] if found["name"].strip().lower() == used else "", text)


def region_named(text: str) -> Region | None:
    """The region of the Genesys Cloud hosts in the text; None for none or several regions."""
    regions = {
        region.key: region
        for found in time_budget.checked(ANY_HOST.finditer(text))
        if (region := find_region(found[0]))
    }
    return next(iter(regions.values())) if len(regions) == 1 else None


class Hosts:
    """The base URL and the region that a text sets for its calls, found on first use."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def base(self) -> str:
        """The only base URL that the text sets; "" for none or several."""
        found = {
            each["base"].lower()
            for each in time_budget.checked(BASE.finditer(self.text))
            if _is_setting(self.text, each)
        }
        return next(iter(found)).rstrip("/") if len(found) == 1 else ""

    @cached_property
    def region(self) -> Region | None:
        """The region that the text sets, else that of the only API host in it, if it is set as one."""
        if region := region_set(self.text):
            return region
        named = list(time_budget.checked(API_HOST.finditer(self.text)))
        is_set = any(_is_setting(self.text, found) for found in named)
        hosts = {found[0].lower() for found in named if not _is_example(self.text, found)}
        return find_region(next(iter(hosts))) if is_set and len(hosts) == 1 else None

    @cached_property
    def pools(self) -> list[tuple[str, str]]:
        """The hosts and the paths in errors of Python's urllib3."""
        found = islice(time_budget.checked(POOL.finditer(self.text)), 20)
        return [(each["host"].lower(), each["path"]) for each in found]


def use_host(draft: Draft, hosts: Hosts) -> None:
    """Adds the base URL that the text gives to a bare path, else the host of the region that the text sets."""
    if not BARE_PATH.match(draft.url):
        return
    pool = next((host for host, path in hosts.pools if path.startswith(draft.url)), "")
    if pool:
        draft.url = f"https://{pool}{draft.url}"
    elif hosts.base:
        draft.url = _joined(hosts.base, draft.url, hosts.text)
        _replace_host_note(draft, f"The base URL {hosts.base} comes from another line of the text.")
    elif draft.url.startswith("/api/") and (region := hosts.region):
        draft.url = f"https://{region.api_host}{draft.url}"
        sentence = f"The host {region.api_host} comes from the region set in the text: {region.key}."
        _replace_host_note(draft, sentence)


def _replace_host_note(draft: Draft, sentence: str) -> None:
    draft.notes = [Note(note.kind, note.what.replace("; no host is in the text.", ".")) for note in draft.notes]
    draft.note("guessed", sentence)


def _joined(base: str, path: str, text: str) -> str:
    """The address of a path below a base URL. A base that the path repeats is sent twice only by a client that appends."""
    scheme, _, rest = base.partition("://")
    host, slash, prefix = rest.partition("/")
    path = "/" + path.lstrip("/")
    if not prefix or (path.lower().startswith("/api/") and not APPENDS.search(text)):
        return f"{scheme}://{host}{path}"
    return f"{scheme}://{host}{slash}{prefix}{path}"


def _is_example(text: str, found: re.Match[str]) -> bool:
    return EXAMPLE.search(text, max(0, found.start() - 60), found.start()) is not None


def token_region(draft: Draft, text: str) -> str:
    """The key of the region whose login host issued the token, if the text names only that one, it is another one than the
    call's, and the token was refused; "" otherwise."""
    called = region_of_host(_host_of(draft.url))
    if called is None or draft.status != 401:
        return ""
    hosts = {
        found[0].lower() for found in time_budget.checked(LOGIN_HOST.finditer(text)) if not _is_example(text, found)
    }
    if (signs_in := SIGNS_IN.search(text)) and (found := ENVIRONMENT.search(text)) and found.start() < signs_in.start():
        hosts.add(found["region"].lower())
    issued = {region.key for host in hosts if (region := find_region(host))}
    others = {
        region.key
        for found in time_budget.checked(API_HOST.finditer(text))
        if (region := find_region(found[0])) and not _is_example(text, found)
    }
    return next(iter(issued)) if len(issued) == 1 and called.key not in issued and not issued & others else ""


def _host_of(url: str) -> str:
    found = re.match(r"https?://([^/?#]*)", url)
    return found[1] if found else ""


def _is_setting(text: str, host: re.Match[str]) -> bool:
    """Whether a host is the value of something, in quotation marks, alone on its line, or named as the host of the call."""
    before = text[max(0, host.start() - 60) : host.start()].removesuffix("https://").removesuffix("http://")
    return SETTING.search(before) is not None and EXAMPLE.search(before) is None


def conversation_named(text: str) -> str:
    """The conversation ID that the text labels as such; "" for none or several."""
    found = {match["id"].lower() for match in time_budget.checked(CONVERSATION.finditer(text))}
    return next(iter(found)) if len(found) == 1 else ""
