"""A dossier as one viewer sees it. Everything about the person comes in one statement, whatever the rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from access.roles import May, holders_spelt
from access.scoping import memberships_seated, seats_from
from audit.models import Event
from audit.presentation import Day, EventsAsked, day_by_day
from core import clock
from core.partial_dates import spelt
from core.together import Together
from people.deadlines import duty_due_on, is_civilian, notice_due_on
from people.dossier.cards import CARDS, Card
from people.fate import Custody, Fate, custody_of, deciding, fate_of, in_order, shows_held
from people.models import (
    AgencyNotice,
    Attachment,
    CaseAssignment,
    CategoryAssignment,
    Claim,
    ClaimKind,
    CustodyPlace,
    DeathDuty,
    DeathFinding,
    HeldBy,
    Identifier,
    Name,
    Person,
    StatedBy,
    shown_name,
)
from people.operations import IDENTITY
from people.operations.watching import LookupAsked
from people.presentation import Fact, tone_of

EVENTS_SHOWN = 50

Section = tuple[str, Mapping[str, Any]]
# What upper apps show on a dossier: each first asks its questions together with the dossier's own, and answers when these
# were read with a template and its context, or with nothing.
SECTIONS: list[Callable[[Person, User, Together], Callable[[], Section | None]]] = []


@dataclass(frozen=True)
class NameLine:
    text: str
    script: str
    kind: str
    scheme: str
    source: str
    is_preferred: bool
    url: str


@dataclass(frozen=True)
class IdentifierLine:
    kind: str
    value: str
    source: str


@dataclass(frozen=True)
class CategoryLine:
    label: str
    evidence: str
    as_of: str


@dataclass(frozen=True)
class ClaimLine:
    label: str
    tone: str
    on: str
    word: str
    source: str
    confidence: str
    note: str
    hands: str
    basis: str
    recorded: str
    is_return: bool
    is_decisive: bool


@dataclass(frozen=True)
class Obligation:
    """Something that waits or that the law asks for, in a sentence, with where it is done."""

    text: str
    tone: str
    state: str
    note: str = ""
    url: str = ""
    action: str = ""


@dataclass(frozen=True)
class AttachmentLine:
    title: str
    holds: str
    about: str
    sha256: str
    url: str


@dataclass(frozen=True)
class RestrictedCard:
    """Something the dossier may hold that only some may open."""

    title: str
    who: str
    url: str
    may_open: bool
    may_add: bool


@dataclass(frozen=True)
class PlaceLine:
    place: str
    claim: str
    source: str
    on: str


@dataclass(frozen=True)
class Dossier:
    pk: UUID
    label: str
    fate: Fate
    tone: str
    standing: list[Obligation]
    names: list[NameLine]
    identifiers: list[IdentifierLine]
    identity: list[Fact]
    unknown: str
    categories: list[CategoryLine]
    claims: list[ClaimLine]
    notices: list[str]
    attachments: list[AttachmentLine]
    restricted: list[RestrictedCard]
    worked_on_by: list[str]
    may_write: bool
    why_no_claim: str
    may_assign: bool
    may_erase: bool
    may_mark: bool
    is_decoy: bool
    sections: list[Section] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)


class DossierPage:
    """`person` has been fetched with `visible_to(viewer)`, and so has what is merged into it."""

    def __init__(self, person: Person, viewer: User, absorbed: Iterable[Person] = ()) -> None:
        self.person, self.viewer = person, viewer
        together = self.together = Together()
        self._names = self._of(Name)
        self._claims = self._of(Claim)
        self._categories = self._of(CategoryAssignment)
        self._identifiers = self._of(Identifier)
        self._attachments = self._of(Attachment)
        self._notices = self._of(AgencyNotice)
        self._duties = self._of(DeathDuty)
        self._findings = together.later(
            DeathFinding.objects.visible_to(viewer).of(person).filter(closed_at=None).select_related("asked_by")
        )
        self._assigned = together.later(CaseAssignment.objects.visible_to(viewer).of(person).select_related("user"))
        self._seated = together.later(memberships_seated(viewer, person.compartment_id))
        self._lookup = LookupAsked(person, viewer, together)
        events = Event.objects.visible_to(viewer).about(person, *absorbed).newest_first()[:EVENTS_SHOWN]
        self._events = EventsAsked(events, viewer, together)
        self._sections = [show(person, viewer, together) for show in SECTIONS]

    def _of(self, model: Any) -> Any:
        return self.together.later(model.objects.visible_to(self.viewer).of(self.person))

    def head(self) -> Dossier:
        """For a page about a part of the dossier: without the sections and the log. That it was opened is noted already."""
        return self._shown([], [])

    def shown(self) -> Dossier:
        """The whole page. That it was looked up is noted once a day."""
        self._lookup.note()
        sections = [section for answer in self._sections if (section := answer())]
        return self._shown(sections, day_by_day(self._events.views()))

    def _shown(self, sections: list[Section], days: list[Day]) -> Dossier:
        person, claims = self.person, self._claims.rows
        seats = seats_from(self._seated.rows, self.viewer)
        may = frozenset[str]().union(*(seat.capabilities for seat in seats))
        fate, custody = fate_of(claims), custody_of(claims)
        may_write, is_head = May.WRITE_PERSON in may, May.MANAGE_MEMBERS in may
        identity = identity_of(person)
        return Dossier(
            pk=person.pk, label=str(person), fate=fate, tone=tone_of(fate.kind),
            standing=[*self._findings_waiting(may_write), *self._captivity(custody, may_write), *self._owed(may_write)],
            names=[self._name(name, may_write, is_shown=place == 0) for place, name in enumerate(self._shown_first())],
            identifiers=[
                IdentifierLine(row.get_kind_display(), row.value, row.source) for row in self._identifiers.rows
            ],
            identity=[fact for fact in identity if fact.value],
            unknown=", ".join(fact.label for fact in identity if not fact.value),
            categories=[CategoryLine(str(row), row.evidence, spelt(row.as_of)) for row in self._categories.rows],
            claims=claim_lines(claims),
            notices=[self._notice(row) for row in self._notices.rows],
            attachments=[self._attachment(row) for row in self._attachments.rows],
            restricted=[_card(card, person, may) for card in CARDS.values()],
            worked_on_by=[str(row.user) for row in self._assigned.rows],
            may_write=may_write, why_no_claim=why_not(may, May.WRITE_PERSON),
            may_assign=not may.isdisjoint({May.NEGOTIATE, May.TRACE}), may_erase=May.DECIDE in may, may_mark=is_head,
            is_decoy=is_head and self._lookup.is_decoy, sections=sections, days=days,
        )  # fmt: skip

    def _shown_first(self) -> list[Name]:
        shown = shown_name(self._names.rows, self.person)
        return [*([shown] if shown else []), *(name for name in self._names.rows if name != shown)]

    def _name(self, name: Name, may_write: bool, *, is_shown: bool) -> NameLine:
        url = reverse("people:name", args=[name.person_id, name.pk]) if may_write else ""
        return NameLine(
            str(name), name.get_script_display(), name.get_kind_display(), name.scheme, name.source, is_shown, url
        )

    def _notice(self, row: AgencyNotice) -> str:
        told = {"about": row.get_about_display(), "date": day(row.sent_on), "reference": row.reference}
        if row.reference:
            return _("%(about)s, %(date)s, reference %(reference)s") % told
        return _("%(about)s, %(date)s") % told

    def _attachment(self, row: Attachment) -> AttachmentLine:
        holds = "" if row.holds == Attachment.Holds.ORDINARY else row.get_holds_display()
        kind = row.media_type.partition("/")[2].upper()
        about = ", ".join(filter(None, (row.source, kind, str(filesizeformat(row.size)))))
        url = reverse("people:attachment", args=[row.person_id, row.pk])
        return AttachmentLine(row.title, holds, about, row.sha256, url)

    # What waits, and what is asked of us

    def _findings_waiting(self, may_write: bool) -> Iterable[Obligation]:
        for finding in self._findings.rows:
            asked = {"who": finding.asked_by, "basis": finding.get_basis_display(), "date": day(finding.asked_at)}
            yield Obligation(
                _("Death by %(basis)s waits for a second person: asked by %(who)s, %(date)s.") % asked, "waits",
                _("to be confirmed"),
                url=reverse("people:finding", args=[finding.person_id, finding.pk]) if may_write else "",
                action=_("Look at it"),
            )  # fmt: skip

    def _captivity(self, custody: Custody, may_write: bool) -> Iterable[Obligation]:
        if custody.is_held and custody.after_home is not None:
            home = spelt(custody.after_home) or _("a day that is not known")
            yield Obligation(
                _("In captivity again, after having been home on %(date)s.") % {"date": home}, "caution", _("again")
            )
        if custody.is_ours:
            yield self._held_by_us(custody, may_write)

    def _held_by_us(self, custody: Custody, may_write: bool) -> Obligation:
        held = held_for(custody)
        if custody.is_known_to_the_agency(self._notices.rows):
            return Obligation(held, "quiet", _("notified"))
        civilian = is_civilian(self._categories.rows)
        is_late = notice_due_on(custody, self._claims.rows, civilian=civilian) < clock.now().date()
        law = (
            _("GC IV 138: for whoever is held for more than two weeks.")
            if civilian
            else _("GC III 70 and 122: within a week, and to the family.")
        )
        return Obligation(
            _("%(held)s, not notified to the Central Agency") % {"held": held}, "stopped" if is_late else "caution",
            _("overdue") if is_late else _("due"),
            note=law, url=reverse("people:agency_new", args=[self.person.pk]) if may_write else "",
            action=_("Record the notice"),
        )  # fmt: skip

    def _owed(self, may_write: bool) -> Iterable[Obligation]:
        for duty in self._duties.rows:
            owed = {"duty": duty.get_kind_display(), "who": duty.get_owed_by_display(), "date": day(duty.opened_at)}
            if duty.is_done:
                done = owed | {"date": spelt(duty.done_on) or day(duty.recorded_at)}
                yield Obligation(_("Done on %(date)s: %(duty)s") % done, "done", _("done"), note=duty.reference)
                continue
            is_late = duty_due_on(duty) < clock.now().date()
            yield Obligation(
                _("Owed by %(who)s since %(date)s: %(duty)s") % owed, "stopped" if is_late else "waits",
                _("overdue") if is_late else _("owed"),
                url=reverse("people:duty", args=[duty.person_id, duty.pk]) if may_write else "", action=_("Mark as done"),
            )  # fmt: skip


def held_for(custody: Custody) -> str:
    if not custody.since:
        return _("Held by us, nobody wrote since when")
    days = custody.days(clock.now().date())
    if len(custody.since) < 10:
        return ngettext("Held by us for at least %(n)d day", "Held by us for at least %(n)d days", days) % {"n": days}
    return ngettext("Held by us for %(n)d day", "Held by us for %(n)d days", days) % {"n": days}


def identity_of(person: Person) -> list[Fact]:
    shown: dict[str, Callable[[], str]] = {
        "sex": person.get_sex_display if person.sex else str,
        "birth_date": lambda: spelt(person.birth_date),
    }
    partial = _("known in part") if 0 < len(person.birth_date) < 10 else ""
    return [
        Fact(
            str(Person._meta.get_field(name).verbose_name),  # type: ignore[union-attr]
            str(shown[name]() if name in shown else getattr(person, name)),
            partial if name == "birth_date" else "",
        )
        for name in IDENTITY
    ]


def claim_lines(claims: Iterable[Claim]) -> list[ClaimLine]:
    """Newest first; which of them decides the fate, and where somebody was taken again after having been home."""
    ordered, is_home, lines = in_order(claims), False, []
    decisive = deciding(ordered)
    for claim in ordered:
        is_return = is_home and shows_held(claim)
        is_home = claim.kind == ClaimKind.HOME or (is_home and not is_return)
        lines.append(_claim_line(claim, is_return=is_return, is_decisive=claim is decisive))
    return lines[::-1]


def _claim_line(claim: Claim, *, is_return: bool, is_decisive: bool) -> ClaimLine:
    word = dict(StatedBy.choices).get(claim.whose_word, "")
    hands = "" if claim.held_by in ("", HeldBy.NOBODY) else claim.get_held_by_display()
    return ClaimLine(
        label=str(claim), tone=tone_of(claim.kind), on=spelt(claim.happened_on) or _("date unknown"),
        word=_("according to %(who)s") % {"who": word} if word else "", source=claim.source,
        confidence=claim.get_confidence_display(), note=claim.note,
        hands=_("in the hands of %(who)s") % {"who": hands} if hands else "",
        basis=_("established by %(basis)s") % {"basis": claim.get_basis_display()} if claim.basis else "",
        recorded=day(claim.recorded_at), is_return=is_return, is_decisive=is_decisive,
    )  # fmt: skip


def _card(card: Card, person: Person, may: frozenset[str]) -> RestrictedCard:
    return RestrictedCard(
        title=str(card.title), who=str(holders_spelt((card.reads,))), url=reverse(f"people:{card.url}", args=[person.pk]),
        may_open=card.reads in may, may_add=not may.isdisjoint(card.writers),
    )  # fmt: skip


def places_shown(places: "Iterable[CustodyPlace]") -> list[PlaceLine]:
    """What `open_places` opened."""
    return [PlaceLine(held.place, str(held.claim), held.claim.source, spelt(held.claim.happened_on)) for held in places]


def why_not(may: frozenset[str], capability: str) -> str:
    return "" if capability in may else _("This is for %(who)s.") % {"who": holders_spelt((capability,))}


def day(at: date | datetime | None) -> str:
    if at is None:
        return ""
    return date_format(timezone.localtime(at) if isinstance(at, datetime) else at, "j E Y", use_l10n=False)
