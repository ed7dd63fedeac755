"""Invented values of the published shapes, made here from pieces so that no scanner takes this file for a leak.

Each holds the mark MARK, or is listed whole, so that a test can look for it wherever it must not be.
"""

import random
import string

HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"
ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits


def run(signs: str, length: int, seed: int = 7) -> str:
    return "".join(random.Random(f"{seed} {length} {signs}").choices(signs, k=length))


def _joined(*pieces: str) -> str:
    return "".join(pieces)


TOKENS: dict[str, str] = {
    "AWS access key ID": _joined("AK", "IA", run(UPPER, 16)),
    "AWS temporary key ID": _joined("AS", "IA", run(UPPER, 14), "7Q"),
    "Google API key": _joined("AI", "za", run(ALNUM, 35)),
    "Google OAuth token": _joined("ya", "29.", run(ALNUM, 60)),
    "Google client secret": _joined("GOC", "SPX-", run(ALNUM, 28)),
    "Azure client secret": _joined(run(ALNUM, 3), "8Q~", run(ALNUM, 34)),
    "Azure storage key": _joined(run(ALNUM + "+/", 86), "=="),
    "Alibaba key": _joined("LT", "AI", run(ALNUM, 20)),
    "DigitalOcean token": _joined("do", "p_v1_", run(HEX, 64)),
    "DigitalOcean OAuth token": _joined("do", "o_v1_", run(HEX, 64)),
    "Heroku key": _joined("HR", "KU-AA", run(ALNUM, 58)),
    "Cloudflare origin key": _joined("v1", ".0-", run(HEX, 24), "-", run(HEX, 146)),
    "Fly.io token": _joined("fo", "1_", run(ALNUM, 43)),
    "Vercel token": _joined("vc", "p_", run(ALNUM, 56)),
    "Netlify token": _joined("nf", "p_", run(ALNUM, 36)),
    "Supabase key": _joined("sb", "p_", run(LOWER, 40)),
    "PlanetScale password": _joined("psc", "ale_pw_", run(ALNUM, 43)),
    "GitHub personal token": _joined("gh", "p_", run(ALNUM, 36)),
    "GitHub OAuth token": _joined("gh", "o_", run(ALNUM, 36)),
    "GitHub app token": _joined("gh", "s_", run(ALNUM, 36)),
    "GitHub refresh token": _joined("gh", "r_", run(ALNUM, 36)),
    "GitHub fine-grained token": _joined("github", "_pat_", run(ALNUM, 22), "_", run(ALNUM, 59)),
    "GitLab token": _joined("gl", "pat-", run(ALNUM, 20)),
    "GitLab deploy token": _joined("gl", "dt-", run(ALNUM, 20)),
    "GitLab runner token": _joined("gl", "rt-", run(ALNUM, 20)),
    "Bitbucket app password": _joined("AT", "BB", run(ALNUM, 32)),
    "npm token": _joined("np", "m_", run(ALNUM, 36)),
    "PyPI token": _joined("py", "pi-AgEIcHlwaS5vcmc", run(ALNUM, 70)),
    "RubyGems key": _joined("ruby", "gems_", run(HEX, 48)),
    "NuGet key": _joined("oy", "2", run(LOWER, 43)),
    "Docker token": _joined("dck", "r_pat_", run(ALNUM, 27)),
    "CircleCI token": _joined("CCI", "PAT_", run(ALNUM, 22), "_", run(HEX, 40)),
    "Buildkite token": _joined("bk", "ua_", run(LOWER, 40)),
    "JFrog key": _joined("AK", "Cp", run(ALNUM, 69)),
    "Sonar token": _joined("sq", "p_", run(HEX, 40)),
    "Postman key": _joined("PM", "AK-", run(HEX, 24), "-", run(HEX, 34)),
    "Pulumi token": _joined("pu", "l-", run(HEX, 40)),
    "Terraform token": _joined(run(ALNUM, 14), ".atlas", "v1.", run(ALNUM, 64)),
    "Vault token": _joined("hv", "s.", run(ALNUM, 95)),
    "Doppler token": _joined("dp", ".pt.", run(ALNUM, 43)),
    "1Password token": _joined("ops", "_eyJ", run(ALNUM, 260)),
    "age key": _joined("AGE-SEC", "RET-KEY-1", run(UPPER, 58)),
    "Tailscale key": _joined("tsk", "ey-auth-", run(ALNUM, 17), "-", run(ALNUM, 32)),
    "Grafana token": _joined("gl", "sa_", run(ALNUM, 32), "_", run(HEX, 8)),
    "Databricks token": _joined("da", "pi", run(HEX, 32)),
    "Slack bot token": _joined("xo", "xb-", "123456789012-123456789012-", run(ALNUM, 24)),
    "Slack user token": _joined("xo", "xp-", "123456789012-123456789012-123456789012-", run(ALNUM, 32)),
    "Slack app token": _joined("xa", "pp-1-", run(UPPER, 11), "-1234567890123-", run(HEX, 64)),
    "Slack webhook": _joined("hooks.sl", "ack.com/services/", run(UPPER, 9), "/", run(UPPER, 11), "/", run(ALNUM, 24)),
    "Discord bot token": _joined("M", run(ALNUM, 23), ".", run(ALNUM, 6), ".", run(ALNUM, 27)),
    "Discord webhook": _joined("discord", ".com/api/webhooks/123456789012345678/", run(ALNUM, 68)),
    "Telegram bot token": _joined("123456789", ":AA", run(ALNUM, 33)),
    "Twilio key": _joined("S", "K", run(HEX, 32)),
    "Twilio account": _joined("A", "C", run(HEX, 32)),
    "SendGrid key": _joined("S", "G.", run(ALNUM, 22), ".", run(ALNUM, 43)),
    "Mailgun key": _joined("ke", "y-", run(HEX, 32)),
    "Mailchimp key": _joined(run(HEX, 32), "-us", "12"),
    "Brevo key": _joined("xkey", "sib-", run(HEX, 64), "-", run(ALNUM, 16)),
    "Resend key": _joined("r", "e_", run(ALNUM, 8), "_", run(ALNUM, 24)),
    "Stripe secret key": _joined("s", "k_live_", run(ALNUM, 24)),
    "Stripe restricted key": _joined("r", "k_live_", run(ALNUM, 24)),
    "Stripe webhook secret": _joined("wh", "sec_", run(ALNUM, 32)),
    "Square token": _joined("sq", "0atp-", run(ALNUM, 22)),
    "Shopify token": _joined("shp", "at_", run(HEX, 32)),
    "Razorpay key": _joined("rz", "p_live_", run(ALNUM, 14)),
    "Braintree token": _joined("access", "_token$production$", run(LOWER, 16), "$", run(HEX, 32)),
    "OpenAI key": _joined("s", "k-proj-", run(ALNUM, 48)),
    "OpenAI key, old": _joined("s", "k-", run(ALNUM, 48)),
    "Anthropic key": _joined("s", "k-ant-api03-", run(ALNUM, 93), "AA"),
    "Hugging Face token": _joined("h", "f_", run(string.ascii_letters, 34)),
    "Groq key": _joined("gs", "k_", run(ALNUM, 52)),
    "Perplexity key": _joined("pp", "lx-", run(ALNUM, 48)),
    "Replicate token": _joined("r", "8_", run(ALNUM, 37)),
    "xAI key": _joined("xa", "i-", run(ALNUM, 80)),
    "NVIDIA key": _joined("nv", "api-", run(ALNUM, 64)),
    "Atlassian token": _joined("AT", "ATT3", run(ALNUM, 180)),
    "Linear key": _joined("li", "n_api_", run(ALNUM, 40)),
    "Notion token": _joined("nt", "n_", "12345678901", run(ALNUM, 35)),
    "Airtable token": _joined("pa", "t", run(ALNUM, 14), ".", run(HEX, 64)),
    "Asana token": _joined("1/", "1234567890123456", ":", run(HEX, 32)),
    "Figma token": _joined("fi", "gd_", run(ALNUM, 40)),
    "HubSpot token": _joined("pa", "t-na1-", run(HEX, 8), "-", run(HEX, 4), "-", run(HEX, 4), "-", run(HEX, 4), "-", run(HEX, 12)),
    "Facebook token": _joined("EA", "AC", run(ALNUM, 120)),
    "New Relic key": _joined("NR", "AK-", run(UPPER, 27)),
    "Dynatrace token": _joined("dt", "0c01.", run(UPPER, 24), ".", run(UPPER, 64)),
    "Sentry token": _joined("snt", "ryu_", run(HEX, 64)),
    "PostHog key": _joined("ph", "x_", run(ALNUM, 43)),
    "Mapbox token": _joined("s", "k.ey", "J1", run(ALNUM, 40), ".", run(ALNUM, 22)),
    "OpenShift token": _joined("sha", "256~", run(ALNUM, 43)),
    "JSON web token": _joined("ey", "J", run(ALNUM, 30), ".ey", "J", run(ALNUM, 60), ".", run(ALNUM, 43)),
}  # fmt: skip

PEM_KINDS = ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")
PEM_BODY = [run(ALNUM + "+/", 64, seed) for seed in range(4)]


def private_key(kind: str, line_end: str = "\n", is_cut: bool = False) -> str:
    begin, end = (_joined("-----", word, " ", kind, "PRIVATE ", "KEY-----") for word in ("BEGIN", "END"))
    return line_end.join([begin, *PEM_BODY, *([] if is_cut else [end])])


# What is masked -> the part that must be gone.
ANNOUNCED = {
    "the password is zqPass31word!": "zqPass31word!",
    "password: correct-zq31": "correct-zq31",
    "client secret zq31LkJhGf77": "zq31LkJhGf77",
    "token = zq31LkJhGfDs": "zq31LkJhGfDs",
    "la clave es zq31perro": "zq31perro",
    "contraseña: zq31perro": "zq31perro",
    "das Passwort lautet zq31Hund": "zq31Hund",
    "le mot de passe est zq31chien": "zq31chien",
    "a senha é zq31gato": "zq31gato",
    "パスワードは zq31neko です": "zq31neko",
    "密码：zq31mao": "zq31mao",
    "пароль: zq31kot": "zq31kot",
    "PIN 4711": "4711",
    "code 884213": "884213",
    "OTP: 553021": "553021",
    "verification code is 90817": "90817",
}
PERSONAL = {
    "card 4111 1111 1111 1111": "4111 1111 1111 1111",
    "card 4111-1111-1111-1111": "4111-1111-1111-1111",
    "pan=4111111111111111": "4111111111111111",
    "amex 3782 822463 10005": "3782 822463 10005",
    "5555555555554444": "5555555555554444",
    "q=4111+1111+1111+1111": "1111+1111",
    "q=4111%201111%201111%201111": "1111%201111",
    "iban DE89370400440532013000": "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00 and more": "3704 0044",
    "GB82 WEST 1234 5698 7654 32": "1234 5698",
    "FR1420041010050500013M02606": "20041010050500013M02606",
    "ssn 078-05-1120": "078-05-1120",
    "SSN: 078051120": "078051120",
    "DNI 12345678Z": "12345678Z",
    "CPF 529.982.247-25": "529.982.247-25",
    "mail anna.zq@mail.example": "anna.zq",
    "user=anna.zq%40mail.example": "anna.zq",
    "phone=+49 89 5550123499": "5550123499",
    "phone=%2B49895550123499": "5550123499",
    "tel:+498955501234": "8955501234",
    "+1 (317) 555-0142": "555-0142",
    "0049 89 5550 1234": "5550 1234",
    "phone=08955501234": "8955501234",
}
# Evidence: none of these may change.
PLAIN = (
    "conversationId 5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11 and 5f2c1f0e6a1b4b579a602d0b8f3c7a11",
    "2026-11-28T06:17:00.123Z took 1764310620123 ms, 1764310620 s",
    "inin-ratelimit-count: 300, inin-ratelimit-allowed: 300, inin-ratelimit-reset: 59",
    "error code 500123, status code 404, exit code 137, wrap-up code 123456",
    "order 4111111111111112 of 20261128061700 on port 8443, build 269.0.0, version 2.14.0",
    "needs conversation:cobrowse:add or authorization:role:view",
    "the token is expired; the secret is wrong; the password was changed yesterday",
    "OAuth2 token, SHA256, HTTP/1.1 401, token usw2, RS256",
    "https://api.mypurecloud.com/api/v2/conversations/messages/5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11/cobrowse",
    "GET /api/v2/webdeployments/deployments?pageSize=100&pageNumber=2",
    "DE00 3704 0044 0532 0130 00 has wrong check digits",
    "[conversation:cobrowse:add, conversation:cobrowseVoice:add]",
    "Missing the following permission(s): [conversation:cobrowse:add]",
    "providerId is required, ININ-Correlation-Id 0d9c1a2b-1111-2222-3333-444455556666",
)
