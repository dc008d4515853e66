"""Exports of persons. Who took what out, and what for, is an event of their own log."""

import hashlib
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from access.acting import NotAllowed
from access.models import User
from access.roles import May, holders_spelt
from access.scoping import seats_of
from audit.chain import canonical
from audit.recording import record
from core.errors import InputRefused
from core.text import clean_text
from people.models import Person
from people.operations.watching import note_rows
from people.search.finding import narrowed

PURPOSE_LENGTH = 300
FORMATS = ("csv", "xlsx", "json", "pfif")


@transaction.atomic
def export_persons(*, actor: User, kind: str, purpose: str, sought: str = "") -> list[uuid.UUID]:
    """The dossiers that leave, each person once, by name; one event for each house they leave by."""
    purpose = clean_text(purpose)
    if not purpose or len(purpose) > PURPOSE_LENGTH or kind not in FORMATS:
        sentence = _("Say what this is for.")
        raise InputRefused(sentence, errors={"purpose": [sentence]})
    rows = narrowed(Person.objects.where(actor, May.EXPORT).real().unmerged(), sought, actor)
    found = list(rows.order_by("label", "id").values_list("pk", "compartment_id"))
    if not found:
        raise InputRefused(_("There is nobody here whom you may export."), errors={})
    by_half: dict[uuid.UUID, list[uuid.UUID]] = {}
    for pk, half in found:
        by_half.setdefault(half, []).append(pk)
    for half, pks in by_half.items():
        seat = next((seat for seat in seats_of(actor, half) if May.EXPORT in seat.capabilities), None)
        if seat is None:
            raise NotAllowed(_("This is for %(who)s.") % {"who": holders_spelt((May.EXPORT,))})
        home = seat.organisation.home
        record(
            "export.made", subject=home, compartment=home, actor=actor, seat=seat,
            data={
                "purpose": purpose, "format": kind, "count": len(pks), "narrowed": bool(sought.strip()),
                "digest": hashlib.sha256(canonical(sorted(map(str, pks)))).hexdigest(),
            },
        )  # fmt: skip
    note_rows((half for _pk, half in found), actor=actor)
    return [pk for pk, _half in found]
