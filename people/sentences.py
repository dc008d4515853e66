"""How the events on dossiers read in a timeline. A kind once written is rendered for ever."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.lifecycle import Text
from people.models import (
    AgencyNotice,
    Category,
    ClaimKind,
    Deadline,
    DeathBasis,
    DeathDuty,
    Identifier,
    Person,
    Verdict,
)

Content = Mapping[str, Any]


def _changed(content: Content) -> str:
    labels = [str(Person._meta.get_field(name).verbose_name) for name in content.get("after", {})]  # type: ignore[union-attr]
    return _("The dossier was changed: %(fields)s.") % {"fields": ", ".join(labels)} if labels else _("It was changed.")


def _claim(content: Content) -> str:
    kind = str(content.get("claim", ""))
    told = {"claim": dict(ClaimKind.choices).get(kind, kind), "source": content.get("source", "")}
    return _("A claim was added: %(claim)s, according to %(source)s.") % told if kind else _("A claim was added.")


def _category(content: Content) -> str:
    category = str(content.get("category", ""))
    label = dict(Category.choices).get(category, category)
    return _("A category was assigned: %(category)s.") % {"category": label} if label else _("A category was assigned.")


def _judgement(content: Content) -> str:
    verdict = str(content.get("verdict", ""))
    told = {"verdict": dict(Verdict.choices).get(verdict, verdict), "labels": " · ".join(content.get("labels", ()))}
    return _("%(labels)s: judged %(verdict)s.") % told


def _one_of(choices: Iterable[tuple[Any, Any]], value: object) -> str:
    return str(dict(choices).get(value, value))


def _death_asked(content: Content) -> str:
    basis = _one_of(DeathBasis.choices, content.get("basis", ""))
    return _("A second person is asked to confirm the death: %(basis)s.") % {"basis": basis}


def _death_not_confirmed(content: Content) -> str:
    basis = _one_of(DeathBasis.choices, content.get("basis", ""))
    return _("The death was not confirmed: %(basis)s.") % {"basis": basis}


def _duty(content: Content) -> str:
    return _("Done after the death: %(duty)s.") % {"duty": _one_of(DeathDuty.Kind.choices, content.get("duty", ""))}


def _identifier(content: Content) -> str:
    kind = _one_of(Identifier.Kind.choices, content.get("identifier", ""))
    return _("A number was added: %(kind)s.") % {"kind": kind}


def _agency(content: Content) -> str:
    about = _one_of(AgencyNotice.About.choices, content.get("about", ""))
    return _("The Central Agency was notified: %(about)s.") % {"about": about}


def _unassigned(content: Content) -> str:
    told = {"who": content.get("who", ""), "count": content.get("count", "")}
    return _("Look-ups that stand out: %(who)s opened %(count)s dossiers of people nobody assigned to them.") % told


def _bulk(content: Content) -> str:
    told = {"who": content.get("who", ""), "count": content.get("count", "")}
    return _("Reading that stands out: %(who)s read %(count)s rows of persons today.") % told


def _deadlines(content: Content) -> str:
    kinds = content.get("deadlines", {})
    told = [f"{_one_of(Deadline.Kind.choices, kind)} ({number})" for kind, number in kinds.items()]
    return ", ".join(told)


SENTENCES: dict[str, Text | Callable[[Content], Text]] = {
    "person.created": gettext_lazy("The dossier was opened."),
    "person.changed": _changed,
    "persons.created": lambda c: _("%(count)s dossiers were entered together.") % {"count": c.get("count", "")},
    "name.added": gettext_lazy("A name was added."),
    "name.changed": gettext_lazy("The spelling or source of a name was changed."),
    "name.preferred": gettext_lazy("Another name was preferred."),
    "judgement.made": _judgement,
    "person.merge_asked": gettext_lazy("A second person is asked to merge two dossiers."),
    "person.merge_dropped": gettext_lazy("The merge that was asked for is dropped."),
    "person.merged": lambda c: _("%(label)s was merged into this dossier.") % {"label": c.get("absorbed_label", "")},
    "person.unmerged": gettext_lazy("The merged dossiers were taken apart."),
    "search.saved": gettext_lazy("A search of persons was saved."),
    "search.forgotten": gettext_lazy("A saved search was forgotten."),
    "claim.added": _claim,
    "category.assigned": _category,
    "read.location": gettext_lazy("Places of detention were read."),
    "read.health": gettext_lazy("Health data were read."),
    "read.legal": gettext_lazy("Legal data were read."),
    "read.consent": gettext_lazy("Consent to travel was read."),
    "read.family": gettext_lazy("Family contacts were read."),
    "read.ill_treatment": gettext_lazy("The documentation of ill-treatment was read."),
    "health.noted": gettext_lazy("A state of health was noted."),
    "consent.recorded": gettext_lazy("An answer about consent to travel was recorded."),
    "family_contact.added": gettext_lazy("A person to be informed was added."),
    "family.notified": gettext_lazy("It was recorded who of the family was told."),
    "ill_treatment.documented": gettext_lazy("A step of documenting ill-treatment was recorded."),
    "identifier.added": _identifier,
    "agency.notified": _agency,
    "attachment.added": gettext_lazy("A file was attached."),
    "death.asked": _death_asked,
    "death.not_confirmed": _death_not_confirmed,
    "duty.done": _duty,
    "case.assigned": lambda c: _("The case was assigned to %(who)s.") % {"who": c.get("who", "")},
    "decoy.marked": gettext_lazy("The dossier was marked as a decoy."),
    "decoy.unmarked": gettext_lazy("The dossier is no decoy any more."),
    "alarm.decoy_opened": lambda c: _("A decoy was opened by %(who)s.") % {"who": c.get("who", "")},
    "alarm.unassigned_reads": _unassigned,
    "alarm.bulk_reads": _bulk,
    "deadline.passed": lambda c: _("The day has passed by which this was due: %(what)s.") % {"what": _deadlines(c)},
    "deadline.escalated": lambda c: _("Still not done a week after it was due: %(what)s.") % {"what": _deadlines(c)},
    "erasure.recorded": gettext_lazy("A person was erased on a decision."),
}
