"""The rescue pages: what is changed there is told like everything else."""

import pytest
from django.test import Client

from diagnostics.models import AuditEntry, User
from tests.factories import make_team_lead, make_user

pytestmark = pytest.mark.django_db


def test_a_person_who_is_deleted_there_is_in_the_log() -> None:
    ada = make_user("ada", is_staff=True, is_superuser=True)
    tess = make_team_lead("tess")
    browser = Client()
    browser.force_login(ada)
    assert browser.post(f"/admin/diagnostics/user/{tess.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="tess").exists()
    entry = AuditEntry.objects.get(action="person.deleted")
    assert (entry.actor, entry.name, entry.by) == ("ada", "tess", "web")
