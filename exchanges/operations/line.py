"""Operations at the line: whether those who are presented are the ones on the manifest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from access.acting import NotAllowed, checked
from access.models import User
from access.roles import May
from audit.recording import record
from core import clock
from core.errors import InputRefused, TransitionRefused
from core.text import clean_text
from exchanges.approval import current_manifest
from exchanges.models import AFTER_GO, OPEN_LOCKED, IdentityCheck, ManifestLine, Tranche
from exchanges.operations.taking import lock_tranche
from exchanges.standing import Parties, standing_of

SHOWN_NUMBERS = 20


@transaction.atomic
def check_identities(tranche: Tranche, *, checks: Sequence[Mapping[str, Any]], actor: User) -> list[IdentityCheck]:
    """Holder or receiver says of people on the manifest whether they are the ones: `{entry, result, method}`.

    A later check of the same person stands beside the earlier ones; one that only repeats what this side said last is not
    written again. Raises InputRefused naming every line that is unknown or has no such result.
    """
    tranche = lock_tranche(tranche, actor)
    standing = standing_of(actor, tranche.compartment_id, Parties(tranche.exchange), (May.RUN_HANDOVER,))
    side = standing.participant
    if side is None or May.RUN_HANDOVER not in standing.capabilities:
        raise NotAllowed(_("Identity checks are for the participants' handover officers."))
    if tranche.status not in (*OPEN_LOCKED, *AFTER_GO):
        raise TransitionRefused(_("Identities are checked once the tranche is locked: before that it has no manifest."))
    of_side = Q(entry__direction__holder=side) | Q(entry__direction__receiver=side)
    manifest = ManifestLine.objects.unscoped("own tranche").filter(of_side, manifest=current_manifest(tranche))
    lines = {str(line.entry_id): line for line in manifest}
    faults = {f"checks.{index}": [fault] for index, given in enumerate(checks) if (fault := _fault(given, lines))}
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)
    said = IdentityCheck.objects.unscoped("own side's").filter(participant=side, entry__in=list(lines)).order_by("at")
    latest = {str(entry_id): result for entry_id, result in said.values_list("entry_id", "result")}
    new = [given for given in checks if latest.get(str(given["entry"])) != given["result"]]
    if not new:
        return []
    now = clock.now()
    rows = [
        checked(
            IdentityCheck(
                compartment_id=tranche.compartment_id, entry_id=lines[str(given["entry"])].entry_id, participant=side,
                result=given["result"], method=clean_text(str(given.get("method") or "")), at=now,
            )
        )
        for given in new
    ]  # fmt: skip
    IdentityCheck.objects.bulk_create(rows)
    numbers = sorted(lines[str(row.entry_id)].number for row in rows)
    record(
        "identity.checked", subject=tranche, actor=actor, seat=standing.seat, capability=May.RUN_HANDOVER,
        data={
            "participant": side.letter, "counts": dict(Counter(row.result for row in rows)), "numbers": numbers[:SHOWN_NUMBERS],
        },
    )  # fmt: skip
    return rows


def _fault(given: Mapping[str, Any], lines: Mapping[str, ManifestLine]) -> str:
    if str(given.get("entry")) not in lines:
        return _("This entry is not on the manifest of those your side hands over or receives.")
    if given.get("result") not in IdentityCheck.Result.values:
        return _("There is no result “%(result)s”.") % {"result": str(given.get("result"))[:20]}
    return ""
