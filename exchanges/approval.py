"""The approval query: which sign-offs count now. Approved is read here, never from a stored status alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from uuid import UUID

from core import clock
from exchanges.models import Manifest, Scope, SignOff, SignOffStep, Tranche


@dataclass(frozen=True)
class Rung:
    """One step of the current lock with what counts for it at this instant."""

    step: SignOffStep
    valid: tuple[SignOff, ...]
    has_quorum: bool
    lower_count: bool

    @property
    def counts(self) -> bool:
        """A step whose lower orders stopped counting keeps its sign-offs, but they do not count."""
        return self.has_quorum and self.lower_count


@dataclass(frozen=True)
class Ladder:
    rungs: tuple[Rung, ...]

    def of(self, participant_id: UUID) -> list[Rung]:
        return [rung for rung in self.rungs if rung.step.participant_id == participant_id]

    def rung(self, step_id: UUID) -> Rung:
        return next(rung for rung in self.rungs if rung.step.pk == step_id)

    @property
    def internal_count(self) -> bool:
        return all(rung.counts for rung in self.rungs if not rung.step.is_final)

    @property
    def is_approved(self) -> bool:
        """Every final of every participant counts, and with it everything below it."""
        finals = [rung for rung in self.rungs if rung.step.is_final]
        return bool(finals) and all(rung.counts for rung in finals) and self.internal_count


def current_manifest(tranche: Tranche) -> Manifest | None:
    """The newest manifest of the current lock; None while planned."""
    rows = Manifest.objects.unscoped("the tranche was reread in scope")
    found: Manifest | None = rows.filter(tranche=tranche, lock_number=tranche.lock_number).order_by("-version").first()
    return found


def digest_for(scope: str, manifest: Manifest) -> str:
    return manifest.frame_digest if scope == Scope.FRAME else manifest.names_digest


@dataclass(frozen=True)
class Wanted:
    """What counts for a scope: this digest, signed after a correction brought it about, if one did."""

    digest: str
    after: datetime | None

    def fits(self, sign_off: SignOff) -> bool:
        return sign_off.digest == self.digest and (self.after is None or sign_off.at > self.after)


def wanted_for(scope: str, manifests: Sequence[Manifest]) -> Wanted:
    """`manifests` of the current lock, newest first. A correction that is undone brings an earlier digest back, and
    revives nothing that was signed before (RULES section 2)."""
    digest = digest_for(scope, manifests[0])
    unchanged = list(takewhile(lambda manifest: digest_for(scope, manifest) == digest, manifests))
    return Wanted(digest, None if len(unchanged) == len(manifests) else unchanged[-1].at)


def manifests_of(tranche: Tranche) -> list[Manifest]:
    """The versions of the current lock, newest first; none while planned."""
    rows = Manifest.objects.unscoped("the tranche was reread in scope").defer("frame")
    return list(rows.filter(tranche=tranche, lock_number=tranche.lock_number).order_by("-version"))


def ladder_of(tranche: Tranche) -> Ladder:
    """Read the ladder of the current lock from the sign-offs themselves. Three queries."""
    manifests = manifests_of(tranche)
    if not manifests:
        return Ladder(())
    steps = list(
        SignOffStep.objects.unscoped("approval needs every participant's steps")
        .filter(tranche=tranche, lock_number=tranche.lock_number)
        .select_related("participant", "office")
        .order_by("participant__letter", "order")
    )
    sign_offs = (
        SignOff.objects.unscoped("approval needs every participant's sign-offs")
        .filter(step__in=steps, withdrawal__isnull=True)
        .select_related("organisation")
        .order_by("at")
    )
    return Ladder(tuple(_rungs(steps, list(sign_offs), manifests)))


def _rungs(steps: list[SignOffStep], sign_offs: list[SignOff], manifests: Sequence[Manifest]) -> Iterable[Rung]:
    now = clock.now()
    stands: dict[UUID, bool] = {}
    for step in steps:
        wanted = wanted_for(step.scope, manifests)
        valid = tuple(
            sign_off
            for sign_off in sign_offs
            if sign_off.step_id == step.pk
            and wanted.fits(sign_off)
            and (sign_off.expires_at is None or sign_off.expires_at > now)
        )
        rung = Rung(step, valid, len(valid) >= step.quorum, stands.get(step.participant_id, True))
        stands[step.participant_id] = rung.counts
        yield rung
