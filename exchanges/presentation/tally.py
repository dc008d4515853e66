"""How many names stand where: one grouped query whatever the number of rows.

Counts are open to whoever reads the table (RULES section 9); names are not, and none is read here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from exchanges.models import Direction, Entry, Exchange, FormulaLine, Stance, is_agreed
from exchanges.presentation.times import count
from people.models import Category


@dataclass(frozen=True)
class Group:
    """So many entries that agree in everything that is counted."""

    direction: UUID
    category: str
    is_humanitarian: bool
    holder_stance: str
    receiver_stance: str
    tranche: UUID | None
    size: int

    @property
    def is_withdrawn(self) -> bool:
        return Stance.WITHDRAWN in (self.holder_stance, self.receiver_stance)

    @property
    def is_agreed(self) -> bool:
        return is_agreed(self.holder_stance, self.receiver_stance)

    def has(self, stance: str) -> bool:
        return not self.is_withdrawn and stance in (self.holder_stance, self.receiver_stance)


class Tally:
    def __init__(self, groups: Iterable[Group]) -> None:
        self.groups = list(groups)

    def of(self, matches: Callable[[Group], bool]) -> int:
        return sum(group.size for group in self.groups if matches(group))

    def within(self, direction: Direction) -> "Tally":
        return Tally(group for group in self.groups if group.direction == direction.pk)

    def unanswered_by(self, direction: Direction, participant_id: UUID | None) -> int:
        return self.within(direction).of(lambda group: waits_for_side(group, direction, participant_id))


def waits_for_side(group: Group, direction: Direction, participant_id: UUID | None) -> bool:
    if group.is_withdrawn:
        return False
    if participant_id == direction.holder_id:
        return not group.holder_stance
    return participant_id == direction.receiver_id and not group.receiver_stance


def counted(exchange: Exchange) -> "QuerySet[Any, tuple[Any, ...]]":
    """The rows of its `Group`s."""
    return (
        Entry.objects.unscoped("counts are open to whoever reads the table")
        .filter(direction__exchange=exchange)
        .order_by()
        .values_list("direction_id", "category", "is_humanitarian", "holder_stance", "receiver_stance", "tranche_id")
        .annotate(size=Count("pk"))
    )


@dataclass(frozen=True)
class Bar:
    label: str
    total: int
    agreed: int
    argued: int
    text: str
    notes: str


@dataclass(frozen=True)
class CategoryCount:
    label: str
    agreed: str
    target: str


@dataclass(frozen=True)
class DirectionView:
    """One direction's target and agreed counts; the humanitarian list stands beside them, never within."""

    pk: UUID
    number: int
    label: str
    holder: str
    receiver: str
    bar: Bar
    categories: list[CategoryCount]
    humanitarian: str
    listed: int
    revision: int


@dataclass(frozen=True)
class StatedDirection:
    """One direction as a draft states it now."""

    holder: UUID | str
    receiver: UUID | str
    lines: Sequence[tuple[str, int]] = ()


def direction_view(direction: Direction, tally: Tally, lines: list[FormulaLine]) -> DirectionView:
    within = tally.within(direction)
    target = sum(line.count for line in lines)
    agreed = within.of(lambda group: group.is_agreed and not group.is_humanitarian)
    argued = within.of(lambda group: not group.is_agreed and not group.is_withdrawn and not group.is_humanitarian)
    humanitarian = within.of(lambda group: group.is_humanitarian and not group.is_withdrawn)
    notes = []
    if argued:
        notes.append(_("%(n)s listed and not agreed") % {"n": count(argued)})
    notes.append(_("humanitarian list, owed regardless of number: %(n)s") % {"n": count(humanitarian)})
    label = str(direction)
    total = max(target, agreed + argued, 1)
    text = _("%(agreed)s agreed of %(target)s") % {"agreed": count(agreed), "target": count(target)}
    return DirectionView(
        pk=direction.pk, number=direction.number, label=label, holder=str(direction.holder),
        receiver=str(direction.receiver), categories=_categories(within, lines), humanitarian=count(humanitarian),
        bar=Bar(label, total, agreed, argued, text, " · ".join(notes)), revision=direction.latest_revision,
        listed=within.of(lambda group: not group.is_withdrawn),
    )  # fmt: skip


def _categories(within: Tally, lines: list[FormulaLine]) -> list[CategoryCount]:
    targets = {line.category: line.count for line in lines}
    agreed: dict[str, int] = {}
    for group in within.groups:
        if group.is_agreed and not group.is_humanitarian:
            agreed[group.category] = agreed.get(group.category, 0) + group.size
    shown = [category for category in Category.values if category in agreed or category in targets]
    counts = [
        CategoryCount(
            str(Category(category).label), count(agreed.get(category, 0)),
            count(targets[category]) if category in targets else "",
        )
        for category in shown
    ]  # fmt: skip
    if "" in targets:
        counts.append(CategoryCount(_("of any category"), "", count(targets[""])))
    return counts
