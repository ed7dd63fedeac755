"""Error pages: 400, 403 for a stale form, 413, 500 and 503."""

import logging
import sys

from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.defaults import server_error as page_for_our_failure

from diagnostics.api.problems import ProblemError
from diagnostics.operations.outages import RETRY_SECONDS, Outage, find_outage
from diagnostics.orgs.row_limits import limit_rows_of
from diagnostics.pages.diagnose import show_draft_again

log = logging.getLogger(__name__)

TOO_LARGE = (
    "This is too large. Paste only the failing call, up to a million characters, or choose a large HAR as a file."
)
UNREADABLE = "We couldn't read the request. Go back, reload the page and try again."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 with the remedy, which htmx shows in place of the preview."""
    if isinstance(exception, SessionInterrupted) and (outage := _outage_of(exception)):
        return database_outage(request, outage)
    if not isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return render(request, "400.html", {"sentence": UNREADABLE}, status=400)
    template = "parts/_refused.html" if request.headers.get("HX-Request") == "true" else "400.html"
    return render(request, template, {"sentence": TOO_LARGE}, status=413)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403, with the draft if the stale form was that of the first page."""
    is_draft = (
        request.method == "POST"
        and request.path in (reverse("start"), reverse("diagnose-read"))
        and request.user.is_authenticated
    )
    limit_rows_of(request, request.user)
    return show_draft_again(request) if is_draft else render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 if the database failed, in the view or in the session and sign-in before it; otherwise 500."""
    error = sys.exc_info()[1]
    outage = find_outage(error) if error is not None else None
    return database_outage(request, outage) if outage else page_for_our_failure(request)


def database_outage(request: HttpRequest, outage: Outage) -> HttpResponse:
    """Needs no database. A page, problem details below /api/, or one line of text for scripts and /metrics."""
    log.error("%s %s: %s (%s)", request.method, request.path[:500], outage.title, _kind(sys.exc_info()[1]))
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = ProblemError(503, outage.code, f"{outage.title}. {outage.why} Nothing was saved.").response()
    elif request.path.startswith("/metrics") or request.headers.get("HX-Request") == "true":  # app.js shows it
        text = f"{outage.title}. {outage.why}\n"
        response = HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")
    else:
        sent_form = request.method not in ("GET", "HEAD")
        context = {"outage": outage, "sent_form": sent_form, "address": request.get_full_path()}
        response = HttpResponse(render_to_string("503.html", context), status=503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]  # above, without a traceback
    return response


def _outage_of(error: BaseException) -> Outage | None:
    """Follows the chain of causes: Django reports a session it couldn't save as SessionInterrupted."""
    causes: BaseException | None = error
    while causes is not None:
        if outage := find_outage(causes):
            return outage
        causes = causes.__cause__ or causes.__context__
    return None


def _kind(error: BaseException | None) -> str:
    """Only the class, since the driver's message names hosts and users."""
    return type(getattr(error, "__cause__", None) or error).__name__
