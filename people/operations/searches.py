"""What one user looks for again and again: kept for them alone."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked, seat_with
from access.models import Compartment, User
from access.roles import May, holders_spelt
from access.scoping import compartments_where
from audit.recording import record
from core import clock
from core.errors import DomainError
from core.text import clean_text
from people.models import SavedSearch

MOST = 20


@transaction.atomic
def save_search(*, actor: User, label: str, asked: Mapping[str, str]) -> SavedSearch:
    """Under a name of one's own; the same name again replaces what it stood for."""
    halves = Compartment.objects.filter(pk__in=compartments_where(actor, May.READ_NAMES)).exclude(
        kind__in=(Compartment.Kind.CHANNEL, Compartment.Kind.TABLE, Compartment.Kind.PRIVATE_CHANNEL)
    )
    home = halves.order_by("pk").first()
    if home is None:
        raise NotAllowed(_("This is for %(who)s.") % {"who": holders_spelt((May.READ_NAMES,))})
    own = SavedSearch.objects.visible_to(actor)
    saved = own.filter(label=clean_text(label)).locked().first() or SavedSearch(compartment=home, owner=actor)
    if saved._state.adding and own.count() >= MOST:
        raise DomainError(_("You keep %(most)s searches already: forget one first.") % {"most": MOST})
    saved.label, saved.asked, saved.saved_at = clean_text(label), dict(asked), clock.now()
    checked(saved).save()
    record("search.saved", subject=saved, actor=actor, seat=seat_with(actor, home, May.READ_NAMES))
    return saved


@transaction.atomic
def forget_search(saved: SavedSearch, *, actor: User) -> None:
    saved = SavedSearch.objects.visible_to(actor).locked().get(pk=saved.pk)
    record("search.forgotten", subject=saved, actor=actor, seat=seat_with(actor, saved.compartment, May.READ_NAMES))
    saved.delete()
