"""How the API knows its caller: a session with CSRF, or a key."""

import hashlib
import hmac
from functools import cache
from typing import Any

from django.db.models import CharField, DateTimeField, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from access.models import User
from access.scoping import running
from accounts.models import ApiKey
from core.kept import Kept, Slot

SCHEME = "Bearer"


def secret_hash(secret: str) -> str:
    """A 256-bit random secret needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


@cache
def _keys() -> Kept:
    """The key of a prefix, with whom it stands for. Every call asks it."""
    now = Slot("now", DateTimeField())
    return Kept(
        ApiKey.objects.unscoped("the caller is not known yet")
        .filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now), running("membership__", now), revoked_at__isnull=True
        )
        .filter(prefix=Slot("prefix", CharField()), membership__user__is_active=True)
        .select_related("membership__user", "membership__organisation")
        .order_by("pk")[:1]
    )


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer hwd_<prefix>_<secret>`: the caller acts as the key's membership."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if len(words) != 2 or words[0].lower() != SCHEME.lower():
            return None
        key = self.find(words[1])
        if key is None:
            raise AuthenticationFailed(_("The key is not known, has expired or was revoked."))
        user = key.membership.user
        user.only_membership_id = key.membership_id  # type: ignore[attr-defined]
        today = timezone.now().date()
        if key.last_used_on != today:
            ApiKey.objects.unscoped("the key's own bookkeeping").filter(pk=key.pk).update(last_used_on=today)
        return user, key

    def find(self, token: str) -> ApiKey | None:
        parts = token.split("_", 2)
        if len(parts) != 3 or parts[0] != "hwd":
            return None
        key: ApiKey | None = next(iter(_keys().rows({"prefix": parts[1], "now": timezone.now()})), None)
        if key is None or not hmac.compare_digest(key.secret_hash, secret_hash(parts[2])):
            return None
        return key

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class Session(SessionAuthentication):
    """Django's session; a failed CSRF check is an ordinary 403 problem."""

    def authenticate_header(self, request: Request) -> str:
        return SCHEME

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        return super().authenticate(request)
