from django.apps import AppConfig


class NegotiationsConfig(AppConfig):
    name = "negotiations"

    def ready(self) -> None:
        from audit.presentation import sentences
        from negotiations.sentences import SENTENCES

        sentences.update(SENTENCES)
