"""Wrong settings are found before the first request, each with what to do about it."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection


@register(Tags.security)
def production_is_no_demo(**kwargs: Any) -> list[CheckMessage]:
    """Outside the demonstration nothing of it may remain."""
    if settings.DEMO:
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY in ("", settings.DEMO_SECRET_KEY) or len(settings.SECRET_KEY) < 50:
        found.append(
            Error("SECRET_KEY is missing, short or the demonstration's.", hint="Set SECRET_KEY or SECRET_KEY_FILE to 50 "
                  "random characters or more.", id="homeward.E001")
        )  # fmt: skip
    if not settings.IS_SECURE:
        found.append(
            Error(
                "PUBLIC_URL is not https.", hint="Set PUBLIC_URL to the https address people use.", id="homeward.E002"
            )
        )
    if not settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS is empty.", hint="Name the host of PUBLIC_URL.", id="homeward.E003"))
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        found.append(
            Error("The database is SQLite.", hint="Set DATABASE_URL to a PostgreSQL database.", id="homeward.E004")
        )
    if not settings.REDIS_URL:
        found.append(
            Error(
                "There is no broker.",
                hint="Set REDIS_URL: without it worker and web share nothing.",
                id="homeward.E005",
            )
        )
    return found


@register(Tags.security)
def alarms_have_thresholds(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{name} is {getattr(settings, name)}.", hint="Set it to 1 or more.", id="homeward.E006")
        for name in ("ALARM_UNASSIGNED_AN_HOUR", "ALARM_ROWS_A_DAY")
        if getattr(settings, name) < 1
    ]


@register(Tags.database)
def erased_people_are_known(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A key that was taken out of FIELD_KEYS, or a secret key that was changed, would let them come back unnoticed."""
    from people.erasure import keys_lost
    from people.models import ErasedKey

    # Checks of the database run before its first migration too.
    is_there = bool(databases) and ErasedKey._meta.db_table in connection.introspection.table_names()
    if not is_there or not keys_lost():
        return []
    hint = "Put the old SECRET_KEY, or the key that was taken out, back into FIELD_KEYS."
    return [
        checks.Warning(
            "Persons were erased under a key that is not configured any more.", hint=hint, id="homeward.W001"
        )
    ]
