"""E-mail: a headline and a link. The Message-ID is the delivery's, the same over every attempt."""

from datetime import UTC
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Invitation
from alerts.models import Delivery
from alerts.wording import headline, link


def message(delivery: Delivery) -> EmailMessage:
    if delivery.invitation is not None:
        return _to_invited(delivery, delivery.invitation)
    assert delivery.recipient is not None  # the other kind of delivery
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


def _to_invited(delivery: Delivery, invitation: Invitation) -> EmailMessage:
    """The same words for an address that is known here and for one that is not."""
    with translation.override(invitation.language):
        subject = _("You are invited to Homeward")
        body = _(
            "You are invited to Homeward.\n\nOpen this link to join: %(link)s\n\nIt works once, until %(until)s (UTC). "
            "If you did not expect it, delete this message.\n\n"
            "This message names nobody and no place on purpose. Do not answer it."
        ) % {
            "link": invitation.url,
            "until": date_format(invitation.expires_at.astimezone(UTC), "j E Y H:i", use_l10n=False),
        }
        return EmailMessage(
            subject, body, settings.DEFAULT_FROM_EMAIL, [invitation.email],
            headers={"Message-ID": message_id(delivery), "Auto-Submitted": "auto-generated"},
        )  # fmt: skip


def message_id(delivery: Delivery) -> str:
    return f"<{delivery.pk}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>"


def send(delivery: Delivery) -> None:
    """Raise whatever the mail server raises."""
    message(delivery).send()
