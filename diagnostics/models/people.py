"""People with an account."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person. Admins may do everything; team leads read and change nothing."""

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        TEAM_LEAD = "team_lead", "Team lead"

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.TEAM_LEAD)

    @property
    def is_admin(self) -> bool:
        return self.is_active and self.role == self.Role.ADMIN
