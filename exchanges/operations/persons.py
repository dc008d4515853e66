"""What a list means for the dossiers behind it: who stands on an open one, and who cannot be one person with another."""

import uuid
from collections.abc import Collection

from django.utils.translation import gettext as _

from access.models import Compartment
from exchanges.models import OPEN, Entry, EntryLink, Outcome, Placement, Receipt, SignOffPolicy
from exchanges.transitions.exchange import NEGOTIATING_TO_UNDER_WAY


def standing_on_open_lists(home: Compartment, persons: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these dossiers that an entry means which is not withdrawn; lists whose policy waives pairs are left out."""
    waived = SignOffPolicy.objects.unscoped("own party's policies").filter(compartment=home, pairs_waived=True)
    links = EntryLink.objects.unscoped("own party's compartment").filter(
        compartment=home, person__in=persons, entry__direction__exchange__status__in=NEGOTIATING_TO_UNDER_WAY,
        entry__in=Entry.objects.unscoped("narrows own links").filter(OPEN).values("pk"),
    ).exclude(entry__direction__exchange__negotiation__in=waived.values("participant__negotiation"))  # fmt: skip
    return set(links.values_list("person_id", flat=True))


def placed_twice(home: Compartment, persons: Collection[uuid.UUID]) -> str:
    """DESIGN rule 1: two dossiers that are placed each in an open locked tranche are not merged before one is free."""
    rows = Placement.objects.unscoped("own people").filter(compartment=home, person__in=persons, released_at=None)
    placed = list(rows.select_related("entry", "tranche__exchange").order_by("placed_at", "entry__number")[:3])
    if len(placed) < 2:
        return ""
    places = [f"{row.entry} ({row.tranche.reference})" for row in placed]
    return _("Both stand in a locked tranche: %(places)s. Unlock one of them first.") % {"places": ", ".join(places)}


def exchanged_already(home: Compartment, persons: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these dossiers that an entry means which was received: by the latest receipt, whoever wrote it."""
    links = EntryLink.objects.unscoped("own party's compartment").filter(compartment=home, person__in=persons)
    person_of = dict(links.values_list("entry_id", "person_id"))
    latest = Receipt.objects.unscoped("of the lines that own dossiers mean").filter(entry__in=person_of)
    outcomes = dict(latest.order_by("entry", "sequence").values_list("entry_id", "outcome"))
    return {person_of[entry] for entry, outcome in outcomes.items() if outcome == Outcome.RECEIVED}
