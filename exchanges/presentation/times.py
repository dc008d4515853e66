"""Instants, days and waiting times as people write them, in the viewer's zone and language."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from core import clock

MINUTE, HOUR, DAY = 60, 3_600, 86_400
DAYS_IN_A_YEAR, DAYS_IN_A_MONTH = 365, 30


def age(since: datetime | None) -> str:
    """`4 h`, `6 d`, `3 y 2 m`: how long this has been so by the clock of case facts."""
    if since is None:
        return ""
    seconds = max(0, int((clock.now() - since).total_seconds()))
    if seconds < MINUTE:
        return _("a moment")
    if seconds < HOUR:
        return _("%(n)d min") % {"n": seconds // MINUTE}
    if seconds < 2 * DAY:
        return _("%(n)d h") % {"n": seconds // HOUR}
    days = seconds // DAY
    if days < DAYS_IN_A_YEAR:
        return _("%(n)d d") % {"n": days}
    years, months = days // DAYS_IN_A_YEAR, days % DAYS_IN_A_YEAR // DAYS_IN_A_MONTH
    return _("%(years)d y %(months)d m") % {"years": years, "months": months} if months else _("%(n)d y") % {"n": years}


def day(on: date | None) -> str:
    return date_format(on, "j E Y", use_l10n=False) if on else ""


def instant(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j E Y, H:i", use_l10n=False) if at else ""


def count(number: int) -> str:
    """`1,000`, grouped as the reader's language groups."""
    return str(number_format(number, force_grouping=True))
