"""The exchanges of the public record as a table, and as steps of people returned per month each way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import User
from core.partial_dates import spelt
from exchanges.models import PublicExchange, PublicKind
from exchanges.presentation.times import count
from negotiations.public_record import Asked, RecordChoices, RecordWindow, Source, sources_of, window_of

WIDTH, HEIGHT, TOP, BASE = 960, 250, 44, 208  # of one chart, in its own units; the axis stands at BASE
NEAR_THE_EDGE = 120
STEPS_OF_SCALE = (1, 2, 5, 10)
MOST_LINES = 3
MONTHS = 12


@dataclass(frozen=True)
class PublicExchangeLine:
    date: str
    kind: str  # empty for an exchange
    to_ukraine: str
    to_russia: str
    civilians: str
    mediator: str
    place: str
    notes: str
    sources: list[Source]


@dataclass(frozen=True)
class Total:
    receiver: str
    letter: str
    known: str
    unknown: str


@dataclass(frozen=True)
class Mark:
    """A text at a place of the chart."""

    x: str
    y: str
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Series:
    """One way: its steps, the months in which a number is unknown, and its highest month."""

    label: str
    letter: str
    is_hatched: bool
    path: str
    unknown: list[Mark]
    peak: Mark | None


@dataclass(frozen=True)
class MonthRow:
    month: str
    to_ukraine: str
    to_russia: str


@dataclass(frozen=True)
class Chart:
    series: list[Series]
    lines: list[Mark]
    years: list[Mark]
    rows: list[MonthRow]
    width: int = WIDTH
    height: int = HEIGHT
    base: int = BASE


@dataclass(frozen=True)
class PublicExchangesPage:
    lines: list[PublicExchangeLine]
    window: RecordWindow
    summary: str
    totals: list[Total]
    chart: Chart | None


def exchanges_of_record(viewer: User) -> list[PublicExchange]:
    return list(PublicExchange.objects.visible_to(viewer).order_by("-line"))


def choices_of_exchanges(rows: Sequence[PublicExchange]) -> RecordChoices:
    return RecordChoices.of([row.held_on for row in rows], [row.mediator for row in rows])


def exchanges_page(rows: Sequence[PublicExchange], asked: Asked) -> PublicExchangesPage:
    wanted = [row for row in rows if asked.wants(row.held_on, row.mediator)]
    shown, window = window_of(wanted, asked)
    done = [row for row in wanted if row.kind == PublicKind.EXCHANGE]
    return PublicExchangesPage(
        lines=[_line(row) for row in shown], window=window, summary=_summary(len(done), len(wanted) - len(done)),
        totals=[
            _total(_("Ukraine"), "A", [row.returned_to_ukraine for row in done]),
            _total(_("Russia"), "B", [row.returned_to_russia for row in done]),
        ],
        chart=chart_of(done, _months_between(rows, asked)) if done else None,
    )  # fmt: skip


def _line(row: PublicExchange) -> PublicExchangeLine:
    is_exchange = row.kind == PublicKind.EXCHANGE
    return PublicExchangeLine(
        date=spelt(row.held_on), kind="" if is_exchange else str(row.get_kind_display()),
        to_ukraine=_known(row.returned_to_ukraine), to_russia=_known(row.returned_to_russia),
        civilians=_known(row.civilians), mediator=row.mediator, place=row.place, notes=row.notes,
        sources=sources_of(row.sources),
    )  # fmt: skip


def _known(number: int | None) -> str:
    return "" if number is None else count(number)


def _summary(done: int, others: int) -> str:
    exchanges = ngettext("%(n)s exchange", "%(n)s exchanges", done) % {"n": count(done)}
    if not others:
        return exchanges
    none = ngettext("%(n)s entry that was not an exchange", "%(n)s entries that were not exchanges", others) % {
        "n": count(others)
    }
    return _("%(exchanges)s and %(none)s") % {"exchanges": exchanges, "none": none}


def _total(receiver: str, letter: str, numbers: list[int | None]) -> Total:
    missing = numbers.count(None)
    unknown = ngettext("unknown in %(n)s exchange", "unknown in %(n)s exchanges", missing) % {"n": count(missing)}
    return Total(receiver, letter, count(sum(filter(None, numbers))), unknown if missing else "")


# The chart


def _months_between(rows: Sequence[PublicExchange], asked: Asked) -> list[str]:
    """Every month from the first line to the last, `2025-05`; of one year where one is asked for."""
    dated = sorted(row.held_on[:7] for row in rows if len(row.held_on) >= len("2025-05"))
    if not dated:
        return []
    (first_year, first), (last_year, last) = (map(int, month.split("-")) for month in (dated[0], dated[-1]))
    span = range(first_year * MONTHS + first - 1, last_year * MONTHS + last)
    months = [f"{number // MONTHS}-{number % MONTHS + 1:02}" for number in span]
    return [month for month in months if month.startswith(asked.year)]


def chart_of(rows: Sequence[PublicExchange], months: list[str]) -> Chart | None:
    """Both ways at one scale, so that they can be compared; None where no line names a month."""
    to_ukraine = _by_month(rows, lambda row: row.returned_to_ukraine)
    to_russia = _by_month(rows, lambda row: row.returned_to_russia)
    if not to_ukraine or not months:
        return None
    highest = max(1, *(sum(filter(None, numbers)) for way in (to_ukraine, to_russia) for numbers in way.values()))
    return Chart(
        series=[
            _series(_("returned to Ukraine"), "A", to_ukraine, months, highest),
            _series(_("returned to Russia"), "B", to_russia, months, highest),
        ],
        lines=[Mark("0", _y(number, highest), count(number), "start") for number in scale(highest)],
        years=_years(months),
        rows=[
            MonthRow(spelt(month), _in_words(to_ukraine[month]), _in_words(to_russia[month]))
            for month in reversed(months)
            if month in to_ukraine
        ],
    )  # fmt: skip


Numbers = dict[str, list[int | None]]


def _by_month(rows: Sequence[PublicExchange], number: Callable[[PublicExchange], int | None]) -> Numbers:
    months: Numbers = {}
    for row in rows:
        if len(row.held_on) >= len("2025-05"):
            months.setdefault(row.held_on[:7], []).append(number(row))
    return months


def scale(highest: int) -> list[int]:
    """Round numbers from zero upwards, at most three lines of them, none above the highest."""
    magnitude = 1
    while True:
        for step in STEPS_OF_SCALE[:-1]:
            if highest // (step * magnitude) <= MOST_LINES:
                return list(range(0, highest + 1, step * magnitude))
        magnitude *= 10


def _series(label: str, letter: str, numbers: Numbers, months: list[str], highest: int) -> Series:
    sums = [sum(filter(None, numbers.get(month, []))) for month in months]
    wide = WIDTH / len(months)
    path = [f"M0 {BASE}"]
    path += [f"V{_y(people, highest)}H{(place + 1) * wide:.1f}" for place, people in enumerate(sums)]
    unknown = [
        Mark(f"{(place + 0.5) * wide:.1f}", f"{float(_y(people, highest)) - 4:.1f}", "?")
        for place, (month, people) in enumerate(zip(months, sums, strict=True))
        if None in numbers.get(month, [])
    ]
    return Series(
        label=label, letter=letter, is_hatched=letter == "B", path="".join(path) + f"V{BASE}Z", unknown=unknown,
        peak=_peak(sums, months, wide, highest),
    )  # fmt: skip


def _peak(sums: list[int], months: list[str], wide: float, highest: int) -> Mark | None:
    most = max(sums)
    if not most:
        return None
    place = sums.index(most)
    x = (place + 0.5) * wide
    anchor = "start" if x < NEAR_THE_EDGE else "end" if x > WIDTH - NEAR_THE_EDGE else "middle"
    text = _("%(people)s in %(month)s") % {"people": count(most), "month": spelt(months[place])}
    return Mark(f"{x:.1f}", f"{float(_y(most, highest)) - 8:.1f}", text, anchor)


def _y(people: int, highest: int) -> str:
    return f"{BASE - (BASE - TOP) * people / highest:.1f}"


def _years(months: list[str]) -> list[Mark]:
    """Each year stands at its first month shown."""
    firsts = {month[:4]: place for place, month in reversed(list(enumerate(months)))}
    return [
        Mark(f"{place * WIDTH / len(months):.1f}", str(HEIGHT - 4), year, "start")
        for year, place in sorted(firsts.items())
    ]


def _in_words(numbers: list[int | None]) -> str:
    missing = numbers.count(None)
    if missing == len(numbers):
        return ""
    known = count(sum(filter(None, numbers)))
    if not missing:
        return known
    more = ngettext("%(n)s exchange unknown", "%(n)s exchanges unknown", missing) % {"n": count(missing)}
    return _("%(known)s and %(more)s") % {"known": known, "more": more}
