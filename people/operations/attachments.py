"""Files of a dossier: taken by what they are, kept without what they tell of their making, given out as downloads only."""

import hashlib
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.acting import checked, filled, seat_with
from access.models import User
from access.roles import May
from audit.recording import record
from core import clock
from core.errors import DomainError, InputRefused
from core.files import NotThisType, type_of, without_metadata, write_once
from people.models import Attachment, Person

# Who opens a file that tells of something restricted is written down as for the closed part itself.
READ_EVENT = {
    Attachment.Holds.HEALTH: "read.health", Attachment.Holds.LEGAL: "read.legal", Attachment.Holds.FAMILY: "read.family",
    Attachment.Holds.WITNESS: "read.ill_treatment", Attachment.Holds.LOCATION: "read.location",
}  # fmt: skip


class FileDamaged(DomainError):
    """What lies on the disk is not what was attached."""


@transaction.atomic
def attach(person: Person, *, content: bytes, actor: User, **values: Any) -> Attachment:
    """A PDF or a picture. Raises InputRefused at `file`. The file is on the disk before its row can be seen."""
    person = Person.objects.visible_to(actor).locked().get(pk=person.pk)
    seat = seat_with(actor, person.compartment_id, May.WRITE_PERSON)
    kind, kept = _taken(content)
    row = Attachment(
        person=person, compartment_id=person.compartment_id, media_type=kind, size=len(kept),
        sha256=hashlib.sha256(kept).hexdigest(), recorded_at=clock.now(),
    )  # fmt: skip
    checked(filled(row, values, only=("title", "holds", "source")))
    write_once(row.path, kept)
    try:
        row.save()
        record(
            "attachment.added", subject=person, actor=actor, seat=seat, data={"sha256": row.sha256, "size": row.size}
        )
    except BaseException:
        row.path.unlink(missing_ok=True)
        raise
    return row


@transaction.atomic
def open_attachment(attachment: Attachment, *, actor: User) -> tuple[Attachment, bytes]:
    """Its bytes, which are still those that were attached. Raises FileDamaged; a restricted one leaves an event."""
    attachment = Attachment.objects.visible_to(actor).get(pk=attachment.pk)
    try:
        content = attachment.path.read_bytes()
    except OSError as error:
        raise FileDamaged(_("The file is not there any more. Tell whoever keeps the server.")) from error
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise FileDamaged(_("The file was changed on the disk and is not given out. Tell whoever keeps the server."))
    if kind := READ_EVENT.get(Attachment.Holds(attachment.holds)):
        seat = seat_with(actor, attachment.compartment_id, Attachment.READ_WITH[attachment.holds])
        record(
            kind,
            subject=attachment.person,
            actor=actor,
            seat=seat,
            compartment=seat.organisation.home,
            data={"rows": 1},
        )
    return attachment, content


def _taken(content: bytes) -> tuple[str, bytes]:
    most = settings.ATTACHMENT_MOST_BYTES
    if len(content) > most:
        megabytes = most // 1024**2
        raise _refused(ngettext("A file may have %(most)s megabyte.", "A file may have %(most)s megabytes.", megabytes)
                % {"most": megabytes})  # fmt: skip
    kind = type_of(content)
    if not kind:
        raise _refused(_("Attach a PDF, a JPEG or a PNG. What the file is called does not matter, what is in it does."))
    try:
        return kind, without_metadata(content, kind)
    except NotThisType as error:
        raise _refused(
            _("The file is cut off or damaged: it begins like a picture and does not end like one.")
        ) from error


def _refused(sentence: str) -> InputRefused:
    return InputRefused(sentence, errors={"file": [sentence]})
