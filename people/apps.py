from typing import Any

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        from audit.presentation import sentences
        from core.lifecycle import teach_words
        from people.exports import sentences as exports
        from people.imports import sentences as imports
        from people.imports.signals import waiting
        from people.models import ImportStatus
        from people.operations import erasing
        from people.operations.forgetting import kept_searches, rows_of_lists
        from people.sentences import SENTENCES

        sentences.update(SENTENCES | imports.SENTENCES | exports.SENTENCES)
        teach_words(dict(ImportStatus.choices))
        erasing.ALSO_ERASED += [rows_of_lists, kept_searches]
        waiting.connect(_on_import_waiting, dispatch_uid="people.work_on_import")


def _on_import_waiting(*, import_id: str, **kwargs: Any) -> None:
    from people.tasks import wake

    wake(import_id)
