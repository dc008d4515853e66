"""Builds the cast and a tranche in the database of DATABASE_URL, for drills whose processes need one of their own.

python -m tests.drills.stage STATUS [KEY=VALUE]: prints the ids as JSON.
"""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def build(status: str) -> dict[str, str]:
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    from access.models import Installation
    from accounts.operations import create_key
    from tests import factories
    from tests.cast import assemble

    # A hash that the processes of the drill take, made quickly.
    PBKDF2PasswordHasher.iterations = 1000
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    call_command("migrate", verbosity=0, interactive=False)
    # The demonstration's one process serves only what a seed has made.
    Installation.objects.update_or_create(pk=1, defaults={"seeded_with": "drill"})
    scene = factories.talks(assemble())
    tranche = factories.tranche_at(scene, status)
    membership = scene.cast.north.negotiator.memberships.get()
    create_key(membership, label="drill", actor=scene.cast.north.negotiator)
    SessionStore().save()
    return {"tranche": str(tranche.pk), "exchange": str(tranche.exchange_id), "table": str(tranche.compartment_id)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(build(sys.argv[1])))
