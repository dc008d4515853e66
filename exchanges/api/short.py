"""The short exchange: a small one that is over, in one call by two people."""

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from access.doors import Answers
from access.roles import May
from accounts.doors import IDEMPOTENCY, WritingDoor, once
from core.errors import DomainError, InputRefused
from core.input import Count, Instant, Strict, Text
from core.shapes import Slug, described
from exchanges.api.exchange import ExchangeDoor
from exchanges.api.sign_off import Passwords
from exchanges.lists import ListRefused, lines_from_rows
from exchanges.models import Exchange, Outcome
from exchanges.operations.short import (
    SECOND,
    Counts,
    Moments,
    OneWay,
    OurFinal,
    ShortExchange,
    TheirWord,
    record_short_exchange,
)
from exchanges.presentation.rows import ExchangeDetail
from exchanges.two_people import second_person
from people.models import Category

WAYS = ("incoming", "outgoing")
MOMENTS = ("agreed_at", "our_final_at", "their_final_at", "gone_at", "received_at")
PAPERS = ("decided_by", "reached_office_how", "document_number")
COUNTED = ("promised", "presented", "received")
# How the operation names a fault, where the body calls it otherwise.
NAMED_HERE = {"talks": "other", "own_password": "password"}


class OurManner(TextChoices):
    SIGNED = "signed", gettext_lazy("signed by who calls")
    SECOND = SECOND, gettext_lazy("signed by the second person")
    RECORDED = "recorded", gettext_lazy("recorded on the authority of")


class ShortLineBody(Strict):
    """One person, and what became of them."""

    family_name = Text(80)
    given_name = Text(80)
    patronymic = Text(80)
    birth_date = Text(10)
    rank = Text(80)
    service_number = Text(40)
    category = Slug(Category)
    latin_name = Text(200)
    humanitarian = serializers.BooleanField(required=False)
    person = serializers.UUIDField(required=False, help_text="An own dossier, which stays private.")
    outcome = Slug(Outcome, required=False, help_text="Left out: received.")


@extend_schema_field(ShortLineBody(many=True))
class ShortLines(serializers.JSONField):
    """Checked by `exchanges.lists` alone, as the lines of every list."""


class WayBody(Strict):
    lines = ShortLines(help_text="At most 100. Faults are named `incoming.lines.3.birth_date`, counted from 1.")


class ShortBody(Strict):
    """*signed* wants your `password`; *second* has the second person sign; *recorded* wants the papers."""

    other = serializers.UUIDField(
        required=False, allow_null=True, help_text="A participant that does not work here. Left out: a new negotiation."
    )
    other_name = Text(120, help_text="The other side of a new negotiation.")
    reference_prefix = Text(8)
    title = Text(160)
    incoming = WayBody(required=False)
    outgoing = WayBody(required=False)
    gone_at = Instant()
    agreed_at = Instant(required=False, help_text="Left out, as the other times: `gone_at`.")
    our_final_at = Instant(required=False)
    their_final_at = Instant(required=False)
    received_at = Instant(required=False)
    place = Text(160)
    time_zone = Text(64, help_text="Of the place, such as Europe/Kyiv. Left out: UTC.")
    manner = Slug(OurManner, required=False, help_text="How our side approved. Left out: signed.")
    password = Text(200, trim_whitespace=False)
    decided_by = Text(160)
    reached_office_how = Text(300)
    document_number = Text(80)
    their_office = Text(160, required=True, help_text="Who approved on their side.")
    who = Text(160, required=True, help_text="Who told us so.")
    to_whom = Text(160, required=True)
    source: Any = Text(300, required=True, help_text="How it reached us.")
    according_to = Text(160, required=True)
    our_promised = Count(required=False, help_text="Counts left out: as the lines say.")
    our_presented = Count(required=False)
    our_received = Count(required=False)
    their_promised = Count(required=False)
    their_presented = Count(required=False)
    their_received = Count(required=False)
    second_username = Text(60, required=True, help_text="Another member of your organisation who may lock.")
    second_password = Text(200, required=True, trim_whitespace=False)


class ShortExchanges(ExchangeDoor, WritingDoor):
    """Records an exchange that is over, every step of it, or nothing: what the page of the short exchange does."""

    access = May.DECIDE
    shape = ExchangeDetail
    body = ShortBody

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), Passwords()]

    def post(self, request: Request, **where: Any) -> Response:
        given = self.given()
        return once(request, lambda: self.recorded(given), status=201, sees=self.still_sees)

    def still_sees(self, row: Mapping[str, Any]) -> bool:
        return bool(self.visible().filter(pk=row["id"]).exists())

    def recorded(self, given: Mapping[str, Any]) -> ExchangeDetail:
        try:
            return self.reread(self._record(given))
        except DomainError as refused:
            refused.errors = {NAMED_HERE.get(name, name): faults for name, faults in refused.errors.items()}
            raise

    def _record(self, given: Mapping[str, Any]) -> Exchange:
        ways = ways_of(given)
        manner = given.get("manner", OurManner.SIGNED)
        signs = manner == OurManner.SIGNED
        if signs and self.request.auth is not None:
            sentence = _("A key cannot sign: the second person signs, or the decision is recorded from the papers.")
            raise InputRefused(sentence, errors={"manner": [sentence]})
        second = second_person(
            self.request._request, self.viewer, other=given.get("other"), username=given["second_username"],
            password=given["second_password"], own_password=given.get("password", "") if signs else None,
        )  # fmt: skip
        now = timezone.now()
        told = told_in(
            given, ways, OurFinal(str(manner), now if signs else None, *(given.get(one, "") for one in PAPERS))
        )
        return record_short_exchange(told, actor=self.viewer, second=second, second_stepped_up_at=now)

    # What the description says

    def operation(self, method: str) -> str:
        return "record_short_exchange"

    def takes(self, method: str) -> Any:
        return self.body

    def answers(self, method: str) -> Answers:
        return {201: described(self.shape)}

    def parameters(self, method: str) -> list[Any]:
        return [IDEMPOTENCY]


def ways_of(given: Mapping[str, Any]) -> dict[str, OneWay]:
    """Raises InputRefused with every fault of every line, of both ways."""
    faults: dict[str, list[str]] = {}
    ways = {way: _way(way, (given.get(way) or {}).get("lines", []), faults) for way in WAYS}
    if faults:
        raise InputRefused(next(iter(faults.values()))[0], errors=faults)
    return ways


def _way(way: str, rows: Any, faults: dict[str, list[str]]) -> OneWay:
    if not isinstance(rows, list):
        faults[f"{way}.lines"] = [_("Not a list.")]
        return OneWay()
    outcomes = [row.get("outcome", Outcome.RECEIVED.value) if isinstance(row, Mapping) else "" for row in rows]
    for number, outcome in enumerate(outcomes, start=1):
        if outcome not in Outcome.values and isinstance(rows[number - 1], Mapping):
            faults[f"{way}.lines.{number}.outcome"] = [_("There is no such outcome.")]
    named = [
        {column: value for column, value in row.items() if column != "outcome"} if isinstance(row, Mapping) else row
        for row in rows
    ]
    try:
        return OneWay(lines_from_rows(named), outcomes)
    except ListRefused as refused:
        faults.update({f"{way}.{place}": list(said) for place, said in refused.errors.items()})
        return OneWay()


def told_in(given: Mapping[str, Any], ways: Mapping[str, OneWay], our_final: OurFinal) -> ShortExchange:
    gone_at = given["gone_at"]
    return ShortExchange(
        incoming=ways["incoming"],
        outgoing=ways["outgoing"],
        moments=Moments(**{name: given.get(name) or gone_at for name in MOMENTS}),
        our_final=our_final,
        their_word=TheirWord(*(given[name] for name in ("their_office", "who", "to_whom", "source", "according_to"))),
        other=given.get("other"),
        time_zone=given.get("time_zone") or "UTC",
        our_counts=Counts(*(given.get(f"our_{name}") for name in COUNTED)),
        their_counts=Counts(*(given.get(f"their_{name}") for name in COUNTED)),
        **{name: given.get(name, "") for name in ("other_name", "reference_prefix", "title", "place")},
    )
