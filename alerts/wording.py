"""What an alert says outside the application: the reference and where it stands. No names, no places, no reasons."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from access.roles import May
from alerts.routing import ALARMS, DEADLINES, INVITED, content_of, exchange_of, row_of
from audit.models import Event
from core.lifecycle import Text, words_of
from exchanges.models import Exchange, SignOffStep, Tranche

HEADLINES: dict[str, Text] = {
    "exchange.proposed": gettext_lazy("%(reference)s has been proposed"),
    "exchange.countered": gettext_lazy("%(reference)s: there is a counter-offer"),
    "exchange.accepted": gettext_lazy("%(reference)s: the formula has been accepted by a participant"),
    "exchange.declined": gettext_lazy("%(reference)s has been declined"),
    "exchange.postponed": gettext_lazy("%(reference)s is postponed"),
    "exchange.suspended": gettext_lazy("%(reference)s is suspended"),
    "exchange.resumed": gettext_lazy("%(reference)s is resumed"),
    "exchange.cancelled": gettext_lazy("%(reference)s is cancelled"),
    "exchange.ended_short": gettext_lazy("%(reference)s has ended short"),
    "exchange.counts_settled": gettext_lazy("%(reference)s: a participant has stated its counts"),
    "tranche.planned": gettext_lazy("%(reference)s has been planned"),
    "tranche.lock_asked": gettext_lazy("%(reference)s: a second person is asked to agree to the lock"),
    "tranche.lock_agreed": gettext_lazy("%(reference)s: a participant agrees to the lock"),
    "tranche.locked": gettext_lazy("%(reference)s is locked"),
    "tranche.unlocked": gettext_lazy("%(reference)s is unlocked: its sign-offs have lapsed"),
    "tranche.staged": gettext_lazy("%(reference)s is staged"),
    "tranche.held": gettext_lazy("%(reference)s is on hold"),
    "tranche.hold_released": gettext_lazy("%(reference)s: a hold is released"),
    "tranche.go_given": gettext_lazy("%(reference)s: a participant has given its go"),
    "tranche.gone": gettext_lazy("%(reference)s has gone"),
    "tranche.settled": gettext_lazy("%(reference)s: counts are being settled"),
    "tranche.aborted": gettext_lazy("%(reference)s is aborted"),
    "receipt.recorded": gettext_lazy("%(reference)s: receipts have been recorded"),
    "entry.corrected": gettext_lazy("%(reference)s: an entry was corrected"),
    "entry.correction_asked": gettext_lazy("%(reference)s: a second person is asked to confirm a correction"),
    "sign_off.approval_asked": gettext_lazy("%(reference)s: a second person is asked to confirm a recorded sign-off"),
    "sign_off.refused": gettext_lazy("%(reference)s: a sign-off is refused"),
    "sign_off.withdrawn": gettext_lazy("%(reference)s: a sign-off is withdrawn"),
    "sign_off.withdrawal_too_late": gettext_lazy("%(reference)s: a withdrawal came too late"),
    "sign_off.lapsed": gettext_lazy("%(reference)s: a sign-off has lapsed"),
    "sign_off.expired": gettext_lazy("%(reference)s: a sign-off has expired"),
    "list.submitted": gettext_lazy("%(reference)s: a list was submitted"),
    INVITED: gettext_lazy("An operator has invited a head for an organisation of your side"),
    **dict.fromkeys(ALARMS, gettext_lazy("Reading in your own registry stands out")),
    "deadline.passed": gettext_lazy("A deadline in your own registry has passed"),
    "deadline.escalated": gettext_lazy("A deadline in your own registry passed a week ago and nothing was done"),
}


# Steps that change a status only with the last participant; then the status is the news.
MAY_MOVE = frozenset({"exchange.accepted", "exchange.counts_settled", "tranche.settled", "tranche.sign_off_started"})


def headline(event: Event) -> str:
    """One line in the active language: "IST-1 is awaiting final sign-off"."""
    content = content_of(event)
    reference = reference_of(event)
    if event.kind == "sign_off.status_changed" and content.get("lapsed"):
        return str(HEADLINES["sign_off.lapsed"]) % {"reference": reference}
    if event.kind == "sign_off.status_changed":
        waits = _("%(reference)s waits for your office's sign-off") if content.get("after") == "pending" else _(
            "%(reference)s: your office's sign-off no longer counts"
        )  # fmt: skip
        return waits % {"reference": reference}
    if event.kind.endswith(".status_changed") or (event.kind in MAY_MOVE and _moved(content)):
        return _("%(reference)s is %(status)s") % {"reference": reference, "status": words_of(content.get("after", ""))}
    text = str(HEADLINES.get(event.kind, _("%(reference)s has changed")))
    return text % {"reference": reference}


def _moved(content: Mapping[str, Any]) -> bool:
    return content.get("before") != content.get("after")


def reference_of(event: Event) -> str:
    """`IST-1` for an exchange and its lists, `IST-1/2` for a tranche and its sign-offs."""
    row = row_of(event, Tranche) or getattr(row_of(event, SignOffStep), "tranche", None)
    if row is not None:
        return str(row.reference)
    exchange = exchange_of(event)
    return exchange.reference if exchange and exchange.reference else str(_("An exchange"))


def link(event: Event, recipient: User) -> str:
    """Where the recipient reads more, after signing in: the final list for whoever sees nothing else of it."""
    if event.kind in DEADLINES:
        return f"{settings.PUBLIC_URL}/people/duties/"
    tranche = row_of(event, Tranche) or getattr(row_of(event, SignOffStep), "tranche", None)
    if tranche is not None:
        reads = May.READ in recipient.capabilities_in(event.compartment_id)
        return f"{settings.PUBLIC_URL}/tranches/{tranche.pk}/" + ("" if reads else "manifest/")
    exchange: Exchange | None = exchange_of(event)
    return f"{settings.PUBLIC_URL}/exchanges/{exchange.pk}/" if exchange else f"{settings.PUBLIC_URL}/inbox/"
