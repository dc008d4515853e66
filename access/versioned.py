"""Shared rows say how often they were saved, so that a caller working from an older state can be told."""

from collections.abc import Iterable
from typing import Any

from django.db import models

from access.scoping import Compartmented


class Versioned(Compartmented):
    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.version += 1
        if update_fields is not None:
            update_fields = {*update_fields, "version"}
        super().save(*args, update_fields=update_fields, **kwargs)
