"""What a request brings is clean before a form, a filter or a view reads it."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from django import forms
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

import diagnostics
from diagnostics.web.clean_requests import MULTILINE_FIELDS, CleanRequestMiddleware

ODD = "a\0\x1b[31mb\u202ec\r\nd\u2028e"


def passed(request: HttpRequest) -> HttpRequest:
    """As the view gets it."""
    middleware = CleanRequestMiddleware(lambda request: HttpResponse())
    middleware(request)
    middleware.process_view(request, lambda request: HttpResponse(), (), {})
    return request


def form_classes() -> Iterator[type[forms.BaseForm]]:
    for module in pkgutil.walk_packages(diagnostics.__path__, "diagnostics."):
        if "forms" not in module.name.split("."):
            continue
        for each in vars(importlib.import_module(module.name)).values():
            if isinstance(each, type) and issubclass(each, forms.BaseForm):
                yield each


def test_query_form_and_headers_are_cleaned() -> None:
    request = passed(
        RequestFactory().post(
            "/x?q=%00a%1bb%e2%80%ae&\x00n=1", {"name": ODD, "text": ODD}, HTTP_USER_AGENT="a\0\x1b[31mb\u202ec"
        )
    )
    assert (request.GET["q"], request.GET["n"]) == ("ab", "1")
    assert (request.POST["name"], request.POST["text"]) == ("abc d e", "abc\nd\ne")
    assert request.META["HTTP_USER_AGENT"] == "abc"


@pytest.mark.parametrize("name", ["password", "secret", "new_password1", "webhook_secret"])
def test_a_secret_stays_as_it_was_typed(name: str) -> None:
    assert passed(RequestFactory().post("/x", {name: ODD})).POST[name] == ODD


def test_a_body_that_a_view_reads_itself_is_left_to_it() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.body)

    view.csrf_exempt = True  # type: ignore[attr-defined]
    request = RequestFactory().post("/x", "a=%00", content_type="application/x-www-form-urlencoded")
    middleware = CleanRequestMiddleware(view)
    middleware.process_view(request, view, (), {})
    response = middleware(request)
    assert isinstance(response, HttpResponse)
    assert response.content == b"a=%00"


def test_every_text_area_of_every_form_may_have_several_lines() -> None:
    found = {
        name
        for form in form_classes()
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field.widget, forms.Textarea)
    }
    assert found == MULTILINE_FIELDS
