"""Checking claims on the page: for everybody signed in, without a script, and with secrets masked."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

pytestmark = pytest.mark.django_db

TOKEN = "kZr8vQ2mX5tYb7nL0pWc3sDf6gHj9aEu1iOx4RqTzVyB"


def test_a_team_lead_sees_what_is_wrong_and_what_is_nearest(as_lead: Client) -> None:
    page = as_lead.post("/claims/", {"text": "POST /api/v2/conversations/chat/{id}/cobrowse"}).content.decode()
    assert "<span>Wrong</span>" in page
    assert "<code>POST /api/v2/conversations/{conversationId}/cobrowse</code>" in page


def test_what_holds_behind_a_gateway_only_is_labelled(as_lead: Client) -> None:
    page = as_lead.post("/claims/", {"text": "GET /api/v2/cobrowse/providers"}).content.decode()
    assert "Provider gateway only" in page


def test_a_text_without_claims_says_so(as_lead: Client) -> None:
    page = as_lead.post("/claims/", {"text": "Good morning"}).content.decode()
    assert "nothing to judge" in page


@pytest.mark.parametrize("text", ["", "   ", "x" * 200_001])
def test_what_cannot_be_checked_says_why(as_lead: Client, text: str) -> None:
    answer = as_lead.post("/claims/", {"text": text})
    assert answer.status_code == 200
    assert b'class="errorlist"' in answer.content
    assert b'id="result"' not in answer.content


@pytest.mark.parametrize("tail", ["", "\x00"])
def test_the_text_comes_back_masked(as_lead: Client, tail: str) -> None:
    page = as_lead.post("/claims/", {"text": f"Authorization: Bearer {TOKEN}{tail}"}).content.decode()
    assert "Authorization: Bearer" in page
    assert TOKEN not in page


def test_nothing_pasted_becomes_markup(as_lead: Client) -> None:
    page = as_lead.post("/claims/", {"text": "GET /api/v2/<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page


def test_a_longer_text_is_checked_as_a_file(as_lead: Client) -> None:
    text = "POST /api/v2/conversations/chat/{id}/cobrowse\n" + "Good morning. " * 20_000
    file = SimpleUploadedFile("thread.txt", text.encode())
    page = as_lead.post("/claims/", {"text": "", "file": file}).content.decode()
    assert "<span>Wrong</span>" in page
    assert "<code>POST /api/v2/conversations/{conversationId}/cobrowse</code>" in page


@pytest.mark.parametrize("content", [b"  ", b"x" * 1_000_001])
def test_a_file_that_cannot_be_checked_says_why(as_lead: Client, content: bytes) -> None:
    page = as_lead.post("/claims/", {"text": "", "file": SimpleUploadedFile("thread.txt", content)}).content
    assert b'class="errorlist"' in page
    assert b'id="result"' not in page
