"""Causes in the conversation: whether it exists, is live, and has a medium with cobrowse."""

from diagnostics.engine.causes.cause import (
    READ_CONVERSATION,
    READ_HISTORY,
    READ_SESSION,
    START,
    VIEW_CONVERSATION,
    Cause,
    error_response,
)

UNDOCUMENTED = (
    "Genesys doesn't document the status. 400, 403, 404 and 409 are all possible, so we read the state instead."
)

CONVERSATION_CAUSES = (
    Cause(
        code="conv.not_found",
        title="Conversation not found",
        node="conversation",
        meaning="The path is right, but this client sees no conversation with this ID.",
        evidence="We read the conversation, its history, and an ID that can't exist, and compare the responses. A conversation "
        "that is merely hidden from the client gets a different response.",
        fix=(
            "Check that it is a conversation ID, not that of a participant, a communication or a session.",
            "Check that the conversation belongs to this org and region.",
        ),
        myth="The same 404 comes from a wrong path. Check that first. Genesys doesn't document that a missing scope causes it.",
        response="A 404.",
        example=error_response("404 Not Found", "not.found", "The requested resource was not found."),
        afterwards=("The path is right: only the ID, the org or the region can be wrong.",),
        permissions=(VIEW_CONVERSATION,),
        operations=(READ_CONVERSATION, READ_HISTORY),
    ),
    Cause(
        code="conv.id_malformed",
        title="Conversation ID malformed",
        node="conversation",
        meaning="The value in place of the conversation ID isn't a UUID: it was cut off, has quotes or braces around it, or is "
        "another kind of ID.",
        evidence="A UUID has 36 characters, the digits 0-9, the letters a-f and four hyphens. We check that without a request.",
        fix=("Copy the ID from the interaction's URL or the conversation's event, without anything around it.",),
        myth="The response is often that of an unknown conversation. No conversation can have this ID.",
        response="A 400 or a 404.",
        example=error_response("404 Not Found", "not.found", "The requested resource was not found."),
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="conv.ended",
        title="Conversation has ended",
        node="conversation",
        meaning="All communications of the conversation are disconnected. Cobrowse needs a live one.",
        evidence="We read the conversation's end time and the state of each communication, or find it only in the history. The "
        "status of the response proves nothing.",
        fix=("Start cobrowse while the interaction is live.",),
        myth="Trying again later doesn't help: an ended conversation doesn't come back. The field state of a conversation is "
        "always empty, so code that checks it always fails.",
        response=UNDOCUMENTED,
        example=error_response("404 Not Found", "not.found", "The requested resource was not found."),
        permissions=(VIEW_CONVERSATION,),
        operations=(READ_CONVERSATION, READ_HISTORY),
    ),
    Cause(
        code="conv.not_connected",
        title="Conversation isn't connected",
        node="conversation",
        meaning="The conversation is live, but customer and agent aren't both connected: the customer waits in the queue, the "
        "agent hasn't answered, or the agent has parked it.",
        evidence="We read the state of each participant's newest communication.",
        fix=("Start cobrowse after the agent has answered and both are connected.",),
        myth='There is no state "queued" or "closed" in the API. A waiting customer shows as a connected acd participant without an agent.',
        response=UNDOCUMENTED,
        example=error_response(
            "409 Conflict", "general.conflict", "The request conflicts with the current state of the target resource."
        ),
        permissions=(VIEW_CONVERSATION,),
        operations=(READ_CONVERSATION,),
    ),
    Cause(
        code="conv.media_unsupported",
        title="Media type without cobrowse",
        node="conversation",
        meaning="The conversation is an email, a callback, SMS, WhatsApp or legacy web chat. Cobrowse is for web messaging "
        "(Messenger) and voice only.",
        evidence="We read the media types of the conversation's communications.",
        fix=(
            "Move the customer to web messaging or a call.",
            "If the site still uses legacy web chat, move it to Messenger.",
        ),
        myth="Legacy web chat and web messaging are different products. No change of the call makes cobrowse work for chat.",
        response=UNDOCUMENTED,
        permissions=(VIEW_CONVERSATION,),
        operations=(READ_CONVERSATION,),
    ),
    Cause(
        code="conv.session_conflict",
        title="Session already open or offered",
        node="conversation",
        meaning="A cobrowse session is open or offered already, or the conversation has just changed.",
        evidence="The response is a 409, and the conversation is live and connected.",
        fix=("End the open session, or wait until its offer has expired.",),
        myth="Sending the call again and again only produces more conflicts.",
        response="A 409.",
        example=error_response(
            "409 Conflict", "general.conflict", "The request conflicts with the current state of the target resource."
        ),
        afterwards=("Then offer a new session.",),
        operations=(READ_SESSION, READ_CONVERSATION),
    ),
)
