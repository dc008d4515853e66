from django.apps import AppConfig


class ExchangesConfig(AppConfig):
    name = "exchanges"

    def ready(self) -> None:
        from core.lifecycle import teach_words
        from exchanges.models import ExchangeHold, ExchangeStatus, StepStatus, TrancheStatus
        from exchanges.operations.persons import placed_twice, standing_on_open_lists
        from exchanges.presentation.board import of_negotiation
        from exchanges.presentation.sentences import teach
        from negotiations.views import SECTIONS
        from people.operations import merging

        for statuses in (ExchangeHold, ExchangeStatus, TrancheStatus, StepStatus):
            teach_words(dict(statuses.choices))
        teach()
        SECTIONS.append(of_negotiation)
        merging.on_open_lists.append(standing_on_open_lists)
        merging.refusals.append(placed_twice)
