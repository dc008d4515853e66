"""One person of the demonstration whose dossier is full: what a headquarters knows after two years of asking."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from config.scenarios.building import Side
from people.models import ConsentRecord, HealthNote, IllTreatmentStep, Notification, Person, PersonToBeInformed
from people.operations import add_claim, add_name, assign_category
from people.operations.parts import add_identifier, add_to_part, note_agency_notice
from people.operations.watching import assign_case

KNOWN: tuple[Mapping[str, Any], ...] = (
    {"kind": "missing", "happened_on": "2022-05", "source": "report of the unit", "stated_by": "us", "confidence": "high"},
    {"kind": "seen_by_returnee", "happened_on": "2022-11", "source": "somebody who came home in January 2023",
     "note": "thin, walks, writes letters that are not sent"},
    {"kind": "confirmed_by_agency", "happened_on": "2023-02-14", "source": "letter CTA 88/1203", "confidence": "high"},
    {"kind": "reported_dead_by_holder", "happened_on": "2024-03", "source": "their answer to our fourth list",
     "confidence": "low"},
    {"kind": "seen_by_returnee", "happened_on": "2024-09-02", "source": "two who shared the cell", "held_by": "other"},
    {"kind": "hospitalised", "happened_on": "2025-01", "source": "the Agency's visit", "held_by": "other",
     "stated_by": "agency", "place": "a prison hospital, by word of mouth"},
)  # fmt: skip


def tell_in_full(person: Person, side: Side) -> None:
    """Claims that contradict, numbers, closed parts, and who works on it. Invented, as the person is."""
    clerk, negotiator = side.people["clerk"], side.people["negotiator"]
    add_name(person, actor=clerk, family="Сокіл", kind="call_sign", source="the unit")
    add_identifier(person, actor=clerk, kind="identity_tag", value="UA-204417", source="the unit")
    add_identifier(person, actor=clerk, kind="agency_number", value="CTA 88/1203", source="the Agency's letter")
    assign_category(person, actor=clerk, category="long_held", evidence="held since the capture", as_of="2025-05")
    for claim in KNOWN:
        add_claim(person, actor=clerk, **claim)
    note_agency_notice(person, actor=clerk, about="hospital", sent_on=date(2025, 2, 3), reference="UA 12/25")
    add_to_part(
        person, HealthNote, actor=side.people["medic"], state="serious", as_of="2025-01", source="the Agency's visit"
    )
    add_to_part(
        person, ConsentRecord, actor=side.people["lawyer"], answer="not_asked", asked_by="neutral", source="the Agency",
    )  # fmt: skip
    add_to_part(person, PersonToBeInformed, actor=clerk, name="the mother", relation="mother", address="by the bureau")
    for about, told_on in (("held", "2023-02-16"), ("reported_dead", "2024-04"), ("health", "2025-02-05")):
        add_to_part(
            person, Notification, actor=side.people["caseworker"], told="the mother", about=about, told_on=told_on,
            told_by="the families' desk",
        )  # fmt: skip
    add_to_part(person, IllTreatmentStep, actor=side.people["lawyer"], step="offered", on="2025-02")
    assign_case(person, clerk, actor=negotiator)
