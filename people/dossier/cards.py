"""The parts of a dossier that are kept closed: what each holds, who opens it, and what stands on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.roles import May
from core.partial_dates import spelt
from people.models import ConsentRecord, HealthNote, IllTreatmentStep, Notification, PersonToBeInformed
from people.operations.parts import CLOSED

Line = tuple[str, list[str]]  # what stands first, and what is said of it


@dataclass(frozen=True)
class Card:
    title: str | Promise
    url: str
    parts: Mapping[str, type[Any]]  # by the name of the form that adds to it
    reads: str
    writers: frozenset[str]
    text: str | Promise = ""


def _closed(title: str | Promise, url: str, parts: Mapping[str, type[Any]], text: str | Promise = "") -> Card:
    reads, further, _read, _noted = CLOSED[next(iter(parts.values()))]
    return Card(title, url, parts, reads, frozenset({str(May.WRITE_PERSON), str(further)}), text)


CARDS: Mapping[str, Card] = {
    "health": _closed(_("Health"), "health", {"health": HealthNote}),
    "consent": _closed(
        _("Consent to travel"), "consent", {"consent": ConsentRecord},
        _("Asked privately. To everybody else whoever said no is not travelling, without a reason."),
    ),
    "family": _closed(
        _("Family, and who was told what"), "family", {"notification": Notification, "contact": PersonToBeInformed}
    ),
    "ill_treatment": _closed(
        _("Documentation of ill-treatment"), "ill_treatment", {"ill_treatment": IllTreatmentStep},
        _("Only that it was offered, accepted and to whom it was referred. What happened is never written here."),
    ),
    "places": Card(_("Places of detention"), "places", {}, str(May.READ_LOCATION), frozenset()),
}  # fmt: skip


def _health(row: HealthNote) -> Line:
    return str(row), [spelt(row.as_of), row.source, row.note]


def _consent(row: ConsentRecord) -> Line:
    fears = str(_("fears persecution there (GC IV 45)")) if row.fears_persecution else ""
    return str(row), [spelt(row.asked_on), str(row.get_asked_by_display()), row.destination, fears, row.source]


def _contact(row: PersonToBeInformed) -> Line:
    return row.name, [row.relation, row.address]


def _notification(row: Notification) -> Line:
    return row.told, [str(row.get_about_display()), spelt(row.told_on), row.told_by, row.note]


def _ill_treatment(row: IllTreatmentStep) -> Line:
    return str(row), [spelt(row.on), row.referred_to]


_LINES: Mapping[type[Any], Callable[[Any], Line]] = {
    HealthNote: _health, ConsentRecord: _consent, PersonToBeInformed: _contact, Notification: _notification,
    IllTreatmentStep: _ill_treatment,
}  # fmt: skip


def lines_of(rows: list[Any]) -> list[Line]:
    return [(first, [text for text in rest if text]) for first, rest in (_LINES[type(row)](row) for row in rows)]
