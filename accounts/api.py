"""One's own API keys. A token is shown once, in the answer to the POST that made it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from access.acting import NotAllowed, refuse_stale
from access.doors import Body, DetailDoor, Door, shown
from access.models import Membership
from access.roles import Role
from access.scoping import memberships_of
from accounts.doors import CollectionDoor, FromVersion, StepDoor
from accounts.models import ApiKey
from accounts.operations import create_key, revoke_key
from core.errors import InputRefused
from core.input import Instant, Strict, Text
from core.paging import newest_first
from core.shapes import Slug, address


@dataclass(frozen=True, slots=True)
class KeyRow:
    id: UUID
    url: str
    version: int
    label: str
    prefix: str
    organisation: UUID
    role: Annotated[str, Role]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_on: date | None


@dataclass(frozen=True, slots=True)
class NewKeyRow(KeyRow):
    """`token` is shown this once and stored nowhere."""

    token: str


def key_fields(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "url": address("keys", key.pk),
        "version": 1 if key.revoked_at is None else 2,
        "label": key.label,
        "prefix": key.prefix,
        "organisation": key.membership.organisation_id,
        "role": key.membership.role,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_on": key.last_used_on,
    }


class KeyBody(Strict):
    label: Any = Text(80, required=True)
    organisation = serializers.UUIDField(help_text="With `role`: the membership that the key acts as.")
    role = Slug(Role)
    expires_at = Instant(required=False, allow_null=True)


class KeyDoor(Door):
    access = "signed_in"
    plural = "keys"
    shape = KeyRow

    def visible(self) -> "QuerySet[ApiKey]":
        rows: QuerySet[ApiKey] = ApiKey.objects.visible_to(self.viewer)
        return rows.filter(membership__user=self.viewer).select_related("membership")


class Keys(KeyDoor, CollectionDoor):
    """The viewer's own keys. POST makes one that acts as one membership and can do what that role may, except sign."""

    order = newest_first("created_at", "id")
    detail = NewKeyRow
    body = KeyBody

    def present(self, rows: Sequence[ApiKey]) -> Sequence[KeyRow]:
        return [KeyRow(**key_fields(key)) for key in rows]

    def post(self, request: Request, **where: Any) -> Response:
        if "Idempotency-Key" in request.headers:
            sentence = _("A token is stored nowhere, so this answer cannot be repeated: leave the key out.")
            raise InputRefused(sentence, errors={"Idempotency-Key": [sentence]})
        if request.auth is not None:
            raise NotAllowed(_("A key makes no keys: sign in."))
        return shown(self.create(self.given()), 201)

    def create(self, given: dict[str, Any]) -> NewKeyRow:
        membership = self._own(given.pop("organisation"), given.pop("role"))
        key, token = create_key(membership, actor=self.viewer, **given)
        return NewKeyRow(**key_fields(key), token=token)

    def _own(self, organisation: UUID, role: str) -> Membership:
        found = memberships_of(self.viewer).filter(organisation=organisation, role=role).first()
        if found is None:
            sentence = _("You hold no such membership.")
            raise InputRefused(sentence, errors={"role": [sentence]})
        return found

    def parameters(self, method: str) -> list[Any]:
        return [] if method == "POST" else super().parameters(method)


class KeyOne(KeyDoor, DetailDoor):
    """One key of the viewer's own."""

    def present_one(self, row: ApiKey) -> KeyRow:
        return KeyRow(**key_fields(row))


class KeyStep(KeyDoor, StepDoor):
    """Revoke: from the next call on the key opens nothing."""

    bodies: ClassVar[Mapping[str, Body]] = {"revoke": FromVersion}

    def act(self, row: ApiKey, given: dict[str, Any], version: int | None) -> KeyRow:
        refuse_stale(self.version_of(row), version)
        revoked = revoke_key(row, actor=self.viewer)
        return KeyRow(**key_fields(revoked))

    def version_of(self, row: ApiKey) -> int:
        return 1 if row.revoked_at is None else 2
