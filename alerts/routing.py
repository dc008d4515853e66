"""Event → recipients: who is told, after the column *told* of RULES section 1. Never the actor."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q

from access.models import User
from access.roles import May, Role, roles_with
from access.scoping import holding, running, users_where
from accounts.models import Invitation
from alerts.models import TELLS_OF_FINAL_LISTS, Reader
from audit.models import Counterpart, Event, EventData, Log, readers_of
from exchanges.models import Direction, Exchange, Scope, SignOffPaper, SignOffStep, StepStatus, Tranche, TrancheStatus
from exchanges.transitions import direction, exchange, sign_off, tranche

PARTY_ROLES = (Role.NEGOTIATOR, Role.HEAD, Role.HANDOVER_OFFICER)
MEDIATOR_ROLES = (Role.MEDIATOR,)
SIGNATORY_ROLES = (Role.SIGNATORY, Role.SIGNATORY_OFFICE)
ALL_ROLES = (*PARTY_ROLES, *MEDIATOR_ROLES, *SIGNATORY_ROLES)
NEUTRAL_ROLES = (Role.NEUTRAL,)
OFFICE_ROLES = tuple(sorted({*roles_with("sign"), *roles_with("record_sign_off")}))
S = TrancheStatus
INVITED = "member.invited"
ALARMS = ("alarm.decoy_opened", "alarm.unassigned_reads", "alarm.bulk_reads")

TOLD: dict[str, str] = {
    row.event: row.told
    for table in (exchange.TRANSITIONS, tranche.TRANSITIONS, sign_off.TRANSITIONS, direction.TRANSITIONS)
    for row in table.values()
} | {
    exchange.STATUS_CHANGED: "all_told_earlier",
    tranche.STATUS_CHANGED: "by_status",
    sign_off.STATUS_CHANGED: "step_by_status",
    tranche.GONE_EVENT: "all",
    "tranche.planned": "parties",
    "tranche.lock_agreed": "parties",
    "tranche.lock_asked": "own_locking",
    "entry.correction_asked": "own_editing",
    "sign_off.approval_asked": "own_office",
    "sign_off.lapsed": "step_holders",
    "sign_off.expired": "step_holders_and_all",
    sign_off.TOO_LATE: "all_told_earlier_urgent",
    INVITED: "own_side_if_by_operator",
    **dict.fromkeys(ALARMS, "own_heads"),
    "deadline.passed": "own_writing",
    "deadline.escalated": "own_deciding",
}
DEADLINES = ("deadline.passed", "deadline.escalated")
ABLE = {"own_writing": May.WRITE_PERSON, "own_deciding": May.DECIDE}
OWN = {"own_locking": May.LOCK, "own_editing": May.EDIT_LIST, "own_heads": May.MANAGE_MEMBERS}
URGENT = frozenset({*ALARMS, "tranche.held", "sign_off.withdrawn", sign_off.TOO_LATE, "exchange.cancelled"})


def is_routed(event: Event) -> bool:
    """Counterparts in a private log repeat a shared event: the shared one is told."""
    return event.kind in TOLD and not Counterpart.objects.filter(event=event).exists()


def recipients(event: Event) -> list[User]:
    """Everybody who is to hear of this event and may see it, without the one who did it."""
    found = set(_told(event)) - {_actor_of(event)}
    users = User.objects.filter(_who_may_see(event), is_active=True, is_system=False).order_by("pk")
    return [user for user in users if user.pk in found]


def _side_of(event: Event) -> list[Any]:
    """Every member of the organisation or, where it acts for a party, of that party: an operator's appointment is never
    silent."""
    home = event.compartment
    own = Q(memberships__organisation=home.organisation_id) if home.organisation_id else Q(
        memberships__organisation__party=home.party_id
    )  # fmt: skip
    members = User.objects.filter(own, running("memberships__"))
    return list(members.values_list("pk", flat=True).distinct())


def invitation_of(event: Event) -> Invitation | None:
    """Whoever is invited has no account that could be told: the mail goes to the invitation's address."""
    found: Invitation | None = row_of(event, Invitation) if event.kind == INVITED else None
    return found


def _who_may_see(event: Event) -> Q:
    """All of whom `may_see` holds, at once: there may be thousands."""
    readers = readers_of(event)
    if _tells_of_final_lists(event):
        readers |= users_where(event.compartment_id, May.READ_FINAL_LISTS)
    return readers


def may_see(user: User, event: Event) -> bool:
    """Asked again when sending: a removed member hears nothing more."""
    if Event.objects.visible_to(user).filter(pk=event.pk).exists():
        return True
    return _tells_of_final_lists(event) and May.READ_FINAL_LISTS in user.capabilities_in(event.compartment_id)


def _told(event: Event) -> Iterable[Any]:
    where, told = event.compartment_id, TOLD[event.kind]
    match told:
        case "all" | "all_urgent" | "all_told_earlier" | "all_told_earlier_urgent" | "by_status":
            return [*_holding(where, ALL_ROLES), *(_neutral(where) if _tells_of_final_lists(event) else [])]
        case "parties":
            return _holding(where, PARTY_ROLES)
        case "parties_and_mediator":
            return _holding(where, (*PARTY_ROLES, *MEDIATOR_ROLES))
        case "all_and_signers":
            return [
                *_holding(where, ALL_ROLES), *_signers(event), *(_neutral(where) if _tells_of_final_lists(event) else []),
            ]  # fmt: skip
        case "parties_and_signers":
            return [*_holding(where, PARTY_ROLES), *_signers(event, Scope.NAMES)]
        case "own_locking" | "own_editing" | "own_heads":
            return _holding(where, roles_with(OWN[told]))
        case "own_writing" | "own_deciding":
            return _able(where, ABLE[told])
        case "own_side_if_by_operator":
            return _side_of(event) if event.actor.endswith(f":{Role.OPERATOR}") else ()
        case "own_party_or_all":
            return _holding(where, ALL_ROLES)
        case _:
            return _told_of_steps(event, told)


def _told_of_steps(event: Event, told: str) -> Iterable[Any]:
    step = _step(event)
    if step is None or told in ("first_step_holders", "next_holders"):
        return ()  # a step tells its own holders in the moment it becomes pending
    match told:
        case "step_by_status":
            content = content_of(event)
            lapsed = _holding(event.compartment_id, ALL_ROLES) if content.get("lapsed") else ()
            return () if content.get("after") == StepStatus.APPROVED else [*_office(step), *lapsed]
        case "step_holders" | "own_office":
            return _office(step)
        case "step_holders_and_all":
            return [*_office(step), *_holding(event.compartment_id, ALL_ROLES)]
    return ()


def content_of(event: Event) -> dict[str, Any]:
    content = EventData.objects.unscoped("routing").filter(event=event).first()
    return dict(json.loads(content.json)) if content else {}


def _tells_of_final_lists(event: Event) -> bool:
    """Row 18: the neutral intermediary hears of a signed-off tranche, whose final lists it then sees, and when it is no more."""
    if event.kind not in TELLS_OF_FINAL_LISTS:
        return False
    content = content_of(event)
    return content.get("after") == S.SIGNED_OFF or content.get("before") in (S.SIGNED_OFF, S.STAGED)


def _holding(compartment_id: Any, roles: Iterable[str]) -> list[Any]:
    """Ids of users who hold one of these roles where the compartment is granted for that role."""
    return list(holding(compartment_id, roles).order_by().values_list("user_id", flat=True))


def _able(compartment_id: Any, capability: str) -> list[Any]:
    """Whoever may do something about it there: a caseworker in their own organisation's half, and in no other."""
    return list(User.objects.filter(users_where(compartment_id, capability)).values_list("pk", flat=True))


def _neutral(compartment_id: Any) -> list[Any]:
    return _holding(compartment_id, NEUTRAL_ROLES)


def _office(step: SignOffStep) -> list[Any]:
    """Members of the step's office who sign or record there."""
    if step.office_id is None:
        return []
    members = User.objects.filter(
        running("memberships__"), memberships__organisation=step.office_id, memberships__role__in=OFFICE_ROLES
    )
    return list(members.values_list("pk", flat=True))


def _signers(event: Event, *scopes: str) -> list[Any]:
    """Whoever signed or recorded a decision under the tranche's lock, in these scopes or in any."""
    row = row_of(event, Tranche)
    if row is None:
        return []
    papers = SignOffPaper.objects.unscoped("routing").filter(
        sign_off__step__tranche=row, sign_off__step__lock_number=row.lock_number,
        sign_off__step__scope__in=scopes or Scope.values,
    )  # fmt: skip
    return [pk for two in papers.values_list("user_id", "confirmed_by_id") for pk in two if pk]


def _step(event: Event) -> SignOffStep | None:
    found: SignOffStep | None = row_of(event, SignOffStep)
    return found


def row_of(event: Event, model: Any) -> Any:
    name, _, pk = event.subject.partition(":")
    if name != model._meta.model_name:
        return None
    return model.objects.unscoped("routing").filter(pk=pk).first()


def _actor_of(event: Event) -> Any:
    """The person who did it: in the event itself, or in the counterpart in their own log."""
    if event.actor.startswith("user:"):
        return _uuid(event.actor)
    counterpart = Counterpart.objects.filter(shared=event).select_related("event").first()
    return _uuid(counterpart.event.actor) if counterpart else None


def _uuid(actor: str) -> Any:
    return UUID(actor.partition(":")[2])


def exchange_of(event: Event) -> Exchange | None:
    """The exchange an alert is about: what it may be called outside the application."""
    for model, path in ((Exchange, ""), (Tranche, "exchange"), (SignOffStep, "tranche__exchange")):
        row = row_of(event, model)
        if row is not None:
            for name in filter(None, path.split("__")):
                row = getattr(row, name)
            return row  # type: ignore[no-any-return]
    row = row_of(event, Direction)
    return row.exchange if row else None


def compartments_behind() -> list[Any]:
    """Compartments whose log has grown past what routing has read."""
    read = {reader.compartment_id: reader.position for reader in Reader.objects.all()}
    logs = Log.objects.unscoped("routing reads every log").filter(position__gt=0).values_list("pk", "position")
    return [pk for pk, position in logs if position > read.get(pk, 0)]
