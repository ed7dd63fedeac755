"""Watches: a branch of a run, checked again until it is right."""

from django.db import models
from django.utils import timezone

from diagnostics.fields import RedactedTextField
from diagnostics.models.people import User
from diagnostics.models.runs import Run


class Watch(models.Model):
    """Checks one branch of a run again and again until it is right, for some minutes. The tick moves it on."""

    class State(models.TextChoices):
        WATCHING = "watching", "Watching"
        MENDED = "mended", "Mended"
        NOT_MENDED = "not_mended", "Not mended in time"
        STOPPED = "stopped", "Stopped"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="watches")
    check_id = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WATCHING)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    checked = models.PositiveSmallIntegerField(default=0)
    latest = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = RedactedTextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["run"], condition=models.Q(state="watching"), name="watch_open_once")
        ]

    def __str__(self) -> str:
        return f"Watch of run {self.run_id}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.WATCHING
