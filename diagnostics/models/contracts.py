"""What was read of the regions' contracts."""

from django.db import models
from django.utils import timezone

from diagnostics.fields import RedactedTextField
from diagnostics.models.people import User


class ContractVersion(models.Model):
    """One attempt to read a region's contract, and its operations where it came out well.

    The newest one that is `kept` is in force for its region. An attempt that told nothing new is `unchanged`, one that
    failed or was not plausible is `refused`, with the sentence that says why; both leave the one in force.
    """

    class State(models.TextChoices):
        FETCHING = "fetching", "Being read"
        KEPT = "kept", "Kept"
        UNCHANGED = "unchanged", "Nothing new"
        REFUSED = "refused", "Not used"

    region = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.FETCHING)
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    taken_up_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    version = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    operations = models.PositiveIntegerField(default=0)
    document = models.BinaryField(null=True, blank=True)  # the operations, compressed; null where nothing was kept
    error = RedactedTextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["region", "state", "-id"], name="contract_in_force")]
        constraints = [
            models.UniqueConstraint(
                fields=["region"], condition=models.Q(state="fetching"), name="contract_one_refresh_a_region"
            )
        ]

    def __str__(self) -> str:
        return f"{self.region}: {self.version or self.get_state_display()}"
