"""Which strings of an org's answers may be stored: an admin's facts, never a customer's words."""

import re

from diagnostics.redaction.patterns import UUID, plain_name, word_set

HEX32 = re.compile(r"[0-9a-fA-F]{32}")
TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]{4,18}(?:Z|[+-]\d\d:?\d\d)?)?|\d{1,19}")
IDENTIFIER = re.compile(r"[\w.:@*/ -]{1,160}")
LINK = re.compile(r"/api/v2/[^\s\"'<>]{1,400}")

# Whose strings are words of the platform, not of people.
PLAIN_WORDS = word_set(
    "action actions actionset actionsets authorizedgranttype authorizedscope authorizedscopes channel channels code "
    "cobrowserole communicationtype condition conditiontype contextid correlationid direction disconnecttype domain enabled "
    "entityname entitytype environment errorcode eventtype grant granttype grants id initialstate key label mediatype "
    "mediatypes method namespace operation operationid originatingdirection permission permissions platform policies "
    "provider providerid providers purpose querytype region resulttype rule scope scopes sessiontype state status "
    "subjecttype templateuri tokentype type version versions pagesize mediasubtype messagetype alloweddomains"
)
TIMES = re.compile(r"(?:^date|^time|time$|date$|timestamp$|expires$|expiry$|(?<=[a-z])At$|Date$|Time$)", re.IGNORECASE)
# In an error the words are the platform's own.
ERROR_WORDS = word_set(
    "message messagewithparams error errordescription description detail title reason fieldname entityid entityname errorcode"
)
# Everything below is the customer's or the agent's, numbers too.
WITHHELD = word_set(
    "attributes body content context customattributes customerdata customfields data metadata participantdata payload "
    "questionnaireresponse snippet text textbody messagetext normalizedmessage journeycontext callerid callinguri ani dnis"
)
# Things an admin named; people, queues and flows are not among them.
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
    """Does this address answer with things an admin named, so that the names at the top may be kept?"""
    return bool(NAMED_PATHS.search(url)) and "/cobrowse/" not in url.replace("/api/v2/cobrowse/", "")


def keeps_names(key: str, around: bool) -> bool:
    """May what lies under `key` show its name? Lists of entities show it where the address said so."""
    plain = plain_name(key)
    return plain in NAMED_PARENTS or (around and plain in WRAPPERS)


def is_withheld(key: str) -> bool:
    return plain_name(key) in WITHHELD


def may_keep(key: str, value: str, named: bool, error: bool) -> bool:
    """May this string be stored under this key? It is masked once more before it is."""
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
