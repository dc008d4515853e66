"""Rows as pages find them: in scope, with what every page of theirs reads beside them. Hidden and missing are one 404."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest

from access.requests import viewer_of
from exchanges.models import Direction, Entry, Exchange, SignOffStep, Tranche
from exchanges.presentation.exchange_page import ExchangePage
from exchanges.presentation.names_window import Asked


def find_exchange(request: HttpRequest, pk: UUID) -> Exchange:
    rows = Exchange.objects.visible_to(request.user)
    return _one(rows.select_related("negotiation", "compartment", "author", "hold_by", "formula_by"), pk)  # type: ignore[no-any-return]


def exchange_page(request: HttpRequest, exchange: Exchange, parts: Collection[str] = ()) -> ExchangePage:
    """The exchange as the address asks for it, read for these sections."""
    before = request.GET.get("before_event", "")
    return ExchangePage(exchange, viewer_of(request), parts, asked=Asked.read(request.GET), before=before)


def find_tranche(request: HttpRequest, pk: UUID) -> Tranche:
    rows = Tranche.objects.visible_to(request.user)
    return _one(rows.select_related("exchange__negotiation", "exchange__compartment", "exchange__hold_by"), pk)  # type: ignore[no-any-return]


def find_step(request: HttpRequest, pk: UUID) -> SignOffStep:
    rows = SignOffStep.objects.visible_to(request.user)
    beside = ("compartment", "participant", "tranche__exchange__negotiation", "tranche__exchange__compartment")
    return _one(rows.select_related(*beside), pk)  # type: ignore[no-any-return]


def find_direction(request: HttpRequest, pk: UUID) -> Direction:
    rows = Direction.objects.visible_to(request.user)
    return _one(rows.select_related("exchange__negotiation", "exchange__compartment", "holder", "receiver"), pk)  # type: ignore[no-any-return]


def find_entry(request: HttpRequest, pk: UUID) -> Entry:
    rows = Entry.objects.visible_to(request.user)
    beside = (
        "direction__exchange__negotiation", "direction__exchange__compartment", "direction__exchange__hold_by",
        "direction__holder", "direction__receiver", "tranche", "replaces",
    )  # fmt: skip
    return _one(rows.select_related(*beside), pk)  # type: ignore[no-any-return]


def _one(rows: Any, pk: UUID) -> Any:
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
