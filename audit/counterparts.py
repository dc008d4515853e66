"""A shared event and its private counterpart tell of one act: shown once, with the person named to their own side."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from access.models import User
from audit.models import Counterpart, Event


def told_once(events: "QuerySet[Event]") -> "QuerySet[Event]":
    """Without the counterparts: each repeats a shared event that the viewer sees as well."""
    return events.filter(~Exists(Counterpart.objects.filter(event=OuterRef("pk"))))


def people_behind(names: Iterable[str], viewer: User) -> dict[str, str]:
    """Of events named `<compartment>:<position>`, who did them, where the viewer may see the counterpart. Two queries."""
    positions: dict[UUID, list[int]] = {}
    for name in names:
        compartment, _colon, position = name.partition(":")
        positions.setdefault(UUID(compartment), []).append(int(position))
    if not positions:
        return {}
    wanted = Q()
    for compartment_id, of_it in positions.items():
        wanted |= Q(shared__compartment_id=compartment_id, shared__position__in=of_it)
    rows = Counterpart.objects.filter(wanted, event__in=Event.objects.visible_to(viewer))
    actors = {
        f"{compartment}:{position}": actor.partition(":")[2]
        for compartment, position, actor in rows.values_list(
            "shared__compartment_id", "shared__position", "event__actor"
        )
        if actor.startswith("user:")
    }
    known = User.objects.visible_to(viewer).filter(pk__in=set(actors.values())).values_list("pk", "label")
    labels = {str(pk): label for pk, label in known}
    return {name: labels[pk] for name, pk in actors.items() if pk in labels}
