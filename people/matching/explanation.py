"""Why a pair scores as it does, in words a clerk can weigh: “same father's name +4.1”."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from people.matching.comparison import Comparison, FieldWeight

SENTENCES: Mapping[tuple[str, str], Promise] = {
    ("family", "same"): gettext_lazy("same family name"),
    ("family", "script"): gettext_lazy("same family name but for its vowels"),
    ("family", "part"): gettext_lazy("one part of the family name is the same"),
    ("family", "near"): gettext_lazy("family name differs by one letter"),
    ("family", "alike"): gettext_lazy("family names sound alike"),
    ("family", "initial"): gettext_lazy("family name begins with the same letter"),
    ("family", "differs"): gettext_lazy("another family name"),
    ("given", "same"): gettext_lazy("same first name"),
    ("given", "script"): gettext_lazy("same first name in another form"),
    ("given", "near"): gettext_lazy("first name differs by one letter"),
    ("given", "alike"): gettext_lazy("first names sound alike"),
    ("given", "initial"): gettext_lazy("first name begins with the same letter"),
    ("given", "differs"): gettext_lazy("another first name"),
    ("father", "same"): gettext_lazy("same father's name"),
    ("father", "near"): gettext_lazy("father's name differs by one letter"),
    ("father", "initial"): gettext_lazy("father's name begins with the same letter"),
    ("father", "differs"): gettext_lazy("another father's name"),
    ("birth_date", "same"): gettext_lazy("same birth date"),
    ("birth_date", "swapped"): gettext_lazy("birth date with day and month exchanged"),
    ("birth_date", "month"): gettext_lazy("same month of birth"),
    ("birth_date", "year"): gettext_lazy("same year of birth"),
    ("birth_date", "digit"): gettext_lazy("birth date differs by one digit"),
    ("birth_date", "same_year"): gettext_lazy("same year of birth, another day"),
    ("birth_date", "day_month"): gettext_lazy("same birthday in another year"),
    ("birth_date", "near_year"): gettext_lazy("years of birth one apart"),
    ("birth_date", "differs"): gettext_lazy("another birth date"),
    ("service_number", "same"): gettext_lazy("same service number"),
    ("service_number", "near"): gettext_lazy("service number differs by one character"),
    ("service_number", "differs"): gettext_lazy("another service number"),
    ("personal_number", "same"): gettext_lazy("same personal number of the state"),
    ("personal_number", "near"): gettext_lazy("personal number of the state differs by one character"),
    ("personal_number", "differs"): gettext_lazy("another personal number of the state"),
    ("agency_number", "same"): gettext_lazy("same number with the Central Agency"),
    ("agency_number", "near"): gettext_lazy("number with the Central Agency differs by one character"),
    ("agency_number", "differs"): gettext_lazy("another number with the Central Agency"),
    ("passport", "same"): gettext_lazy("same passport"),
    ("military_card", "same"): gettext_lazy("same military card"),
    ("identity_tag", "same"): gettext_lazy("same identity tag"),
    ("internment_number", "same"): gettext_lazy("same internment number"),
    ("dna_sample", "same"): gettext_lazy("same DNA sample"),
    ("other", "same"): gettext_lazy("same number of another kind"),
    ("unit", "same"): gettext_lazy("same unit"),
    ("unit", "alike"): gettext_lazy("units look alike"),
    ("unit", "differs"): gettext_lazy("another unit"),
    ("rank", "same"): gettext_lazy("same rank"),
    ("rank", "differs"): gettext_lazy("another rank"),
    ("order", "swapped"): gettext_lazy("parts of the name stand in each other's place"),
}


def explained(comparison: Comparison) -> list[str]:
    """One sentence a field, what weighs most first."""
    return [sentence(one) for one in sorted(comparison.fields, key=lambda one: -abs(one.weight))]


def sentence(one: FieldWeight) -> str:
    return _("%(what)s %(weight)s") % {"what": SENTENCES[one.field, one.level], "weight": spelt_weight(one.weight)}


def spelt_weight(weight: float) -> str:
    """`+4.1` or `−2.0`, with a true minus."""
    return f"{weight:+.1f}".replace("-", "\N{MINUS SIGN}")
