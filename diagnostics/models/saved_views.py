"""Named views of the run list."""

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from diagnostics.fields import RedactedCharField, RedactedTextField
from diagnostics.models.people import User


class SavedView(models.Model):
    """A named set of filters of the run list, for everybody. `query` is the query string, without its question mark."""

    name = RedactedCharField(max_length=80)
    query = RedactedTextField(blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = [Lower("name")]
        constraints = [models.UniqueConstraint(Lower("name"), name="saved_view_name_unique")]

    def __str__(self) -> str:
        return self.name
