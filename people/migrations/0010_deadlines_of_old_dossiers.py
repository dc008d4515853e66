"""Deadlines of what was written before there were any. A notice's day is only a stand-in: the next sweep reads each anew."""

from datetime import date, timedelta
from typing import Any

from django.db import migrations

STAND_IN = date(2000, 1, 1)
BATCH = 1_000


def open_deadlines(apps: Any, schema_editor: Any) -> None:
    Claim, Deadline, DeathDuty = (apps.get_model("people", name) for name in ("Claim", "Deadline", "DeathDuty"))
    held = Claim.objects.filter(held_by="us").order_by().values_list(
        "person_id", "person__compartment_id", "person__merged_into_id", "person__merged_into__compartment_id"
    )
    persons = {into or person: theirs or own for person, own, into, theirs in held.distinct()}
    notices = [
        Deadline(compartment_id=half, person_id=person, kind="agency", owed_by="us", due_on=STAND_IN)
        for person, half in persons.items()
    ]
    duties = [
        Deadline(
            compartment_id=duty.compartment_id, person_id=duty.person_id, duty_id=duty.pk, kind=duty.kind,
            owed_by=duty.owed_by, since=duty.opened_at.date().isoformat(),
            due_on=duty.opened_at.date() + timedelta(days=30),
        )
        for duty in DeathDuty.objects.filter(recorded_at=None).order_by("pk")
    ]  # fmt: skip
    Deadline.objects.bulk_create([*notices, *duties], batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("people", "0009_deadlines")]

    operations = [migrations.RunPython(open_deadlines, migrations.RunPython.noop)]
