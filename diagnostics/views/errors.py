"""What is said when a request cannot be understood."""

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

TOO_LARGE = "What was sent is too large. Paste the failing call alone, at most a million characters; a large HAR can be chosen as a file."
UNREADABLE = "The request could not be read. Go back, reload the page and try again."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 with what to do about it. htmx swaps the 413 into the place of the preview."""
    if not isinstance(exception, RequestDataTooBig | TooManyFieldsSent):
        return render(request, "400.html", {"sentence": UNREADABLE}, status=400)
    template = "parts/_refused.html" if request.headers.get("HX-Request") == "true" else "400.html"
    return render(request, template, {"sentence": TOO_LARGE}, status=413)
