"""Files of a dossier: the bytes lie in FILES_DIR under the row's id, the row says what they have to be."""

from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.roles import May
from access.scoping import Compartmented, compartments_where
from people.models.person import OfPersonQuerySet, Person


class AttachmentQuerySet(OfPersonQuerySet["Attachment"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        """What a file tells of decides who reads it; its name may tell as much, so that the row is hidden too."""
        seen = Q()
        for holds, capability in Attachment.READ_WITH.items():
            seen |= Q(compartment_id__in=compartments_where(viewer, capability), holds=holds)
        return seen & Q(compartment_id__in=compartments_where(viewer, May.READ_NAMES))


class Attachment(Compartmented):
    class Holds(models.TextChoices):
        ORDINARY = "ordinary", _("nothing restricted")
        HEALTH = "health", _("health")
        LEGAL = "legal", _("legal matters")
        FAMILY = "family", _("family")
        WITNESS = "witness", _("witnesses or ill-treatment")
        LOCATION = "location", _("a place of detention")

    READ_WITH: ClassVar[dict[str, str]] = {
        Holds.ORDINARY: May.READ_NAMES, Holds.HEALTH: May.READ_HEALTH, Holds.LEGAL: May.READ_LEGAL,
        Holds.FAMILY: May.READ_FAMILY, Holds.WITNESS: May.READ_WITNESS, Holds.LOCATION: May.READ_LOCATION,
    }  # fmt: skip

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="attachments")
    title = models.CharField(_("what it is"), max_length=160)
    holds = models.CharField(_("it tells of"), max_length=10, choices=Holds, default=Holds.ORDINARY)
    source = models.CharField(_("source"), max_length=160, blank=True)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    recorded_at = models.DateTimeField(editable=False)

    read_capability: ClassVar[tuple[str, ...]] = (May.READ_NAMES,)
    objects: ClassVar[Any] = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at"]
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return self.title

    @property
    def path(self) -> Path:
        return Path(settings.FILES_DIR) / str(self.pk)
