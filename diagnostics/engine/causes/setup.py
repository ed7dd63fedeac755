"""Causes in the setup of the org: web deployments, the license, and provider gateways."""

from diagnostics.engine.causes.cause import (
    DEPLOYMENTS_MENU,
    MESSENGER_MENU,
    READ_CATALOG,
    READ_DEPLOYMENTS,
    START,
    START_PERMISSIONS,
    VIEW_DEPLOYMENTS,
    Cause,
    error_response,
)

GATEWAY_LIST = "GET /api/v2/cobrowse/providers"
UNDOCUMENTED = "Genesys doesn't document the status, so we read the setting instead."
LICENSES = "Genesys Cloud CX 1 Digital Add-on II, CX 2, CX 2 Digital, CX 3 or CX 3 Digital"

SETUP_CAUSES = (
    Cause(
        code="config.cobrowse_disabled",
        title="Cobrowse disabled in the deployment",
        node="deployment",
        meaning="Cobrowse is off in the published Messenger configuration of the web deployment, or off for the "
        "conversation's channel.",
        evidence="We read the active version of each deployment's configuration: whether cobrowse is enabled and for which channels.",
        fix=(f"{MESSENGER_MENU}: switch on Co-browse, add the channel, and publish.", "Save the deployment."),
        myth="Switching it on in a draft isn't enough: the configuration has to be published, and the deployment saved. "
        "Permissions and the call are right.",
        response=UNDOCUMENTED,
        menu=MESSENGER_MENU,
        permissions=(VIEW_DEPLOYMENTS,),
        operations=(READ_DEPLOYMENTS,),
    ),
    Cause(
        code="config.deployment_inactive",
        title="Web deployment isn't active",
        node="deployment",
        meaning="No web deployment of the org is active, so Messenger isn't served and no cobrowse session can start.",
        evidence="We read the status of every deployment.",
        fix=("Publish the Messenger configuration.", "Set the deployment to active and save it."),
        myth="A deployment that shows cobrowse as enabled doesn't help while it is inactive.",
        response=UNDOCUMENTED,
        menu=DEPLOYMENTS_MENU,
        permissions=(VIEW_DEPLOYMENTS,),
        operations=(READ_DEPLOYMENTS,),
    ),
    Cause(
        code="config.feature_not_licensed",
        title="No cobrowse license",
        node="permission",
        meaning=f"The org's license doesn't include cobrowse. It needs {LICENSES}.",
        evidence="The org's catalog of permissions doesn't have the cobrowse permissions, so no role can have them.",
        fix=("Ask for the license.",),
        myth="An error that names a missing permission suggests changing a role. But a permission that isn't in the org's catalog "
        "can't be added to any role.",
        response="A 403 that names the permission, or a 501.",
        example=error_response(
            "501 Not Implemented", "not.implemented", "Feature toggle is not enabled for this endpoint."
        ),
        menu="Admin > Account Settings > Subscription",
        permissions=START_PERMISSIONS,
        operations=(READ_CATALOG,),
    ),
    Cause(
        code="config.offer_expired",
        title="Offer expired or declined",
        node="deployment",
        meaning="The call worked: a session was offered. The customer didn't accept it in time, or declined it.",
        evidence="The response is a 200 whose dateOfferEnds has passed, or a session that no longer exists.",
        fix=("Offer a new session, and have the customer accept it on the page in time.",),
        myth="The API isn't at fault. An offer is open only for a short time: dateOfferEnds says until when.",
        response="A 200 for the start; later a 404 for the session.",
        example='HTTP/1.1 200 OK\nContent-Type: application/json\n\n{"id": "…", "communicationType": "Message", "dateOfferEnds": "…"}',
        operations=(START,),
    ),
    Cause(
        code="config.legacy_cobrowse_retired",
        title="Legacy cobrowse is retired",
        node="deployment",
        meaning="The call or the snippet belongs to legacy co-browse for web chat and voice. Its support ended on 2025-01-27.",
        evidence="The path is one of the deprecated cobrowsesessions operations, or the response says so.",
        fix=(
            "Move the site to Messenger and enable cobrowse in its configuration.",
            f"Start sessions with {START}.",
        ),
        myth="Legacy and new cobrowse don't work together. A legacy snippet can't join a new session.",
        response="A 404 or a 410.",
        menu=MESSENGER_MENU,
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="provider.mismatch",
        title="providerId doesn't match",
        node="provider",
        meaning="The org has a provider gateway in front of the API. The call names a providerId that the gateway doesn't list, "
        "or none at all.",
        evidence="We read the gateway's provider list and compare it exactly, upper and lower case included.",
        fix=("Send one of the gateway's provider IDs exactly as listed.",),
        myth="The published Genesys Cloud API has no providers and takes no body. This applies only to orgs with such a gateway.",
        response="A 400 or 404 of the gateway.",
        example='HTTP/1.1 404 Not Found\n\n{"message": "Unknown providerId", "code": "not.found", "status": 404}',
        operations=(GATEWAY_LIST,),
        is_in_the_call=True,
    ),
    Cause(
        code="provider.not_in_contract",
        title="The API has no providers",
        node="provider",
        meaning="The call names a providerId, but this org's API has no providers: the published call takes no body.",
        evidence="The org has no provider list, and the published operation has no body.",
        fix=("Leave the providerId out. Cobrowse is set up in web deployments.",),
        myth="GET /api/v2/cobrowse/providers isn't part of the Genesys Cloud API. Advice to match a providerId doesn't apply.",
        response="Often nothing: the call works. Otherwise a 400.",
        example=error_response(
            "400 Bad Request",
            "bad.request",
            "The request could not be understood by the server due to malformed syntax.",
        ),
        operations=(START,),
        is_in_the_call=True,
    ),
)
