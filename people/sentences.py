"""How the events on dossiers read in a timeline. A kind once written is rendered for ever."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.lifecycle import Text
from people.models import Category, ClaimKind, Person, Verdict

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
    "claim.added": _claim,
    "category.assigned": _category,
    "read.location": gettext_lazy("Places of detention were read."),
}
