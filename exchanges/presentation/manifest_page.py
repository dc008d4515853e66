"""A tranche's locked content for paper, in columns, by direction."""

from dataclasses import dataclass
from typing import Any

from access.models import User
from core.partial_dates import spelt
from exchanges.models import Manifest, ManifestLine
from exchanges.presentation.names_window import scripts
from exchanges.presentation.sign_sheet import Digest, digest_view
from exchanges.presentation.times import count, day, instant


@dataclass(frozen=True)
class Line:
    number: int
    name: str
    other_script: str
    born: str
    rank: str
    service_number: str
    is_humanitarian: bool


@dataclass(frozen=True)
class DirectionLines:
    label: str
    size: str
    lines: list[Line]


@dataclass(frozen=True)
class ManifestPage:
    reference: str
    title: str
    tranche_pk: Any
    status: str
    planned_on: str
    place: str
    version: str
    locked_at: str
    change: str
    digest: Digest
    directions: list[DirectionLines]


def manifest_page(manifest: Manifest, viewer: User) -> ManifestPage:
    """`manifest` was fetched with `visible_to(viewer)`."""
    tranche = manifest.tranche
    rows = ManifestLine.objects.visible_to(viewer).filter(manifest=manifest)
    by_direction: dict[str, list[Line]] = {}
    beside = ("entry__direction__holder", "entry__direction__receiver")
    for row in rows.select_related(*beside).order_by("entry__direction__number", "number"):
        by_direction.setdefault(str(row.entry.direction), []).append(_line(row))
    return ManifestPage(
        reference=tranche.reference, title=tranche.exchange.title, tranche_pk=tranche.pk,
        status=tranche.get_status_display(), planned_on=day(tranche.planned_on), place=tranche.place,
        version=f"{manifest.lock_number}.{manifest.version}", locked_at=instant(manifest.at), change=manifest.change,
        digest=digest_view(manifest.names_digest),
        directions=[DirectionLines(label, count(len(lines)), lines) for label, lines in by_direction.items()],
    )  # fmt: skip


def _line(row: ManifestLine) -> Line:
    name, other_script = scripts(row)
    return Line(
        row.number, name, other_script, spelt(row.birth_date), row.rank, row.service_number, row.is_humanitarian
    )
