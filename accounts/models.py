"""Keys for programs. Only the prefix and a hash are stored."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.models import Membership, User
from access.scoping import Compartmented


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
