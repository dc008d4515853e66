from django.apps import AppConfig


class ExchangesConfig(AppConfig):
    name = "exchanges"

    def ready(self) -> None:
        from core.lifecycle import teach_words
        from exchanges import erasure
        from exchanges.models import ExchangeHold, ExchangeStatus, StepStatus, TrancheStatus
        from exchanges.operations.persons import exchanged_already, placed_twice, standing_on_open_lists
        from exchanges.presentation.board import of_negotiation
        from exchanges.presentation.of_person import of_person
        from exchanges.presentation.sentences import teach
        from negotiations.views import SECTIONS
        from people.dossier import presentation as dossiers
        from people.imports import judging
        from people.operations import erasing, merging, watching

        for statuses in (ExchangeHold, ExchangeStatus, TrancheStatus, StepStatus):
            teach_words(dict(statuses.choices))
        teach()
        SECTIONS.append(of_negotiation)
        merging.on_open_lists.append(standing_on_open_lists)
        merging.refusals.append(placed_twice)
        judging.exchanged_already.append(exchanged_already)
        dossiers.SECTIONS.append(of_person)
        erasing.REASONS_AGAINST.append(erasure.stands_in_a_locked_tranche)
        erasing.ALSO_ERASED.append(erasure.kept_about)
        watching.STANDS_SOMEWHERE.append(erasure.stands_on_a_list)
