"""Where each role's work is done: what Home and the frame lead to."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from access.roles import May

TYPING = frozenset({May.WRITE_PERSON, May.RECORD_TALKS, May.MANAGE_MEMBERS, May.ADMINISTER})


@dataclass(frozen=True)
class Place:
    """Somewhere to go, or, without an address, what to expect here."""

    label: str
    what: str
    url: str = ""
    is_in_the_rail: bool = False


def types_data_in(capabilities: Iterable[str]) -> bool:
    """Who finds something to do in the admin panel."""
    return not TYPING.isdisjoint(capabilities)


def places_for(capabilities: frozenset[str]) -> list[Place]:
    """By what the viewer may do anywhere. A place offers; whether an act is allowed is decided where it is done."""
    return [place for needed, place in _places() if not capabilities.isdisjoint(needed)]


def _places() -> list[tuple[frozenset[str], Place]]:
    return [
        (
            frozenset({May.WRITE_PERSON}),
            Place(
                _("People"), _("The dossiers of your own side: seek one, read it, add a claim."),
                reverse("people:index"), True,
            ),
        ),
        (
            frozenset({May.WRITE_PERSON}),
            Place(
                _("Add a person"), _("Names in every script, identity, category and what is known, in data entry."),
                reverse("admin:people_person_add"),
            ),
        ),
        (
            frozenset({May.RECORD_TALKS}),
            Place(
                _("Negotiations"), _("Rounds of talks, what was on the agenda and said, the delegations."),
                reverse("negotiations:index"), True,
            ),
        ),
        (
            frozenset({May.ADMINISTER}),
            Place(
                _("Organisations and accounts"),
                _("Parties, organisations and the first head of each. Cases are not an operator’s to see."),
                reverse("accounts:organisations"),
            ),
        ),
        (
            TYPING,
            Place(
                _("Data entry"), _("The admin panel: everything that you may type in, in lists and forms."),
                reverse("admin:index"),
            ),
        ),
        (
            frozenset({May.TRACE}),
            Place(
                _("Keys for your own systems"), _("Make a key of your organisation, see when it was used, end it."),
                reverse("accounts:keys"),
            ),
        ),
        (
            frozenset({May.TRACE}),
            Place(
                _("How the API is called"), _("Read, write and follow changes with a key of your organisation."),
                reverse("api:docs"),
            ),
        ),
        (
            frozenset({May.SIGN, May.RECORD_SIGN_OFF}),
            Place(_("Sign-off"), _("What your office is asked to sign stands under “Waiting for you”, with its sheet to print.")),
        ),
        (
            frozenset({May.READ_FINAL_LISTS}),
            Place(_("Final lists"), _("The list of a tranche stands here as soon as it is signed off, and not before.")),
        ),
        (
            frozenset({May.READ_LOG}),
            Place(_("The log"), _("Events are read by the API; whoever runs the server exports a log to be checked offline.")),
        ),
    ]  # fmt: skip
