from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        from audit.presentation import sentences
        from people.sentences import SENTENCES

        sentences.update(SENTENCES)
