"""E-mail: a headline and a link. The Message-ID is the delivery's, the same over every attempt."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from alerts.models import Delivery
from alerts.wording import headline, link


def message(delivery: Delivery) -> EmailMessage:
    with translation.override(delivery.recipient.language):
        subject = headline(delivery.event)
        body = _(
            "%(headline)s.\n\nRead more after signing in: %(link)s\n\n"
            "This message names nobody and no place on purpose. Do not answer it."
        ) % {"headline": subject, "link": link(delivery.event, delivery.recipient)}
        return EmailMessage(
            subject, body, settings.DEFAULT_FROM_EMAIL, [delivery.recipient.email],
            headers={"Message-ID": message_id(delivery), "Auto-Submitted": "auto-generated"},
        )  # fmt: skip


def message_id(delivery: Delivery) -> str:
    return f"<{delivery.pk}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>"


def send(delivery: Delivery) -> None:
    """Raise whatever the mail server raises."""
    message(delivery).send()
