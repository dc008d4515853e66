"""Every address under `/api/v1/`. A step has an address of its own, so that the description says what it takes."""

from django.urls import URLPattern, path

from access import api as access
from access.doors import Door
from accounts import api as accounts
from accounts.doors import StepDoor
from audit import api as audit
from config import api_schema  # noqa: F401  registers what the description needs
from config.api import Docs, Missing, Schema
from exchanges.api import exchange, short, sign_off, tranche
from exchanges.api import list as lists
from negotiations import api as negotiations
from people import api as people
from people.duties import api as duties
from people.imports import api as imports

app_name = "api"


def resource(
    plural: str, several: type[Door], one: type[Door], steps: type[StepDoor] | None = None
) -> list[URLPattern]:
    """A list, its rows, and the steps of a row."""
    found = [
        path(f"{plural}/", several.as_view(), name=plural),
        path(f"{plural}/<str:id>/", one.as_view(), name=f"{plural}_one"),
    ]
    if steps is None:
        return found
    return found + [
        path(f"{plural}/<str:id>/steps/{step}/", steps.as_view(step=step), name=f"{plural}_{step}")
        for step in steps.bodies
    ]


urlpatterns = [
    path("schema/", Schema.as_view(), name="schema"),
    path("docs/", Docs.as_view(), name="docs"),
    path("account/", access.Account.as_view(), name="account"),
    *resource("parties", access.Parties, access.PartyOne),
    *resource("organisations", access.Organisations, access.OrganisationOne),
    *resource("compartments", access.Compartments, access.CompartmentOne),
    *resource("keys", accounts.Keys, accounts.KeyOne, accounts.KeyStep),
    *resource("events", audit.Events, audit.EventOne),
    *resource("persons", people.Persons, people.PersonOne, people.PersonStep),
    *resource("names", people.Names, people.NameOne, people.NameStep),
    *resource("claims", people.Claims, people.ClaimOne),
    *resource("notifications", people.Notifications, people.NotificationOne),
    *resource("duties", duties.Duties, duties.DutyOne),
    *resource("imports", imports.Imports, imports.ImportOne, imports.ImportStep),
    *resource("import-rows", imports.ImportRows, imports.ImportRowOne),
    *resource("negotiations", negotiations.Negotiations, negotiations.NegotiationOne),
    *resource("rounds", negotiations.Rounds, negotiations.RoundOne),
    *resource("proposals", negotiations.Proposals, negotiations.ProposalOne),
    *resource("exchanges", exchange.Exchanges, exchange.ExchangeOne, exchange.ExchangeStep),
    path("exchanges/<str:id>/final-offices/", exchange.FinalOffices.as_view(), name="exchanges_final_offices"),
    path("short-exchanges/", short.ShortExchanges.as_view(), name="short_exchanges"),
    *resource("policies", exchange.Policies, exchange.PolicyOne),
    *resource("directions", lists.Directions, lists.DirectionOne, lists.DirectionStep),
    *resource("revisions", lists.Revisions, lists.RevisionOne),
    *resource("entries", lists.Entries, lists.EntryOne, lists.EntryStep),
    *resource("answers", lists.AnswerList, lists.AnswerOne),
    *resource("tranches", tranche.Tranches, tranche.TrancheOne, tranche.TrancheStep),
    path("tranches/<str:id>/clearances/", tranche.Clearances.as_view(), name="tranches_clearances"),
    *resource("manifests", tranche.Manifests, tranche.ManifestOne),
    *resource("receipts", tranche.Receipts, tranche.ReceiptOne),
    *resource("sign-offs", sign_off.SignOffs, sign_off.SignOffOne, sign_off.SignOffStepDoor),
    path("<path:rest>", Missing.as_view(), name="missing"),
]
