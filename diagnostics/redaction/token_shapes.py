"""The published formats of keys and tokens, and the patterns built from them.

`decisions/secret-patterns.md` explains why we maintain our own table. A format is what the issuer documents: a prefix and
the characters after it. Lengths are lower bounds, because people truncate what they paste. Repetition is possessive, so
that a search is linear in the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.redaction.patterns import AFTER_ESCAPE
from diagnostics.redaction.text_windows import around, matches
from diagnostics.text import time_budget

WORD = r"[A-Za-z0-9_-]"
DOTTED = r"[A-Za-z0-9_.=-]"
BASE64 = r"[A-Za-z0-9+/_=-]"


@dataclass(frozen=True)
class Shape:
    """`pattern` matches the whole secret. `source` is where the issuer or a public rule set documents it.

    A pattern without a distinctive prefix is only tried on text that contains `sign`.
    """

    name: str
    pattern: str
    source: str
    sign: str = ""


SHAPES = (
    # Clouds
    Shape("AWS access key ID", r"(?:AKIA|(?:ASIA|ABIA|ACCA|A3T[A-Z0-9])(?=[A-Z]*\d))[A-Z0-9]{12,}+", "AWS IAM user guide, unique IDs"),
    Shape("AWS Bedrock key", rf"(?:ABSK|bedrock-api-key-){BASE64}{{20,}}+", "gitleaks aws-amazon-bedrock"),
    Shape("Google API key", rf"AIza{WORD}{{20,}}+", "gitleaks gcp-api-key"),
    Shape("Google OAuth", rf"(?:ya29\.|GOCSPX-|1//0){DOTTED}{{12,}}+", "Google identity guide"),
    Shape("Gemini key", rf"AQ\.Ab{WORD}{{20,}}+", "betterleaks gcp-gemini-api"),
    Shape("Azure client secret", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{16,}+", "gitleaks azure-ad-client-secret", "Q~"),
    Shape("Azure storage key", r"[A-Za-z0-9+/]{86}==", "Azure storage account keys", "=="),
    Shape("Azure DevOps token", r"[A-Za-z0-9]{60,76}+AZDO[A-Za-z0-9]{4}", "Azure DevOps PAT format", "AZDO"),
    Shape("Alibaba key", r"(?:LTAI[A-Za-z0-9]{12,}+|STS\.[A-Za-z0-9]{16,}+)", "gitleaks alibaba-access-key-id"),
    Shape("DigitalOcean token", r"do[opr]_v1_[A-Fa-f0-9]{16,}+", "DigitalOcean API reference"),
    Shape("Heroku key", rf"HRKU-{WORD}{{20,}}+", "gitleaks heroku-api-key-v2"),
    Shape("Cloudflare key", r"(?:v1\.0-[a-f0-9]{24}-[a-f0-9]{20,}+|cf[uak]t_[A-Za-z0-9]{20,}+)", "Cloudflare API tokens"),
    Shape("Fly.io token", r"(?:fo1_[\w-]{20,}+|fm[12][ar]?_[A-Za-z0-9+/=]{40,}+)", "gitleaks flyio-access-token"),
    Shape("Vercel token", rf"vc[kaprci]_{WORD}{{24,}}+", "betterleaks vercel"),
    Shape("Render key", r"rnd_[A-Za-z0-9]{20,}+", "betterleaks render-api-key"),
    Shape("Scaleway key", r"SCW[A-Z0-9]{17}", "Scaleway API keys"),
    Shape("UpCloud token", r"ucat_[0-9A-Za-z]{20,}+", "betterleaks upcloud"),
    Shape("Exoscale key", r"EXO[a-f0-9]{24,}+", "betterleaks exoscale"),
    Shape("Netlify token", rf"nf[pouc]_{WORD}{{24,}}+", "Netlify token prefixes"),
    Shape("Supabase key", rf"sb(?:p_|_secret_){WORD}{{20,}}+", "betterleaks supabase"),
    Shape("PlanetScale", rf"pscale_(?:tkn|oauth|pw)_{DOTTED}{{20,}}+", "gitleaks planetscale"),
    Shape("Neon key", r"(?:napi_[A-Za-z0-9]{24,}+|npg_[A-Za-z0-9]{10,}+)", "betterleaks neon-api-key; Neon docs, passwords"),
    Shape("Oracle login", r"(?:(?<=jdbc:oracle:thin:)|(?<=jdbc:oracle:oci:))[^\s/@\"']{1,100}/[^\s@\"']{1,200}(?=@)", "Oracle JDBC guide"),
    Shape("MongoDB Atlas secret", rf"mdb_sa_sk_{WORD}{{20,}}+", "betterleaks mongodb-atlas"),
    Shape("CockroachDB key", r"CCDB1_[A-Za-z0-9]{16,}+_[A-Za-z0-9]{16,}+", "betterleaks cockroachlabs"),
    Shape("DataStax token", r"AstraCS:[A-Za-z0-9:]{20,}+", "betterleaks datastax"),
    Shape("ClickHouse key", r"4b1d[A-Za-z0-9]{38}", "gitleaks clickhouse-cloud"),
    # Code hosts, packages, builds
    Shape("GitHub token", r"gh[pousr]_[A-Za-z0-9]{16,}+", "GitHub docs, token formats"),
    Shape("GitHub fine-grained token", r"github_pat_\w{20,}+", "GitHub docs, token formats"),
    Shape(
        "GitLab token",
        rf"(?:gl(?:pat|dt|ft|cbt|rtr|rt|agent|imt|oas|soat|ffct|ptt|wt)-|GR1348941){DOTTED}{{16,}}+",
        "GitLab docs, token prefixes",
    ),
    Shape("Bitbucket token", rf"(?:BBDC-|ATBB|ATCTT3){BASE64}{{20,}}+", "Atlassian docs"),
    Shape("npm token", r"npm_[A-Za-z0-9]{20,}+", "npm docs, access tokens"),
    Shape("PyPI token", rf"pypi-Ag[EN]{WORD}{{16,}}+", "PyPI help, API tokens"),
    Shape("RubyGems key", r"rubygems_[a-f0-9]{24,}+", "gitleaks rubygems"),
    Shape("NuGet key", r"oy2[a-z0-9]{43}", "NuGet API keys"),
    Shape("crates.io token", r"cio[A-Za-z0-9]{32}", "crates.io token format"),
    Shape("Clojars token", r"CLOJARS_[a-z0-9]{30,}+", "gitleaks clojars"),
    Shape("Packagist token", r"packagist_(?:ort|out|acs|ack|uut)_[0-9a-f]{20,}+", "OSV scanner, packagist"),
    Shape("Docker token", rf"dckr_(?:pat|oat)_{WORD}{{16,}}+", "Docker Hub docs"),
    Shape("Docker Swarm", rf"SWM(?:TKN|KEY)-1-{BASE64}{{24,}}+", "Docker Swarm docs"),
    Shape("CircleCI token", r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{16,}+(?:_[A-Fa-f0-9]++)?", "CircleCI docs"),
    Shape("Buildkite token", rf"bk(?:ua|aa|aj|ar|ct|pt|pat|ps|et)_{WORD}{{20,}}+", "betterleaks buildkite"),
    Shape("JFrog key", r"(?:AKCp[A-Za-z0-9]{20,}+|cmVmd[A-Za-z0-9]{40,}+)", "gitleaks artifactory"),
    Shape("Sonar token", r"sq[pua]_[a-f0-9]{20,}+", "SonarQube docs, token prefixes"),
    Shape("Snyk token", rf"snyk_[a-z]{{3}}\.{DOTTED}{{16,}}+", "Snyk docs"),
    Shape("Sourcegraph token", r"sg[pd]_(?:(?:[A-Fa-f0-9]{16}|local)_)?[A-Za-z0-9]{24,}+", "Sourcegraph docs"),
    Shape("Postman key", r"PMA[KT]-[A-Za-z0-9]{20,}+(?:-[A-Fa-f0-9]++)?", "Postman docs"),
    Shape("Pulumi token", r"pul-[a-f0-9]{24,}+", "gitleaks pulumi"),
    Shape("Terraform token", rf"[A-Za-z0-9]{{14}}\.atlasv1\.{WORD}{{24,}}+", "HashiCorp docs", ".atlasv1."),
    Shape("Vault token", rf"hv[sbr]\.{WORD}{{16,}}+", "HashiCorp Vault docs"),
    Shape("Vault token, old", r"s\.[A-Za-z0-9]{24}(?![A-Za-z0-9])", "HashiCorp Vault docs"),
    Shape("Doppler token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{20,}+", "Doppler docs"),
    Shape("Infisical token", rf"st\.[a-f0-9]{{24}}\.{DOTTED}{{20,}}+", "Infisical docs"),
    Shape("1Password", r"(?:ops_eyJ[A-Za-z0-9+/=_-]{20,}+|A3-[A-Z0-9]{6}-[A-Z0-9]{5,11}(?:-[A-Z0-9]{5,6}){3,4})", "1Password docs"),
    Shape("age key", r"AGE-SECRET-KEY-1[A-Z0-9]{20,}+", "age format"),
    Shape("Tailscale key", rf"tskey-[a-z]{{2,12}}-{WORD}{{16,}}+", "Tailscale docs, key prefixes"),
    Shape("Prefect key", r"pn[ub]_[A-Za-z0-9]{24,}+", "gitleaks prefect"),
    Shape("Octopus key", r"API-[A-Z0-9]{26,}+", "gitleaks octopus-deploy"),
    Shape("Harness key", r"(?:pat|sat)\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{16,}+", "gitleaks harness"),
    Shape("Grafana token", r"gl(?:sa|c)_[A-Za-z0-9+/=_]{24,}+", "Grafana docs"),
    Shape("Databricks token", r"dapi[a-f0-9]{24,}+(?:-\d)?|dose[a-f0-9]{32}", "Databricks docs"),
    Shape("Deno token", r"dd[pow]_[A-Za-z0-9]{24,}+", "Deno Deploy docs"),
    # Chat, mail, phone
    Shape("Slack token", rf"xox[abcdeoprs]-{DOTTED}{{8,}}+|xoxe\.xox[bp]-{DOTTED}{{8,}}+|xapp-\d-{DOTTED}{{8,}}+", "Slack docs"),
    Shape("Discord token", rf"(?:mfa\.{WORD}{{40,}}+|[MNO][A-Za-z\d_-]{{22,27}}\.[\w-]{{6}}\.[\w-]{{25,}}+)", "Discord docs, bot tokens"),
    Shape("Telegram bot token", rf"(?:bot)?\d{{8,10}}:AA{WORD}{{20,}}+", "Telegram Bot API", ":AA"),
    Shape("Twilio", r"(?:SK|AC)[0-9a-fA-F]{32}", "Twilio docs, API keys and account SIDs"),
    Shape("SendGrid key", rf"SG\.{DOTTED}{{20,}}+", "SendGrid docs"),
    Shape("Mailgun key", r"(?:pub)?key-[a-f0-9]{20,}+", "gitleaks mailgun"),
    Shape("Mailgun key, new", r"[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}", "gitleaks mailgun", "-"),
    Shape("Mailchimp key", r"[a-f0-9]{32}-us\d{1,2}", "Mailchimp docs", "-us"),
    Shape("MailerSend token", r"mlsn\.[A-Za-z0-9]{20,}+", "betterleaks mailersend"),
    Shape("Brevo key", r"xkeysib-[A-Fa-f0-9]{20,}+(?:-[A-Za-z0-9]++)?", "Brevo docs"),
    Shape("Postmark/Resend key", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{16,}+", "Resend docs"),
    Shape("Mandrill key", rf"md-{WORD}{{22}}(?!{WORD})", "Mailchimp Transactional docs"),
    Shape("OneSignal key", r"os_v2_(?:app|org)_[a-z2-7]{24,}+", "OneSignal docs"),
    Shape("Firebase Cloud Messaging key", rf"AAAA{WORD}{{7}}:{WORD}{{40,}}+", "Firebase docs"),
    # Money and shops
    Shape("Stripe key", r"(?:sk|rk|pk)_(?:test|live|prod)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{16,}+", "Stripe docs, API keys"),
    Shape("Square token", rf"(?:EAAA|sq0(?:atp|csp|idp)-){WORD}{{18,}}+", "Square docs"),
    Shape("Shopify token", r"shp(?:at|ca|pa|ss|ua|tka|ck)_[A-Za-z0-9]{16,}+", "Shopify docs"),
    Shape("PayPal/Braintree token", r"access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{16,}+", "Braintree docs"),
    Shape("Razorpay key", r"rzp_(?:live|test)_[A-Za-z0-9]{10,}+", "Razorpay docs"),
    Shape("Flutterwave key", r"FLW(?:PUBK|SECK)(?:_TEST)?-[A-Za-z0-9]{10,}+(?:-X)?", "Flutterwave docs"),
    Shape("Plaid token", r"(?:access|public|link)-(?:sandbox|development|production)-[0-9a-f-]{20,}+", "Plaid docs"),
    Shape("Adyen key", r"AQE[a-z]h[A-Za-z0-9+/=*-]{30,}+", "Adyen docs"),
    Shape("EasyPost key", r"EZ[AT]K[A-Za-z0-9]{24,}+", "gitleaks easypost"),
    Shape("Shippo token", r"shippo_(?:live|test)_[A-Fa-f0-9]{20,}+", "gitleaks shippo"),
    Shape("Duffel token", rf"duffel_(?:test|live)_{DOTTED}{{20,}}+", "gitleaks duffel"),
    Shape("Paddle key", r"pdl_(?:live|sdbx)_apikey_\w{20,}+", "Paddle docs"),
    Shape("Xendit key", r"xnd_(?:production|development)_[A-Za-z0-9]{20,}+", "Xendit docs"),
    # Models
    Shape(
        "OpenAI, Anthropic and like keys",
        rf"(?:sk|pk)-(?:proj-|svcacct-|admin-|ant-|or-|lf-|api-)?{WORD}{{16,}}+",
        "OpenAI and Anthropic docs",
    ),
    Shape("Hugging Face token", r"(?:hf_|api_org_)[A-Za-z0-9]{20,}+", "Hugging Face docs"),
    Shape("Groq key", r"gsk_[A-Za-z0-9]{20,}+", "Groq docs"),
    Shape("Cerebras key", r"csk-[a-z0-9]{24,}+", "betterleaks cerebras"),
    Shape("Perplexity key", r"pplx-[A-Za-z0-9]{20,}+", "Perplexity docs"),
    Shape("Replicate token", r"r8_[A-Za-z0-9]{20,}+", "Replicate docs"),
    Shape("xAI key", rf"xai-{WORD}{{24,}}+", "xAI docs"),
    Shape("NVIDIA key", rf"nvapi-{WORD}{{24,}}+", "NVIDIA docs"),
    Shape("LangSmith key", r"(?:lsv2_(?:pt|sk)|ls__)_?[0-9a-fA-F_]{24,}+", "LangSmith docs"),
    Shape("Pinecone key", r"pcsk_[A-Za-z0-9_]{24,}+", "Pinecone docs"),
    Shape("Weights & Biases key", r"wandb_v1_\w{24,}+", "betterleaks wandb"),
    Shape("Together key", rf"tgp_v1_{WORD}{{24,}}+", "betterleaks togetherai"),
    Shape("ElevenLabs and like keys", r"sk_[a-f0-9]{32,}+", "ElevenLabs docs"),
    # Work
    Shape("Atlassian token", rf"ATATT3?{DOTTED}{{20,}}+|ATSTT{DOTTED}{{20,}}+", "Atlassian docs"),
    Shape("Linear key", r"lin_(?:api|oauth)_[A-Za-z0-9]{20,}+", "Linear docs"),
    Shape("Notion token", r"(?:ntn_|secret_)[A-Za-z0-9]{32,}+", "Notion docs"),
    Shape("Airtable token", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{20,}+", "Airtable docs"),
    Shape("Airtable key, old", r"key(?=[A-Za-z]{0,13}\d)[A-Za-z0-9]{14}(?![A-Za-z0-9])", "gitleaks airtable-api-key"),
    Shape("License key", r"(?=[A-Z-]{0,30}\d)[A-Z0-9]{5}(?:-[A-Z0-9]{5}){3,5}(?![A-Z0-9-])", "Microsoft docs, product keys", "-"),
    Shape("Fireworks key", r"fw_[A-Za-z0-9]{20,}+", "Fireworks docs"),
    Shape("Asana token", r"[0-9]/[0-9]{12,}+(?:/[0-9]{12,}+)?:[a-f0-9]{32}", "Asana docs", "/"),
    Shape("Figma token", rf"fig[dou]_{WORD}{{20,}}+", "Figma docs"),
    Shape("Typeform token", rf"tfp_{DOTTED}{{24,}}+", "gitleaks typeform"),
    Shape("Zendesk/Intercom token", r"dG9rOi?[A-Za-z0-9+/=_-]{24,}+", "Intercom docs"),
    Shape("Salesforce session", r"00[A-Za-z0-9]{13}![A-Za-z0-9._-]{20,}+", "Salesforce docs"),
    Shape("HubSpot token", r"pat-(?:na|eu|ap)\d-[0-9a-f-]{24,}+", "HubSpot docs"),
    Shape("Contentful token", rf"CFPAT-{WORD}{{24,}}+", "Contentful docs"),
    Shape("Facebook token", r"EAA[A-Za-z0-9]{30,}+", "Meta docs"),
    Shape("Facebook app token", r"\d{15,16}\|[\w-]{20,}+", "Meta docs", "|"),
    Shape("Dropbox token", r"sl\.(?:u\.)?[A-Za-z0-9_-]{40,}+", "Dropbox docs"),
    Shape("Adobe secret", r"p8e-[A-Za-z0-9_-]{20,}+", "gitleaks adobe-client-secret"),
    Shape("Canva secret", rf"cnvca{WORD}{{24,}}+", "betterleaks canva"),
    # Watching
    Shape("New Relic key", r"NR(?:AK|JS|II|RA|AL|SP)-[A-Za-z0-9_-]{16,}+|NRAA[A-Fa-f0-9]{20,}+", "NR docs"),
    Shape("New Relic license key", r"[a-f0-9]{36}(?:FFFF)?NRAL", "NR docs", "NRAL"),
    Shape("Dynatrace token", r"dt0[a-z]\d{2}\.[A-Za-z0-9]{16,}+\.[A-Za-z0-9]{16,}+", "Dynatrace docs"),
    Shape("Sentry token", r"sntr(?:ys|yu|ya)_[A-Za-z0-9+/=_]{20,}+", "Sentry docs"),
    Shape("PostHog key", rf"ph[xc]_{WORD}{{24,}}+", "PostHog docs"),
    Shape("Honeycomb key", r"hc[abx](?:ik|lk|mk)_[a-z0-9]{24,}+", "Honeycomb docs"),
    Shape("Elastic key", rf"essu_{WORD}{{24,}}+", "Elastic docs"),
    Shape("Rootly key", r"rootly_[a-f0-9]{24,}+", "Rootly docs"),
    Shape("Datadog key", r"ddapi_[A-Za-z0-9]{20,}+|pub[a-f0-9]{32}", "Datadog docs"),
    Shape("ConfigCat key", r"configcat-sdk-1/[\w-]{16,}+/[\w-]{16,}+", "ConfigCat docs"),
    Shape("LaunchDarkly key", r"(?:sdk|mob)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "LaunchDarkly docs"),
    Shape("Mapbox token", rf"(?:sk|pk|tk)\.eyJ{DOTTED}{{16,}}+", "Mapbox docs"),
    Shape("OpenShift token", rf"sha256~{WORD}{{24,}}+", "OpenShift docs"),
    Shape("Kubernetes bootstrap token", r"[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.])", "Kubernetes docs, bootstrap tokens", "."),
)  # fmt: skip

URLS = (
    Shape(
        "Slack webhook",
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/_-]{8,}+",
        "Slack docs, incoming webhooks",
    ),
    Shape("Discord webhook", r"discord(?:app)?\.com/api/(?:v\d{1,3}/)?webhooks/\d{6,}+/[\w-]{8,}+", "Discord docs"),
    Shape(
        "Teams webhook",
        r"[\w-]{1,63}\.webhook\.office\.com/webhookb2/[\w@/-]{20,}+|outlook\.office\.com/webhook/[\w@/-]{20,}+",
        "Microsoft docs",
    ),
    Shape("Zapier/IFTTT hook", r"hooks\.zapier\.com/hooks/catch/\d++/\w{4,}+|maker\.ifttt\.com/[\w/-]{0,100}?key/[\w-]{8,}+", "docs"),
    Shape("Google Chat webhook", r"chat\.googleapis\.com/v1/spaces/[^\s\"'<>]{8,}+", "Google Chat docs"),
)  # fmt: skip

WORDS = re.compile(r"[a-z]++(?:[-_.][a-z]++)*+")
BEFORE = rf"(?:(?<![A-Za-z0-9])|{AFTER_ESCAPE})"
TOKEN = re.compile(BEFORE + "(?:" + "|".join(f"(?:{shape.pattern})" for shape in SHAPES if not shape.sign) + ")")
SIGNED = tuple((shape.sign, re.compile(BEFORE + shape.pattern)) for shape in SHAPES if shape.sign)
# All characters that a token of the table can have, and at least as many as the shortest has.
LONG_WORD = re.compile(r"[\w.~+/=$|:!*-]{12,}+")
SECRET_URL = re.compile("|".join(f"(?:{shape.pattern})" for shape in URLS), re.IGNORECASE)

# An AWS secret key has no prefix: it is a run of about 40 characters near its access key ID.
AWS_ID = re.compile(BEFORE + r"(?:AKIA|ASIA)[A-Z0-9]{12,}+")
AWS_SECRET = re.compile(
    r"(?<![A-Za-z0-9+/=_-])(?=[^\s]{0,60}?[a-z])(?=[^\s]{0,60}?[A-Z])[A-Za-z0-9+/]{36,48}(?![A-Za-z0-9+/])"
)
AWS_NEAR = 300
BASE64_RUN = re.compile(r"(?<![A-Za-z0-9+/=_\\-])[A-Za-z0-9+][A-Za-z0-9+/]{31,}+={0,2}")

_BLANK = r"(?: |%20|\+|_)"
_PEM = rf"(?:{_BLANK}[A-Z0-9]{{1,12}}){{0,4}}{_BLANK}PRIVATE{_BLANK}KEY(?:{_BLANK}BLOCK)?{_BLANK}?-{{3,5}}"
PEM_BEGIN = re.compile(rf"-{{3,5}} ?BEGIN{_PEM}")
PEM_END = re.compile(rf"-{{3,5}} ?END{_PEM}")
PEM_MOST = 20_000  # characters of one key
# The rest of a key whose END is missing: lines of Base64 and headers, with quotes and escapes between them.
PEM_REST = re.compile(
    r"(?:(?:[\s\"'+,>|.…]|\\{1,8}[nrt]|%0[AaDd]|<br ?/?>){0,12}+(?:[A-Za-z0-9+/=]{12,}+|[A-Z][A-Za-z-]{2,20}+: [^\r\n\\]{1,200}+))*+"
    r"(?:(?:\s|\\{1,8}[nr]){0,4}+[A-Za-z0-9+/]{0,12}={1,2})?"
)
PUTTY = re.compile(r"Private-Lines: \d++(?:\r?\n[A-Za-z0-9+/=]++)++")


def find_tokens(text: str) -> Iterator[tuple[int, int]]:
    """The spans of keys, tokens and secret URLs."""
    runs = [run.span() for run in time_budget.checked(LONG_WORD.finditer(text))]
    windows = list(around(runs, 0, 1, len(text)))  # one more character, for patterns that look ahead
    for pattern in (TOKEN, *(pattern for sign, pattern in SIGNED if sign in text)) if windows else ():
        for match in matches(pattern, text, windows):
            if not WORDS.fullmatch(match[0]):  # "sk-and-other-words" isn't a key
                yield match.span()
    lower = text.lower()
    if "hook" in lower or "chat.googleapis" in lower or "ifttt" in lower:
        for match in time_budget.checked(SECRET_URL.finditer(text)):
            yield match.span()
    if "AKIA" in text or "ASIA" in text:
        ids = [match.span() for match in matches(AWS_ID, text, windows)]
        for match in matches(AWS_SECRET, text, around(ids, AWS_NEAR, AWS_NEAR, len(text))):
            yield match.span()


def find_private_keys(text: str) -> Iterator[tuple[int, int]]:
    """The spans of private keys: PEM blocks, also without their END, and the lines of PuTTY key files."""
    position = 0
    while begin := PEM_BEGIN.search(text, position):
        time_budget.check()
        next_begin = PEM_BEGIN.search(text, begin.end(), begin.end() + PEM_MOST)
        limit = next_begin.start() if next_begin else begin.end() + PEM_MOST
        end = PEM_END.search(text, begin.end(), limit) or PEM_REST.match(text, begin.end())
        position = end.end() if end else begin.end()
        yield begin.start(), position
    for match in time_budget.checked(PUTTY.finditer(text)):
        yield match.span()
