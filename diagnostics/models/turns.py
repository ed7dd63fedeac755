"""Whose turn it is: when each person and org was last served by a queue."""

from django.db import models


class Turn(models.Model):
    """The last time a worker took something of this person (0 for nobody's) and this org from a queue."""

    queue = models.CharField(max_length=20)
    person = models.BigIntegerField(default=0)
    org = models.CharField(max_length=80, blank=True)
    served_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "person", "org"], name="turn_once")]

    def __str__(self) -> str:
        return f"{self.queue}: {self.person} {self.org}"
