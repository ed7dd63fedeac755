"""The audit log: who did what. Rows are only ever added; the database itself refuses to change or delete one."""

from django.db import models
from django.utils import timezone


class AuditEntry(models.Model):
    """One act. People and things are kept by name, so that an entry says the same when they are gone."""

    at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(
        null=True, blank=True
    )  # no foreign key: nothing may change a row, not even a deletion elsewhere
    actor = models.CharField(max_length=150, blank=True)  # "" where the product acted by itself
    by = models.CharField(max_length=20, blank=True)  # web, api, cli, system
    action = models.CharField(max_length=60)  # noun and verb, such as client.added
    thing = models.CharField(max_length=40, blank=True)
    thing_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=300, blank=True)
    client_id = models.BigIntegerField(null=True, blank=True)  # whose org it is about
    address = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["at"], name="audit_time"),
            models.Index(fields=["action", "-id"], name="audit_action_recent"),
            models.Index(fields=["actor", "-id"], name="audit_actor_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.actor or 'The product'}: {self.action} {self.name}"
