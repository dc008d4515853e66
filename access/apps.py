from datetime import timedelta

from django.apps import AppConfig
from django.db import DatabaseError


class AccessConfig(AppConfig):
    name = "access"

    def ready(self) -> None:
        from access.models import Installation
        from access.roles import holders_spelt
        from core.clock import clock
        from core.lifecycle import teach_holders

        def stored_offset() -> timedelta:
            try:
                installation = Installation.objects.first()
            except DatabaseError:  # before the first migration
                return timedelta()
            return installation.clock_offset if installation else timedelta()

        clock.stored_offset = stored_offset
        teach_holders(holders_spelt)
