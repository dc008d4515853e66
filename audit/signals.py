"""Sent after commit, once for every event written: somebody may want to read the log of `compartment_id`."""

from django.dispatch import Signal

recorded = Signal()
