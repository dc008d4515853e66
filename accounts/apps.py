from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.sentences import SENTENCES
        from audit.presentation import sentences

        sentences.update(SENTENCES)
