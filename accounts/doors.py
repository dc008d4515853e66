"""The API's doors for writing: a body is checked, one operation is called, and the same call twice is done once."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import orjson
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from access.doors import Answers, Body, DetailDoor, Door, ListDoor, caller_of, checked_input, id_parameter, shown
from access.scoping import memberships_of
from accounts.models import IdempotencyKey
from core.errors import DomainError, InputRefused, RecordedRefusal, StaleVersion
from core.input import Count, Strict
from core.shapes import described

KEY_LENGTH = 255
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="Send the same key again to get the same answer."
)
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read; stale: 412.")


class KeyUsedOtherwise(DomainError):
    """An idempotency key came back with another request."""

    code = "idempotency_key_reused"
    status = 422


class StandsOtherwise(DomainError):
    """The caller's roles are not those under which the kept answer was given."""

    code = "roles_changed"


class FromVersion(Strict):
    """A body that may say from which version it was meant."""

    version = Count(required=False, help_text="The version that was read; stale: 412.")


def once(
    request: Request, act: Callable[[], Any], *, status: int, sees: Callable[[Mapping[str, Any]], bool]
) -> Response:
    """Carry `act` out and answer its row; under an Idempotency-Key carry it out once and repeat that answer.

    A refusal is not kept: nothing happened. RecordedRefusal keeps its event all the same. The answer is repeated only to
    a caller who stands as they stood then and still `sees` what it tells of.
    """
    key = _key(request)
    if key is None:
        return shown(act(), status)
    identity = {"caller": caller_of(request), "key": key}
    asked, standing = _hash(request), _standing(request)
    if kept := IdempotencyKey.objects.filter(**identity).first():
        return _again(kept, asked, standing, sees)
    try:
        return _first_time(identity, {"request_hash": asked, "standing": standing}, act, status)
    except IntegrityError:
        kept = IdempotencyKey.objects.filter(**identity).first()
        if kept is None:
            raise
        return _again(kept, asked, standing, sees)


def _first_time(identity: Mapping[str, str], asked: Mapping[str, str], act: Callable[[], Any], status: int) -> Response:
    refused: RecordedRefusal | None = None
    with transaction.atomic():
        # Written first: a second call with this key waits here for the first one to end.
        kept = IdempotencyKey.objects.create(**identity, **asked, status=status, body="", created_at=timezone.now())
        try:
            row = act()
            kept.body = orjson.dumps(row, default=str, option=orjson.OPT_UTC_Z).decode()
            kept.save(update_fields=["body"])
        except RecordedRefusal as refusal:
            kept.delete()
            refused = refusal
    if refused is not None:
        raise refused
    return shown(row, status)


def _again(kept: IdempotencyKey, asked: str, standing: str, sees: Callable[[Mapping[str, Any]], bool]) -> Response:
    """The kept answer, or what anybody is told who may not see what it tells of."""
    if kept.request_hash != asked:
        raise KeyUsedOtherwise(_("This idempotency key was used with another request: take a new one."))
    row = orjson.loads(kept.body)
    if not sees(row):
        raise Http404
    if kept.standing != standing:
        raise StandsOtherwise(_("Your roles have changed since this was answered: read what came of it instead."))
    response = shown(row, kept.status)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(rf"[\x21-\x7e]{{1,{KEY_LENGTH}}}", key):
        sentence = _("An idempotency key is 1 to 255 visible ASCII characters.")
        raise InputRefused(sentence, errors={"Idempotency-Key": [sentence]})
    return key


def _hash(request: Request) -> str:
    """Keyed, since a body may hold a password."""
    said = b"\n".join((str(request.method).encode(), request.get_full_path().encode(), request._request.body))
    return salted_hmac("accounts.idempotency", said, algorithm="sha256").hexdigest()


def _standing(request: Request) -> str:
    """Under which memberships the caller asks: an answer may show what another role would not see."""
    held = memberships_of(request.user).order_by("pk").values_list("pk", flat=True)
    return hashlib.sha256(",".join(str(pk) for pk in held).encode()).hexdigest()


def version_meant(request: Request, given: dict[str, Any], present: int) -> int | None:
    """Taken out of the body, or from If-Match. Raises StaleVersion for an ETag that is not the present one."""
    version: int | None = given.pop("version", None)
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return version
    tags = {int(tag) for tag in re.findall(r'"(\d{1,9})"', header)}
    if present not in tags:
        raise StaleVersion(_("This was changed since you read it: read it again, then decide."))
    return present if version is None else version


class WritingDoor(Door):
    body: ClassVar[Body]

    def given(self, body: Body | None = None, *, partial: bool = False) -> dict[str, Any]:
        return checked_input(body or self.body, self.request.data, partial=partial)

    def refusals(self, method: str) -> list[int]:
        if method == "GET":
            return super().refusals(method)
        return [400, 401, *([404] if "id" in self.kwargs_named() else []), 409, 412, 415, 422, 429]


class CollectionDoor(ListDoor, WritingDoor):
    """A list to which POST adds."""

    detail: ClassVar[type]

    def create(self, given: dict[str, Any]) -> Any:
        """Call the operation and present what it made."""
        raise NotImplementedError

    def post(self, request: Request, **where: Any) -> Response:
        given = self.given()
        return once(request, lambda: self.create(given), status=201, sees=self.still_sees)

    def still_sees(self, row: Mapping[str, Any]) -> bool:
        """Whether what a kept answer tells of is visible now."""
        return bool(self.visible().filter(pk=row["id"]).exists())

    def operation(self, method: str) -> str:
        return f"create_{self.plural}".replace("-", "_") if method == "POST" else super().operation(method)

    def takes(self, method: str) -> Any:
        return self.body if method == "POST" else None

    def answers(self, method: str) -> Answers:
        return {201: described(self.detail)} if method == "POST" else super().answers(method)

    def parameters(self, method: str) -> list[Any]:
        return [IDEMPOTENCY] if method == "POST" else super().parameters(method)


class ChangingDoor(DetailDoor, WritingDoor):
    """One row that PATCH changes: what is left out stays."""

    def change(self, row: Any, given: dict[str, Any], version: int | None) -> Any:
        raise NotImplementedError

    def patch(self, request: Request, **where: Any) -> Response:
        row = self.one()
        given = self.given(partial=True)
        version = version_meant(request, given, self.version_of(row))
        return shown(self.present_one(self.change(row, given, version)))

    def version_of(self, row: Any) -> int:
        return int(row.version)

    def operation(self, method: str) -> str:
        return f"change_{self.plural}".replace("-", "_") if method == "PATCH" else super().operation(method)

    def takes(self, method: str) -> Any:
        return self.body if method == "PATCH" else None

    def parameters(self, method: str) -> list[Any]:
        return [id_parameter(), IF_MATCH] if method == "PATCH" else [id_parameter()]


class PartDoor(WritingDoor):
    """POST to something beneath one row, such as the clearances of a tranche."""

    part: ClassVar[str]
    status: ClassVar[int] = 201

    def act(self, row: Any, given: dict[str, Any], version: int | None) -> Any:
        """Call the operation and present the object it leads to."""
        raise NotImplementedError

    def post(self, request: Request, **where: Any) -> Response:
        row = self.one()
        given = self.given()
        # The version is compared inside: an answer that is only repeated was given for the version of that time.
        return once(
            request,
            lambda: self.act(row, given, version_meant(request, given, self.version_of(row))),
            status=self.status,
            sees=lambda kept: True,  # `row` was found in sight just now
        )

    def version_of(self, row: Any) -> int:
        return int(row.version)

    def kwargs_named(self) -> set[str]:
        return {"id"}

    def operation(self, method: str) -> str:
        return f"{self.plural}_{self.part}".replace("-", "_")

    def takes(self, method: str) -> Any:
        return self.body

    def answers(self, method: str) -> Answers:
        return {self.status: described(self.shape)}

    def parameters(self, method: str) -> list[Any]:
        return [id_parameter(), IF_MATCH, IDEMPOTENCY]


class StepDoor(PartDoor):
    """`/…/{id}/steps/<step>/`. Each step has an address, so that the description says what each one takes."""

    step: str = ""
    status = 200
    bodies: ClassVar[Mapping[str, Body]]

    def given(self, body: Body | None = None, *, partial: bool = False) -> dict[str, Any]:
        return super().given(self.bodies[self.step])

    def operation(self, method: str) -> str:
        return f"{self.plural}_{self.step}".replace("-", "_")

    def takes(self, method: str) -> Any:
        return self.bodies[self.step]
