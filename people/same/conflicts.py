"""Judgements that cannot all be right: A is B, A is C, and B is not C. Each with who said it."""

import uuid
from collections import defaultdict, deque
from dataclasses import dataclass

from access.models import User
from people.models import SamePersonJudgement, Verdict
from people.operations.merging import current_judgements

MOST = 20


@dataclass(frozen=True)
class Conflict:
    against: SamePersonJudgement
    chain: list[SamePersonJudgement]  # from the one to the other


def conflicts(viewer: User) -> list[Conflict]:
    rows = current_judgements(SamePersonJudgement.objects.visible_to(viewer)).select_related("one", "other", "by")
    beside: dict[uuid.UUID, list[SamePersonJudgement]] = defaultdict(list)
    for row in rows.filter(verdict=Verdict.SAME):
        beside[row.one_id].append(row)
        beside[row.other_id].append(row)
    against = rows.filter(verdict=Verdict.NOT_SAME).order_by("at", "id")
    found = []
    for row in against:
        if row.one_id in beside and (chain := _way(beside, row.one_id, row.other_id)):
            found.append(Conflict(row, chain))
    return found[:MOST]


def _way(
    beside: dict[uuid.UUID, list[SamePersonJudgement]], start: uuid.UUID, end: uuid.UUID
) -> list[SamePersonJudgement]:
    """The fewest judgements that make the two one person; empty where none do."""
    came: dict[uuid.UUID, tuple[uuid.UUID, SamePersonJudgement] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for row in beside[here]:
            there = row.other_id if row.one_id == here else row.one_id
            if there not in came:
                came[there] = (here, row)
                waiting.append(there)
    chain: list[SamePersonJudgement] = []
    step = came.get(end)
    while step is not None:
        chain.append(step[1])
        step = came[step[0]]
    return chain[::-1]
