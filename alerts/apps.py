from typing import Any

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "alerts"

    def ready(self) -> None:
        from audit.signals import recorded

        recorded.connect(_on_recorded, dispatch_uid="alerts.route_events")


def _on_recorded(*, compartment_id: str, **kwargs: Any) -> None:
    from alerts.tasks import wake_routing

    wake_routing(compartment_id)
