"""Signal of issues for the packages above them. Receivers run in the transaction that changes the issues."""

from django.dispatch import Signal

# Argument: changes (list of an issue's ID and one of CHANGES).
issues_changed = Signal()
CHANGES = ("new", "reopened", "resolved", "accepted", "acceptance_ended", "assigned")
