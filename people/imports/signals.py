"""Sent after commit: there is work to do on the import of `import_id`."""

from django.dispatch import Signal

waiting = Signal()
