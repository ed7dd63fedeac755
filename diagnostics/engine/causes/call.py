"""Causes in the call itself: its path, method and body."""

from diagnostics.engine.causes.cause import (
    READ_CONVERSATION,
    READ_SESSION,
    START,
    START_PERMISSIONS,
    Cause,
    error_response,
)

NOT_FOUND = error_response("404 Not Found", "not.found", "The requested resource was not found.")
BAD_REQUEST = error_response(
    "400 Bad Request", "bad.request", "The request could not be understood by the server due to malformed syntax."
)

CALL_CAUSES = (
    Cause(
        code="path.not_in_api",
        title="Path isn't in the Genesys Cloud API",
        node="call",
        meaning="The call goes to a path that Genesys Cloud doesn't publish, so nothing answers there. The usual ones are "
        "/api/v2/conversations/chat/{id}/cobrowse, anything ending in /cobrowse/sessions, and anything below /api/v2/cobrowse. "
        "They come from forum posts and generated code.",
        evidence="We compare the path with every published operation, without sending anything. If a response doesn't fit, "
        "we also read the path and one that can't exist from the org, and compare the two responses.",
        fix=(f"Call {START} instead, without a body.",),
        myth="A 404 for a live conversation is often blamed on a missing OAuth scope, on the conversation's state, or on the "
        "providerId. None of them matters while the path is wrong. Appending /sessions to the path makes it worse: the "
        "published path ends in /cobrowse.",
        response="A 404 that looks exactly like the one for an unknown conversation. Its wording doesn't tell them apart.",
        example=NOT_FOUND,
        permissions=START_PERMISSIONS,
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="path.wrong_method",
        title="Right path, wrong method",
        node="call",
        meaning="The path is published, but not with this HTTP method. Only POST starts a cobrowse session.",
        evidence="We compare the method with those that the API publishes for this path.",
        fix=(
            f"To start a session, call {START}.",
            f"To read a session, call {READ_CONVERSATION}, or with the deployment's ID {READ_SESSION}.",
        ),
        myth="A 404 or 405 doesn't always mean a wrong path or an unknown conversation. Both can be right when only the method is wrong.",
        response="A 405, or a 404. Some gateways answer either.",
        example="HTTP/1.1 405 Method Not Allowed",
        afterwards=("The path and the conversation aren't the problem.",),
        operations=(START, READ_CONVERSATION, READ_SESSION),
        is_in_the_call=True,
    ),
    Cause(
        code="path.placeholder_unexpanded",
        title="Placeholder never filled in",
        node="call",
        meaning="The URL still contains the name of a variable, such as {conversationId}, {{id}}, ${ID} or :id, where a value "
        "belongs. The variable was empty, misspelled, or the tool doesn't fill it in.",
        evidence="We look for the placeholder formats of shells, Postman, templates and API documentation in the host and the path.",
        fix=(
            "Put the ID of a live conversation in place of the placeholder.",
            "Check the variable that should fill it: its name, and whether it's set where the call runs.",
        ),
        myth="The response looks like the one for an unknown conversation, but the call never asked for one.",
        response="Usually a 404 or a 400. A placeholder in the host gives a DNS error, and no response at all.",
        example=NOT_FOUND,
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="path.id_missing",
        title="Conversation ID missing from the path",
        node="call",
        meaning="The path has no conversation ID, for example /api/v2/conversations/cobrowse or a double slash. The code that "
        "builds the URL ran with an empty ID.",
        evidence="We compare the path with the published one and see that only the ID is missing.",
        fix=(f"Call {START} with the ID of the conversation.", "Check where the ID comes from: it was empty."),
        myth="The ID doesn't belong in the body or the query. The call has neither.",
        response="A 404, because the path without an ID isn't published.",
        example=NOT_FOUND,
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="path.base_duplicated",
        title="Base path repeated",
        node="call",
        meaning="The URL contains /api/v2 twice. The base URL in a setting already ends in it, and the code adds it again.",
        evidence="We see it in the path itself.",
        fix=("Remove /api/v2 from either the base URL or the path.",),
        myth="An SDK sets the base path itself. Give it only the API host.",
        response="A 404.",
        example=NOT_FOUND,
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="path.trailing_slash",
        title="Path ends in a slash",
        node="call",
        meaning="The path is right except for a slash at its end. With it, it's another path, which isn't published.",
        evidence="We see it in the path itself: without the slash it's published.",
        fix=("Remove the slash at the end.",),
        myth="Web servers often ignore a trailing slash. Don't rely on that for an API.",
        response="A 404, or a redirect by something in front of the API.",
        example=NOT_FOUND,
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="path.legacy_resource",
        title="Path of a retired resource",
        node="call",
        meaning="The path belonged to a product that Genesys has removed from the API, such as /api/v2/conversations/chats "
        "or /api/v2/webchat of legacy web chat.",
        evidence="We compare the path with the resources that were removed from the published API in August 2026.",
        fix=(
            f"Call {START} for a conversation of web messaging or voice.",
            "Move the site from legacy web chat to Messenger.",
        ),
        myth="The path worked once, so it's easy to suspect the token or the network. But the resource itself is gone.",
        response="A 404, or a 410.",
        example=NOT_FOUND,
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="body.unexpected",
        title="Body not expected",
        node="call",
        meaning="The call sends a JSON body, but the operation takes none. Usually the body has a providerId, participants "
        "or a sessionId, which no published cobrowse operation knows.",
        evidence="The API publishes no body for this operation. We only name this cause if nothing else is wrong and the "
        "response rejects the body, because servers often ignore it.",
        fix=("Leave the body out.",),
        myth="A 404 isn't caused by a wrong providerId: there are no providers in the published API.",
        response="Often nothing: the call works. Otherwise a 400.",
        example=BAD_REQUEST,
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="body.malformed_json",
        title="Body isn't valid JSON",
        node="call",
        meaning="The body can't be parsed: single quotes, a comma before a closing bracket, or quotes that the shell removed.",
        evidence="We parse the body as the API would and report the line and column of the first error.",
        fix=(
            "The cobrowse call takes no body: leave it out.",
            "For another call, fix the body at the position we report.",
        ),
        myth="The error is often mistaken for a missing field. In fact nothing was parsed, because the body isn't JSON.",
        response="A 400.",
        example=BAD_REQUEST,
        operations=(START,),
        is_in_the_call=True,
    ),
    Cause(
        code="body.content_type",
        title="Content type not accepted",
        node="call",
        meaning="The body is sent with a Content-Type other than application/json, for example as a form.",
        evidence="We read the Content-Type of the call. A 415 in the response proves it.",
        fix=(
            "The cobrowse call takes no body: leave it out, with its Content-Type.",
            "For another call, send application/json.",
        ),
        myth="With -d and no Content-Type header, curl sends a form. The token isn't the problem.",
        response="A 415, or a 400.",
        example=error_response("415 Unsupported Media Type", "unsupported.media.type", "Unsupported Media Type"),
        operations=(START,),
        is_in_the_call=True,
    ),
)
