"""Keys for programs and invitations for people. Of either secret only a hash is stored."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from access.models import Membership, Organisation, User
from access.roles import May, roles_with
from access.scoping import Compartmented, ScopedQuerySet, memberships_of


class ApiKey(Compartmented):
    """A key acts as one membership and can do what that role may, except sign."""

    membership = models.ForeignKey(Membership, verbose_name=_("acts as"), on_delete=models.PROTECT, related_name="keys")
    label = models.CharField(_("label"), max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.label} (hwd_{self.prefix}_…)"


class InvitationQuerySet(ScopedQuerySet["Invitation"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        """Whoever keeps the members of the organisation; an operator's invitations, other operators too.

        A party's headquarters and its president's office share a compartment, and not their members.
        """
        keeping = memberships_of(viewer).filter(role__in=roles_with(May.MANAGE_MEMBERS)).values("organisation_id")
        by_operators = Q(compartment__organisation__kind=Organisation.Kind.OPERATOR)
        return super().visibility(viewer) & (Q(organisation_id__in=keeping) | by_operators)

    def open(self) -> "InvitationQuerySet":
        return self.filter(accepted_at__isnull=True, ended_at__isnull=True, expires_at__gt=timezone.now())


class Invitation(Compartmented):
    """An address asked to join an organisation. It lives with whoever sent it: the organisation, or the operators.

    The token is derived from the id by the server's secret, so that a mail that has to be sent again carries the same
    one though the database keeps only its hash.
    """

    organisation = models.ForeignKey(
        Organisation, verbose_name=_("organisation"), on_delete=models.PROTECT, related_name="+"
    )
    email = models.EmailField(_("e-mail address"))
    roles = models.JSONField(_("roles"))
    language = models.CharField(_("language of the mail"), max_length=8, choices=settings.LANGUAGES, default="en")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    read_capability: ClassVar[tuple[str, ...]] = (May.MANAGE_MEMBERS, May.ADMINISTER)
    objects: ClassVar[Any] = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-invited_at"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, ended_at__isnull=True),
                name="invitation_accepted_by_somebody_or_ended",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.ended_at is None and self.expires_at > timezone.now()

    @property
    def token(self) -> str:
        digest = salted_hmac("accounts.invitation", str(self.pk), algorithm="sha256").digest()
        return urlsafe_b64encode(digest).decode().rstrip("=")

    @property
    def url(self) -> str:
        return f"{settings.PUBLIC_URL}/invitations/{self.token}/"

    @staticmethod
    def hash_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()


class IdempotencyKey(models.Model):
    """An answer already given to one caller for one key, in the transaction of the change it answered for."""

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    standing = models.CharField(max_length=64, default="")
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
