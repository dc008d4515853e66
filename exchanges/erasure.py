"""What exchanges have to say when a dossier is erased or made a decoy."""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext as _

from exchanges.models import Brief, Clearance, EntryLink, Placement
from people.models import Person


def stands_in_a_locked_tranche(person: Person) -> str:
    """Whoever travels is not erased on the way: the go, the receipt and the family need to know who this is."""
    placed = Placement.objects.unscoped("of one dossier under lock").filter(person=person, released_at=None)
    if row := placed.select_related("tranche__exchange").first():
        return _("Stands in a locked tranche: %(tranche)s. Unlock it, or wait until it is settled.") % {
            "tranche": row.tranche.reference
        }
    return ""


def stands_on_a_list(person: Person) -> str:
    linked = EntryLink.objects.unscoped("of one dossier under lock").filter(person=person)
    return _("This dossier stands on a list: it is somebody.") if linked.exists() else ""


def kept_about(person: Person) -> Iterable[models.Model]:
    """Our private half of the lines that mean this person. The lines themselves stay as they were disclosed."""
    links = EntryLink.objects.unscoped("of one dossier under lock").filter(person=person)
    meant = links.values("entry")
    for model in (Brief, Clearance):
        yield from model.objects.unscoped("the same side's").filter(compartment=person.compartment_id, entry__in=meant)
