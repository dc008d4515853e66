"""What came back from a backup knows nothing of what happened since. Until an operator releases it, it does nothing final.

Mails wait: those that were due may have left the old installation already. Nobody gives a go: a sign-off withdrawn since is
valid here again. Everybody signs in anew, and keys for programs are revoked: one of them may have been since.
"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from access.models import Compartment, Installation
from accounts.models import ApiKey
from accounts.operations import system_user
from alerts.models import Delivery, DeliveryState, Heartbeat
from alerts.operations import route
from alerts.routing import compartments_behind
from audit.chain import instant
from audit.models import Log
from audit.recording import record

REASON = "after a restore"
MAY_HAVE_LEFT = "due when the backup was taken; may have left since"


@dataclass(frozen=True)
class Entered:
    keys_revoked: int
    deliveries_held: int


@transaction.atomic
def enter(made_at: datetime, *, keep_keys: bool) -> Entered:
    now = timezone.now()
    installation = Installation.objects.first() or Installation()
    installation.quarantined_at, installation.backup_made_at = now, made_at
    installation.save()
    Session.objects.all().delete()
    Heartbeat.objects.all().delete()
    keys = 0 if keep_keys else revoke_keys(now)
    tell_every_log(made_at)
    for compartment_id in compartments_behind():
        route(compartment_id)
    # One instant parts what was owed before from what becomes due while people work in quarantine.
    held = due().update(due_at=now)
    return Entered(keys, held)


def revoke_keys(now: datetime) -> int:
    keys = list(ApiKey.objects.unscoped(REASON).filter(revoked_at__isnull=True).select_related("compartment"))
    for key in keys:
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
        record("key.revoked", subject=key, actor=system_user(), data={"prefix": key.prefix, "reason": REASON})
    return len(keys)


def tell_every_log(made_at: datetime) -> None:
    """Its readers hold heads of it that may be longer: they learn why."""
    logs = Log.objects.unscoped(REASON).filter(position__gt=0).order_by("pk").values_list("pk", "position")
    compartments = Compartment.objects.unscoped(REASON).in_bulk([pk for pk, _position in logs])
    for pk, position in list(logs):
        record(
            "installation.restored", subject=compartments[pk], compartment=compartments[pk], actor=system_user(),
            data={"backup_made_at": instant(made_at), "position": position},
        )  # fmt: skip


def due() -> "QuerySet[Delivery]":
    return Delivery.objects.unscoped(REASON).filter(state=DeliveryState.DUE)


@transaction.atomic
def release(*, send_held: bool) -> int | None:
    """End the quarantine. Returns how many held deliveries are sent or given up; None when there was no quarantine."""
    installation = Installation.objects.filter(quarantined_at__isnull=False).first()
    if installation is None:
        return None
    held = due().filter(due_at__lte=installation.quarantined_at)
    given_up = {"state": DeliveryState.DROPPED, "fault": MAY_HAVE_LEFT}
    count = held.update(**{"due_at": timezone.now()} if send_held else given_up)
    installation.quarantined_at = None
    installation.save(update_fields=["quarantined_at"])
    return count
