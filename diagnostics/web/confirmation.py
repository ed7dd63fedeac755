"""The page that asks before something is deleted or taken away."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url


def confirmation_page(
    request: HttpRequest, heading: str, sentence: str, button: str, back: Any, *, tone: str = "danger", **context: Any
) -> HttpResponse:
    """`back` is where Cancel leads: a URL name, or a list of a URL name and its arguments."""
    name, *arguments = back if isinstance(back, list) else [back]
    values = {"heading": heading, "sentence": sentence, "button": button, "tone": tone, **context}
    return render(request, "parts/confirm.html", {**values, "back": resolve_url(name, *arguments)})
