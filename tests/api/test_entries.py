"""Which own dossier a line means: named and taken back by one's own side, seen by nobody else."""

from uuid import uuid4

from exchanges.models import Entry, EntryLink
from people.operations import create_person
from tests import factories


def test_a_dossier_is_named_and_named_no_more(scene, api, planned):
    north, south = scene.cast.north, scene.cast.south
    ours, theirs = (
        create_person(actor=side.clerk, names=[{"script": "latn", "family": "Abel"}]) for side in (north, south)
    )
    entry = Entry.objects.unscoped("test").filter(tranche=planned).first()
    caller = api(north.negotiator)

    hidden, missing = (caller.step("entries", entry.pk, "link", person=str(pk)) for pk in (theirs.pk, uuid4()))
    assert hidden.status_code == 400
    assert hidden.content == missing.content
    assert list(hidden.json()["errors"]) == ["person"]

    before = api(south.head).get(f"entries/{entry.pk}/").content
    assert caller.step("entries", entry.pk, "link", person=str(ours.pk)).json()["id"] == str(entry.pk)
    assert EntryLink.objects.unscoped("test").get().person == ours
    assert api(south.head).get(f"entries/{entry.pk}/").content == before
    assert api(south.negotiator).step("entries", entry.pk, "unlink").status_code == 409
    assert api(north.clerk).step("entries", entry.pk, "unlink").json()["code"] == "not_allowed"
    assert api(scene.cast.outsider).step("entries", entry.pk, "unlink").status_code == 404
    assert caller.step("entries", entry.pk, "unlink", person=str(ours.pk)).status_code == 400

    assert caller.step("entries", entry.pk, "unlink").status_code == 200
    assert not EntryLink.objects.unscoped("test").exists()

    caller.step("entries", entry.pk, "link", person=str(ours.pk))
    factories.lock(scene, planned)
    refused = caller.step("entries", entry.pk, "unlink")
    assert refused.status_code == 409
    assert "is locked" in refused.json()["detail"]
    assert EntryLink.objects.unscoped("test").count() == 1
