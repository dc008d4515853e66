"""The inbox and, in the demonstration, the outbox, for one viewer."""

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from alerts.models import Delivery
from alerts.routing import DEADLINES, row_of
from alerts.wording import headline, reference_of
from audit.models import Event
from audit.presentation import event_views
from exchanges.models import Tranche
from exchanges.presentation.news import subjects_behind
from exchanges.presentation.times import age, instant
from people.models import Person

WINDOW = 50
MOST_FILES = 500  # mail files looked at, newest first


@dataclass(frozen=True)
class InboxLine:
    pk: UUID
    reference: str
    title: str
    sentence: str
    who: str
    at: str
    since: str
    is_unread: bool
    is_urgent: bool
    url: str


@dataclass(frozen=True)
class InboxWindow:
    lines: list[InboxLine]
    unread: int
    size: int
    previous_url: str
    next_url: str


def inbox_window(viewer: User, *, after: str = "") -> InboxWindow:
    """Unread first, each part newest first, in windows of 50; events, people and places in a constant number of queries."""
    own = Delivery.objects.visible_to(viewer).inbox()
    rows = own.annotate(is_read=Q(read_at__isnull=False)).order_by("is_read", "-sent_at", "-id")
    found = list(_after(rows, own, after).select_related("event")[: WINDOW + 1])
    shown = found[:WINDOW]
    here = reverse("alerts:inbox")
    next_url = f"{here}?{urlencode({'after': shown[-1].pk})}" if len(found) > WINDOW else ""
    return InboxWindow(_lines(shown, viewer), own.unread().count(), WINDOW, here if after else "", next_url)


def _after(rows: "QuerySet[Delivery]", own: "QuerySet[Delivery]", after: str) -> "QuerySet[Delivery]":
    try:
        place = own.filter(pk=UUID(after)).first()
    except ValueError:
        place = None
    if place is None:
        return rows
    older = Q(sent_at__lt=place.sent_at) | Q(sent_at=place.sent_at, pk__lt=place.pk)
    if place.read_at is None:
        return rows.filter(Q(read_at__isnull=True) & older | Q(read_at__isnull=False))
    return rows.filter(older, read_at__isnull=False)


def _lines(rows: list[Delivery], viewer: User) -> list[InboxLine]:
    events = Event.objects.visible_to(viewer).filter(pk__in=[row.event_id for row in rows])
    views = {view.id: view for view in event_views(events, viewer)}
    subjects = subjects_behind((view.subject for view in views.values()), viewer)
    lines = []
    for row in rows:
        view = views.get(row.event.name)
        if view is None:  # whoever reads final lists only hears the headline and nothing of the log
            lines.append(_headline_only(row))
            continue
        subject = subjects.get(view.subject)
        label = f"{subject.label}: " if subject and subject.label else ""
        lines.append(
            InboxLine(
                pk=row.pk, reference=(subject.exchange.reference or _("Draft")) if subject else "",
                title=subject.exchange.title if subject else "", sentence=f"{label}{view.sentence}", who=view.who,
                at=instant(view.at), since=age(view.at), is_unread=row.read_at is None, is_urgent=row.is_urgent,
                url=reverse("alerts:open", args=[row.pk]),
            )
        )  # fmt: skip
    return lines


def _headline_only(row: Delivery) -> InboxLine:
    return InboxLine(
        pk=row.pk, reference=reference_of(row.event), title="", sentence=f"{headline(row.event)}.", who="",
        at=instant(row.event.at), since=age(row.event.at), is_unread=row.read_at is None, is_urgent=row.is_urgent,
        url=reverse("alerts:open", args=[row.pk]),
    )  # fmt: skip


def address_of(delivery: Delivery, viewer: User) -> str:
    """Where the event is read in full; the inbox itself where nothing of it is visible any more."""
    if not Event.objects.visible_to(viewer).filter(pk=delivery.event_id).exists():
        tranche = row_of(delivery.event, Tranche)
        return reverse("exchanges:manifest", args=[tranche.pk]) if tranche else reverse("alerts:inbox")
    subject = subjects_behind([delivery.event.subject], viewer).get(delivery.event.subject)
    if subject is None:
        if delivery.event.kind in DEADLINES:
            return reverse("people:duties")
        kind, _colon, pk = delivery.event.subject.partition(":")
        is_dossier = kind == "person" and Person.objects.visible_to(viewer).filter(pk=pk).exists()
        return reverse("people:detail", args=[pk]) if is_dossier else reverse("alerts:inbox")
    return subject.url


@dataclass(frozen=True)
class Mail:
    subject: str
    body: str
    to: str
    at: datetime | None
    shown_at: str


def mails_to(viewer: User) -> list[Mail]:
    """What the demonstration wrote to `EMAIL_FILE_PATH` for this very address, newest first."""
    folder = Path(settings.EMAIL_FILE_PATH)
    if not viewer.email or not folder.is_dir():
        return []
    newest = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)[:MOST_FILES]
    found = [mail for path in newest for mail in _mails_in(path) if _is_to(mail, viewer.email)]
    read = [_mail(mail) for mail in found]
    return sorted(read, key=lambda mail: mail.at.timestamp() if mail.at else 0.0, reverse=True)[:WINDOW]


def _mails_in(path: Path) -> list[EmailMessage]:
    """Django writes each mail followed by a line of 79 dashes."""
    try:
        parts = path.read_bytes().split(b"\n" + b"-" * 79 + b"\n")
    except OSError:
        return []
    return [email.message_from_bytes(part, policy=email.policy.default) for part in parts if part.strip()]


def _is_to(mail: EmailMessage, address: str) -> bool:
    recipients = getaddresses(mail.get_all("To", []))
    return address.lower() in {found.lower() for _name, found in recipients}


def _mail(mail: EmailMessage) -> Mail:
    at = parsedate_to_datetime(mail["Date"]) if mail["Date"] else None
    if at is not None and at.tzinfo is None:  # "-0000" is UTC that says nothing of a place (RFC 5322)
        at = at.replace(tzinfo=UTC)
    if at is not None and at.tzinfo is None:  # "-0000": UTC, of no particular place
        at = at.replace(tzinfo=UTC)
    body = mail.get_body(("plain",))
    text = body.get_content() if body else ""
    return Mail(str(mail["Subject"] or ""), str(text).strip(), str(mail["To"] or ""), at, instant(at))
