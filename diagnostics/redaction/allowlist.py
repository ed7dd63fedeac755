"""Decides which strings of an org's responses may be stored: configuration set by admins, never customer content."""

import re

from diagnostics.redaction.patterns import UUID, plain_name, word_set

HEX32 = re.compile(r"[0-9a-fA-F]{32}")
TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]{4,18}(?:Z|[+-]\d\d:?\d\d)?)?|\d{1,19}")
IDENTIFIER = re.compile(r"[\w.:@*/ -]{1,160}")
LINK = re.compile(r"/api/v2/[^\s\"'<>]{1,400}")

# Fields whose values come from the platform, not from people.
PLAIN_WORDS = word_set(
    "action actions actionset actionsets authorizedgranttype authorizedscope authorizedscopes channel channels code "
    "cobrowserole communicationtype condition conditiontype contextid correlationid direction disconnecttype domain enabled "
    "entityname entitytype environment errorcode eventtype grant granttype grants id initialstate key label mediatype "
    "mediatypes method namespace operation operationid originatingdirection permission permissions platform policies "
    "provider providerid providers purpose querytype region resulttype rule scope scopes sessiontype state status "
    "subjecttype templateuri tokentype type version versions pagesize mediasubtype messagetype alloweddomains"
)
TIMES = re.compile(r"(?:^date|^time|time$|date$|timestamp$|expires$|expiry$|(?<=[a-z])At$|Date$|Time$)", re.IGNORECASE)
# In an error response these are written by the platform.
ERROR_WORDS = word_set(
    "message messagewithparams error errordescription description detail title reason fieldname entityid entityname errorcode"
)
# Everything below these belongs to the customer or the agent, including numbers.
WITHHELD = word_set(
    "attributes body content context customattributes customerdata customfields data metadata participantdata payload "
    "questionnaireresponse snippet text textbody messagetext normalizedmessage journeycontext callerid callinguri ani dnis"
)
# Entities named by an admin. People, queues and flows are excluded.
NAMED_PARENTS = word_set(
    "configuration configurations deployment deployments division divisions homedivision homeorganization "
    "oauthclient oauthclients organization permission permissions product products provider providers role roles "
    "roledivision roledivisions webdeployment webdeploymentconfiguration"
)
NAMES = word_set("name displayname")
WRAPPERS = word_set("entities results items")
NAMED_PATHS = re.compile(
    r"/api/v2/(?:organizations/(?:me|limits)|webdeployments/(?:deployments|configurations)|authorization/(?:roles|divisions|"
    r"permissions|products)|oauth/(?:clients|scopes)|cobrowse/providers)(?:[/?]|$)"
)


def names_root(url: str) -> bool:
    """Does this URL return entities named by an admin, so that top-level names may be stored?"""
    return bool(NAMED_PATHS.search(url)) and "/cobrowse/" not in url.replace("/api/v2/cobrowse/", "")


def keeps_names(key: str, around: bool) -> bool:
    """May the object under `key` keep its name? `around` is true where the names of the enclosing level may be kept."""
    plain = plain_name(key)
    return plain in NAMED_PARENTS or (around and plain in WRAPPERS)


def is_withheld(key: str) -> bool:
    return plain_name(key) in WITHHELD


def may_keep(key: str, value: str, named: bool, error: bool) -> bool:
    """May this string be stored under this key? It is masked again before that.

    `named` is true where names on this level were given by an admin, `error` for an error response.
    """
    plain = plain_name(key)
    if plain in PLAIN_WORDS:
        return bool(IDENTIFIER.fullmatch(value))
    if plain in NAMES:
        return named and len(value) <= 200
    if plain.endswith(("id", "ids")):
        return bool(UUID.fullmatch(value) or HEX32.fullmatch(value))
    if plain.endswith(("uri", "url", "href")):
        return bool(LINK.fullmatch(value))
    if TIMES.search(key):
        return bool(TIME.fullmatch(value))
    return error and plain in ERROR_WORDS
