"""Talks of another shape than the usual: three participants, or a side that does not work here."""

from datetime import timedelta
from typing import Any

from core import clock
from exchanges.models import Exchange, Tranche
from exchanges.operations import exchange as exchanges
from exchanges.operations import sign_off as sign_offs
from exchanges.standing import Word
from negotiations.models import Negotiation, Participant
from negotiations.operations import create_negotiation
from tests.cast import Cast, Side, side
from tests.factories import Talks, reread
from tests.keeping import kept


class ThreeTalks(Talks):
    """North, South and East, everybody working here."""

    east: Participant
    east_side: Side

    def side_of(self, participant: Participant) -> Side:
        return self.east_side if participant == self.east else super().side_of(participant)

    @property
    def sides(self) -> list[Side]:
        return [self.cast.north, self.cast.south, self.east_side]


@kept
def three(cast: Cast) -> ThreeTalks:
    east = side("east")
    sides = [("North", "A", cast.north), ("South", "B", cast.south), ("East", "C", east)]
    negotiation = create_negotiation(
        title="Three", prefix="TRI", actor=cast.north.head,
        participants=[
            {"name": name, "letter": letter, "party": one.party, "organisations": [one.hq, one.office]}
            for name, letter, one in sides
        ],
    )  # fmt: skip
    for _name, _letter, one in sides:
        policy(negotiation, one)
    north, south, third = Participant.objects.unscoped("test").filter(negotiation=negotiation).order_by("letter")
    talks = ThreeTalks(cast, negotiation, north, south)
    talks.east, talks.east_side = third, east
    return talks


@kept
def policy(negotiation: Negotiation, one: Side, **options: Any) -> Any:
    steps = [{"office": one.hq, "scope": "names"}, {"office": one.office, "scope": "frame", "is_final": True}]
    return sign_offs.set_policy(negotiation, actor=one.head, **{"steps": steps, **options})


@kept
def alone(cast: Cast, *absent: str) -> Talks:
    """The north works here; every other side is a name."""
    names = absent or ("South",)
    negotiation = create_negotiation(
        title="Alone", prefix="ALO", works_here="us", actor=cast.north.head,
        participants=[
            {"name": "North", "letter": "A", "party": cast.north.party, "organisations": [cast.north.hq, cast.north.office]},
            *({"name": name, "letter": letter} for name, letter in zip(names, "BCD", strict=False)),
        ],
    )  # fmt: skip
    policy(negotiation, cast.north)
    north, south, *_more = Participant.objects.unscoped("test").filter(negotiation=negotiation).order_by("letter")
    return Talks(cast, negotiation, north, south)


def word_of(participant: Participant, **facts: Any) -> Word:
    return Word(
        participant=participant.pk,
        **{
            "who": "their minister", "to_whom": "our head", "happened_at": clock.now(), "source": "by telephone",
            "according_to": "the head of delegation", **facts,
        },
    )  # fmt: skip


def by_word(participant: Participant, **facts: Any) -> dict[str, Any]:
    return {"word": word_of(participant, **facts)}


def drafted(scene: Talks, *routes: tuple[Participant, Participant, int], category: str = "") -> Exchange:
    """A draft of the north; each route is holder, receiver, count."""
    return exchanges.draft_exchange(
        scene.negotiation, title="An exchange", actor=scene.cast.north.negotiator,
        directions=[
            {"holder": holder.pk, "receiver": receiver.pk, "lines": [{"category": category, "count": count}]}
            for holder, receiver, count in routes
        ],
    )  # fmt: skip


def again(row: Any) -> Any:
    """The row as it stands now."""
    return reread(row) if isinstance(row, Tranche) else type(row).objects.unscoped("test").get(pk=row.pk)


def ago(**span: float) -> Any:
    return clock.now() - timedelta(**span)
