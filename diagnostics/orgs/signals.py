"""Signals of an org for the packages above it. Receivers run in the transaction that stores the rows."""

from django.dispatch import Signal

# Argument: client (OAuthClient). Sent when the failing calls of a client were read.
usage_read = Signal()
