"""The application's own check of its logs, by the verifier that the parties have."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max

import verify_log
from access.models import Compartment
from audit.export import lines_of
from audit.models import Event, Log

REASON = "the check of every log"


@dataclass(frozen=True)
class Checked:
    compartment: Compartment
    events: int
    fault: str  # empty: whole


def check_every_log() -> Iterator[Checked]:
    """Each log with what is wrong with it: the first faulty row, by its position."""
    rows = Event.objects.unscoped(REASON).order_by().values("compartment").annotate(n=Count("pk"), last=Max("position"))
    stored = {row["compartment"]: (row["n"], row["last"]) for row in rows}
    heads = dict(Log.objects.unscoped(REASON).values_list("pk", "position"))
    for compartment in Compartment.objects.unscoped(REASON).filter(pk__in={*stored, *heads}).order_by("pk"):
        count, last = stored.get(compartment.pk, (0, 0))
        fault = fault_of(compartment)
        if not fault and last > heads.get(compartment.pk, 0):
            fault = f"row {heads.get(compartment.pk, 0) + 1}: the head does not count it"
        yield Checked(compartment, count, fault)


def fault_of(compartment: Compartment) -> str:
    """The first faulty row of a log as it would be exported; empty when it is whole."""
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        for line in lines_of(compartment):
            yield line.decode()
            read += 1

    try:
        verify_log.verify(lines())
    except verify_log.Broken as broken:
        return str(broken)
    except (TypeError, ValueError) as error:  # content that is no JSON any more, or a salt that is none
        return f"row {read}: not readable ({type(error).__name__})"
    return ""


def heads() -> dict[str, list[Any]]:
    """Position and hash of every log, by compartment."""
    rows = Log.objects.unscoped(REASON).order_by("pk").values_list("pk", "position", "hash")
    return {str(pk): [position, digest] for pk, position, digest in rows}
