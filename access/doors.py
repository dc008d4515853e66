"""The API's doors for reading: who calls, what they may ask, and rows that are in scope or do not exist."""

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast

import orjson
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig
from django.db import models
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from access.kept import read
from access.models import User
from core.errors import InputRefused
from core.input import Strict
from core.paging import MOST, PAGE, Order, Page, Window, page_of
from core.shapes import described

M = TypeVar("M", bound=models.Model)
Body = type[serializers.Serializer[Any]]
Answers = dict[int, Any]

logger = logging.getLogger(__name__)


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


class JSONBody(BaseParser):
    """JSON by orjson, which refuses what Python's reader lets through: NaN, lone surrogates, bottomless nesting."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            # `body` keeps to DATA_UPLOAD_MAX_MEMORY_SIZE, reading the stream would not.
            return orjson.loads(stream.body if isinstance(stream, HttpRequest) else stream.read())
        except RequestDataTooBig as error:
            raise TooLarge(_("The request is too large.")) from error
        except orjson.JSONDecodeError as error:
            raise ParseError(_("This is not JSON: %(fault)s.") % {"fault": error}) from error


class PerCaller(BaseThrottle):
    """So many calls a minute for each key, account or, before signing in, address. A dead cache stops nobody."""

    purpose = "api"
    most = 600  # a minute

    def allow_request(self, request: Request, view: APIView) -> bool:
        window = f"throttle:{self.purpose}:{caller_of(request)}:{int(time.time() // 60)}"
        try:
            cache.add(window, 0, timeout=120)
            return bool(cache.incr(window) <= self.most)
        except Exception:
            logger.exception("the cache does not answer: calls are not counted")
            return True

    def wait(self) -> float:
        return 60 - time.time() % 60


def caller_of(request: Request) -> str:
    """Key, account or address: whom calls and idempotency keys belong to."""
    if request.auth is not None:
        return f"key:{request.auth.pk}"
    if request.user is not None and request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return f"address:{request.META.get('REMOTE_ADDR', '')}"


class Problem(serializers.Serializer[Any]):
    """RFC 9457: what was refused, in a sentence; `errors` names the fields."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors: Any = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False)


class Description(AutoSchema):  # type: ignore[no-untyped-call,unused-ignore]
    """The OpenAPI description of a door, read from the door's own attributes."""

    @property
    def door(self) -> "Door":
        return cast(Door, self.view)

    def get_operation_id(self) -> str:
        return self.door.operation(self.method)

    def get_tags(self) -> list[str]:
        return [self.door.plural]

    def get_request_serializer(self) -> Any:
        return self.door.takes(self.method)

    def get_response_serializers(self) -> Any:
        problems = {(code, "application/problem+json"): Problem for code in self.door.refusals(self.method)}
        return {**self.door.answers(self.method), **problems}

    def get_override_parameters(self) -> list[Any]:
        return self.door.parameters(self.method)


class Door(APIView):
    """One address. `access`: `public`, `signed_in`, or the capability without which nothing can be found here."""

    access: ClassVar[str]
    plural: ClassVar[str]
    shape: ClassVar[type]

    schema = Description()
    parser_classes = (JSONBody,)
    throttle_classes = (PerCaller,)
    metadata_class = None

    asks_for: User | None = None  # somebody else than the caller: see `ListDoor.kept_page`

    @property
    def viewer(self) -> User:
        return self.asks_for or cast(User, self.request.user)

    def get_permissions(self) -> Sequence[BasePermission]:  # type: ignore[override,unused-ignore]
        return [AllowAny()] if self.access == "public" else [IsAuthenticated()]

    def visible(self) -> "models.QuerySet[Any]":
        """The rows behind this door that the viewer may see."""
        raise NotImplementedError

    def one(self) -> Any:
        """The row that the address names. Hidden, missing and malformed are the same 404."""
        pk = uuid_or_none(self.kwargs["id"])
        found = None if pk is None else self.visible().filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def asked(self, filters: Body) -> dict[str, Any]:
        """The query, checked. Raises ValidationError for an unknown or a repeated key."""
        query = self.request.query_params
        if not query:
            return {}
        if twice := [key for key in query if len(query.getlist(key)) > 1]:
            raise serializers.ValidationError({key: [_("Say this once.")] for key in twice})
        return checked_input(filters, query.dict())

    # What the description says

    def operation(self, method: str) -> str:
        raise NotImplementedError

    def takes(self, method: str) -> Any:
        return None

    def answers(self, method: str) -> Answers:
        return {200: described(self.shape)}

    def refusals(self, method: str) -> list[int]:
        return [401, 404, 429] if "id" in self.kwargs_named() else [400, 401, 429]

    def kwargs_named(self) -> set[str]:
        return set()

    def parameters(self, method: str) -> list[Any]:
        return []


def uuid_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def checked_input(body: Body, given: Any, *, partial: bool = False) -> dict[str, Any]:
    checked = body(data=given, partial=partial)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


class Filters(Strict):
    """The query of a list; each field may be left out. It narrows by the column of its name, or by the path in `paths`."""

    cursor = serializers.CharField(required=False, max_length=1000, help_text="From `next` or `previous`.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=MOST, help_text=f"{PAGE} unless told.")

    paths: ClassVar[Mapping[str, str]] = {}


class ListDoor(Door):
    """Rows in pages of 50, at most 200, without a count: a count may tell of rows the viewer cannot see.

    A list that is asked for often names its `model` and `columns`: its rows are named tuples, and its statement is kept.
    """

    order: ClassVar[Order]
    filters: ClassVar[type[Filters]] = Filters
    model: ClassVar[type[models.Model]]
    columns: ClassVar[tuple[str, ...]] = ()
    unkept: ClassVar[frozenset[str]] = frozenset()  # filters whose statement depends on what is asked

    def present(self, rows: Sequence[Any]) -> Sequence[Any]:
        raise NotImplementedError

    def narrow(self, rows: "models.QuerySet[Any]", asked: Mapping[str, Any]) -> "models.QuerySet[Any]":
        paths = self.filters.paths
        return rows.filter(**{paths.get(name, name): value for name, value in asked.items()}) if asked else rows

    def order_for(self, asked: Mapping[str, Any]) -> Order:
        return self.order

    def get(self, request: Request, **where: Any) -> Response:
        asked = self.asked(self.filters)
        cursor, size = asked.pop("cursor", ""), asked.pop("page_size", PAGE)
        order = self.order_for(asked)
        if self.columns:
            page = self.kept_page(asked, Window.at(self.model, order, cursor, size))
        else:
            page = page_of(self.narrow(self.visible(), asked), order, cursor=cursor, size=size)
        return Response(
            {
                "next": self._address(page.next),
                "previous": self._address(page.previous),
                "results": self.present(page.rows),
            }
        )

    def kept_page(self, asked: Mapping[str, Any], window: Window) -> Page[Any]:
        place = {f"place:{number}": value for number, value in enumerate(window.place or ())}

        def build(viewer: User, told: Mapping[str, Any]) -> "models.QuerySet[Any, Any]":
            door = type(self)()
            door.asks_for = viewer
            rows = door.narrow(door.visible(), {name: told[name] for name in asked})
            after = [told[name] for name in place] if place else None
            return window.of(rows, after).values_list(*self.columns, named=True)

        told = {**asked, **place}
        if self.unkept & asked.keys():
            return window.page(list(build(self.viewer, told)))
        purpose = (type(self), window.going, window.size, tuple(asked))
        return window.page(read(purpose, build, self.viewer, told))

    def _address(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        query = self.request.query_params.copy()
        query["cursor"] = cursor
        return f"{self.request.path}?{query.urlencode()}"

    def operation(self, method: str) -> str:
        return f"list_{self.plural}".replace("-", "_")

    def answers(self, method: str) -> Answers:
        row = described(self.shape)
        return {200: page_described(row)}

    def parameters(self, method: str) -> list[Any]:
        return [self.filters] if method == "GET" else []


_pages: dict[Any, Body] = {}


def page_described(row: Body) -> Body:
    if row not in _pages:
        told = "Address of the page, relative to this host."
        declared = {
            "next": serializers.CharField(allow_null=True, help_text=told),
            "previous": serializers.CharField(allow_null=True, help_text=told),
            "results": row(many=True),
        }
        _pages[row] = type(f"{row.__name__}Page", (serializers.Serializer,), declared)
    return _pages[row]


class DetailDoor(Door):
    """One row. Its ETag is its version, to be sent back with `If-Match`."""

    def present_one(self, row: Any) -> Any:
        raise NotImplementedError

    def get(self, request: Request, **where: Any) -> Response:
        return shown(self.present_one(self.one()))

    def kwargs_named(self) -> set[str]:
        return {"id"}

    def operation(self, method: str) -> str:
        return f"get_{self.plural}".replace("-", "_")

    def parameters(self, method: str) -> list[Any]:
        return [id_parameter()]


def id_parameter() -> OpenApiParameter:
    return OpenApiParameter("id", uuid.UUID, OpenApiParameter.PATH)


def shown(row: Any, status: int = 200) -> Response:
    """One object with its version as ETag and, where it is new, its address."""
    headers = {}
    version, url = (row.get(name) if isinstance(row, dict) else getattr(row, name, None) for name in ("version", "url"))
    if version is not None:
        headers["ETag"] = f'"{version}"'
    if status == 201 and url:
        headers["Location"] = str(url)
    return Response(row, status=status, headers=headers)


def named(rows: "models.QuerySet[M]", pk: Any, field: str) -> M:
    """The visible row that a body names. Raises InputRefused alike for a hidden and for a missing one."""
    found = rows.filter(pk=pk).first()
    if found is None:
        sentence = _("There is nothing with this id.")
        raise InputRefused(sentence, errors={field: [sentence]})
    return found


def named_or_none(rows: "models.QuerySet[M]", pk: Any, field: str) -> M | None:
    return None if pk is None else named(rows, pk, field)
