"""Wrong settings are found before the first request, each with what to do about it."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


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
