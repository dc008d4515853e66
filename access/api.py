"""Who else is here, as far as the viewer shares a compartment with them; and the compartments themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from access.doors import DetailDoor, Door, ListDoor, shown
from access.models import Compartment, Organisation, Party
from access.roles import Role
from access.scoping import memberships_of
from core.paging import by
from core.shapes import address


@dataclass(frozen=True, slots=True)
class PartyRow:
    id: UUID
    url: str
    version: int
    name: str


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    id: UUID
    url: str
    version: int
    name: str
    kind: Annotated[str, Organisation.Kind]
    party: UUID | None


@dataclass(frozen=True, slots=True)
class CompartmentRow:
    """A room with one door; its log is `/events/?compartment=`."""

    id: UUID
    url: str
    version: int
    name: str
    kind: Annotated[str, Compartment.Kind]


@dataclass(frozen=True, slots=True)
class SeatRow:
    organisation: UUID
    organisation_name: str
    role: Annotated[str, Role]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """Who the caller is, and the memberships in force; behind a key, the one it acts as."""

    id: UUID
    url: str
    version: int
    username: str
    label: str
    memberships: list[SeatRow]


def party_row(party: Party) -> PartyRow:
    return PartyRow(party.pk, address("parties", party.pk), 0, party.name)


def organisation_row(organisation: Organisation) -> OrganisationRow:
    url = address("organisations", organisation.pk)
    return OrganisationRow(organisation.pk, url, 0, organisation.name, organisation.kind, organisation.party_id)


def compartment_row(compartment: Compartment) -> CompartmentRow:
    return CompartmentRow(
        compartment.pk, address("compartments", compartment.pk), 0, compartment.name, compartment.kind
    )


class PartyDoor(Door):
    access = "signed_in"
    plural = "parties"
    shape = PartyRow

    def visible(self) -> "QuerySet[Party]":
        return Party.objects.visible_to(self.viewer)


class Parties(PartyDoor, ListDoor):
    """Parties with whom the viewer shares a compartment."""

    order = by("name", "id")

    def present(self, rows: Sequence[Party]) -> Sequence[PartyRow]:
        return [party_row(party) for party in rows]


class PartyOne(PartyDoor, DetailDoor):
    """One party."""

    def present_one(self, row: Party) -> PartyRow:
        return party_row(row)


class OrganisationDoor(Door):
    access = "signed_in"
    plural = "organisations"
    shape = OrganisationRow

    def visible(self) -> "QuerySet[Organisation]":
        return Organisation.objects.visible_to(self.viewer)


class Organisations(OrganisationDoor, ListDoor):
    """The viewer's organisations and those with whom they share a compartment."""

    order = by("name", "id")

    def present(self, rows: Sequence[Organisation]) -> Sequence[OrganisationRow]:
        return [organisation_row(organisation) for organisation in rows]


class OrganisationOne(OrganisationDoor, DetailDoor):
    """One organisation."""

    def present_one(self, row: Organisation) -> OrganisationRow:
        return organisation_row(row)


class CompartmentDoor(Door):
    access = "signed_in"
    plural = "compartments"
    shape = CompartmentRow

    def visible(self) -> "QuerySet[Compartment]":
        return Compartment.objects.visible_to(self.viewer)


class Compartments(CompartmentDoor, ListDoor):
    """The compartments that open to the viewer."""

    order = by("name", "id")

    def present(self, rows: Sequence[Compartment]) -> Sequence[CompartmentRow]:
        return [compartment_row(compartment) for compartment in rows]


class CompartmentOne(CompartmentDoor, DetailDoor):
    """One compartment."""

    def present_one(self, row: Compartment) -> CompartmentRow:
        return compartment_row(row)


class Account(Door):
    """Who is calling."""

    access = "signed_in"
    plural = "account"
    shape = AccountRow

    def get(self, request: Request) -> Response:
        held = memberships_of(self.viewer).select_related("organisation").order_by("organisation__name", "role")
        seats = [SeatRow(m.organisation_id, m.organisation.name, m.role) for m in held]
        viewer = self.viewer
        return shown(AccountRow(viewer.pk, "/api/v1/account/", 0, viewer.username, viewer.label, seats))

    def operation(self, method: str) -> str:
        return "get_account"
