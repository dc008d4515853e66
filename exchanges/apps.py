from django.apps import AppConfig


class ExchangesConfig(AppConfig):
    name = "exchanges"

    def ready(self) -> None:
        from core.lifecycle import teach_words
        from exchanges.models import ExchangeHold, ExchangeStatus, StepStatus, TrancheStatus
        from exchanges.presentation.board import of_negotiation
        from exchanges.presentation.sentences import teach
        from negotiations.views import SECTIONS

        for statuses in (ExchangeHold, ExchangeStatus, TrancheStatus, StepStatus):
            teach_words(dict(statuses.choices))
        teach()
        SECTIONS.append(of_negotiation)
