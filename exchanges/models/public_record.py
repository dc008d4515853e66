"""Exchanges as the press and the two sides reported them: no case of anybody here, and no compartment."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import PublicRecordQuerySet
from core.partial_dates import PartialDateField


class PublicKind(models.TextChoices):
    EXCHANGE = "exchange", _("exchange")
    NO_EXCHANGE = "no_exchange", _("no exchange: handed to a third state")
    DID_NOT_TAKE_PLACE = "did_not_take_place", _("did not take place")


class PublicExchange(models.Model):
    """One line of the public record, filled from `exchanges/data/` alone. A count that is null is unknown, never zero."""

    line = models.PositiveIntegerField(unique=True)  # where it stands in the file
    kind = models.CharField(max_length=20, choices=PublicKind, default=PublicKind.EXCHANGE)
    held_on = PartialDateField()
    returned_to_ukraine = models.PositiveIntegerField(null=True, blank=True)
    returned_to_russia = models.PositiveIntegerField(null=True, blank=True)
    civilians = models.PositiveIntegerField(null=True, blank=True)
    mediator = models.CharField(max_length=160, blank=True)
    place = models.CharField(max_length=160, blank=True)
    notes = models.CharField(max_length=500, blank=True)
    sources = models.TextField()  # web addresses, one a line

    objects: ClassVar[Any] = PublicRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-line"]
        verbose_name = _("exchange of the public record")
        verbose_name_plural = _("exchanges of the public record")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PublicKind.values), name="public_exchange_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=PublicKind.EXCHANGE)
                | Q(returned_to_ukraine__isnull=True, returned_to_russia__isnull=True, civilians__isnull=True),
                name="public_no_exchange_counts_nobody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.held_on} {self.place}".strip()
