"""People with an account."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models


class User(AbstractUser):
    """A person. Admins may do everything; the other roles say what else than reading is allowed.

    Who `is_limited` sees only clients of the orgs in `only_orgs`, by their ids, and clients they registered themselves.
    """

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        OPERATOR = "operator", "Operator"
        TEAM_LEAD = "team_lead", "Team lead"
        AUDITOR = "auditor", "Auditor"

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.TEAM_LEAD)
    is_limited = models.BooleanField(default=False, db_default=False)
    only_orgs = ArrayField(models.CharField(max_length=64), default=list, blank=True, db_default=[])

    @property
    def is_admin(self) -> bool:
        return self.is_active and self.role == self.Role.ADMIN

    @property
    def may_run(self) -> bool:
        """Diagnose, repeat, watch, read an org anew: what asks an org, and changes nothing of who may ask it."""
        return self.is_active and self.role in (self.Role.ADMIN, self.Role.OPERATOR)

    @property
    def may_note(self) -> bool:
        return self.is_active and self.role in (self.Role.ADMIN, self.Role.TEAM_LEAD)

    @property
    def may_audit(self) -> bool:
        return self.is_active and self.role in (self.Role.ADMIN, self.Role.AUDITOR)

    @property
    def sees_all(self) -> bool:
        """Admins are never limited: they could lift any limit themselves."""
        return not self.is_limited or self.role == self.Role.ADMIN

    @property
    def orgs_in_sight(self) -> list[str]:
        """A client whose org is not known has an empty id, which is no org that anybody could be given."""
        return [org for org in self.only_orgs if org]
