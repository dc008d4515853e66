"""A page of 50 of the API, over the same page by SQL and orjson outside Django."""

from collections.abc import Callable
from copy import copy
from typing import Any

import orjson
from django.core.cache import cache
from django.db import connection
from django.test import Client

from access.models import User
from access.roles import May
from audit.presentation import sentence_of
from benchmarks.callers import key_of
from benchmarks.database import head, plain_connection
from benchmarks.measuring import Bench, Figure, median, percentile, turn_by_turn
from benchmarks.plain import PlainKey, PlainList, Row, scope_of

NAME = "api_lists"
ABOUT = "API list of 50, p50, over raw SQL + orjson: hot lists <= 1.5, others <= 2.5"
NEEDS: tuple[str, ...] = ()
HOT, OTHERS = 1.5, 2.5


def measure(bench: Bench) -> list[Figure]:
    viewer = head()
    token, plain = key_of(viewer), plain_connection()
    client = Client(headers={"authorization": f"Bearer {token}"})
    viewer.only_membership_id = viewer.memberships.order_by("pk")[0].pk  # type: ignore[attr-defined]
    figures = []
    for plural, goal, peer in (
        ("entries", HOT, entries(plain, viewer)),
        ("events", HOT, events(plain, viewer)),
        ("persons", OTHERS, persons(plain, viewer)),
        ("exchanges", OTHERS, exchanges(plain, viewer)),
        ("answers", OTHERS, answers(plain, viewer)),
    ):
        bench.tell(plural)
        ask = page_of(client, f"/api/v1/{plural}/")
        assert_same_content(ask(), peer())
        known = copy(peer)
        peer.key = PlainKey(token)
        ours, theirs, to_a_known_caller = turn_by_turn(bench.sizes.runs, ask, peer, known)
        figures.append(
            Figure(
                f"api list: {plural}", "ms", median(ours), median(theirs), "raw SQL + orjson", bench.sizes.runs, 50, goal,
                more={
                    "p95": round(percentile(ours, 95), 3), "peer_p95": round(percentile(theirs, 95), 3),
                    "ratio_without_key": round(median(ours) / median(to_a_known_caller), 3),
                },
            )
        )  # fmt: skip
    plain.close()
    return figures


def page_of(client: Client, address: str) -> Callable[[], bytes]:
    def ask() -> bytes:
        cache.clear()  # so many calls a minute are allowed: the limit itself is part of what is measured
        response = client.get(address)
        assert response.status_code == 200, response.content
        return response.content

    return ask


def assert_same_content(ours: bytes, theirs: bytes) -> None:
    """The same rows with the same values, or the comparison is none."""
    mine, other = (orjson.dumps(orjson.loads(told)["results"]) for told in (ours, theirs))
    assert mine == other, f"{mine[:900]!r}\n{other[:900]!r}"


def entries(plain: Any, viewer: User) -> PlainList:
    columns = [("id", "t.id"), ("url", "''")] + [
        (name, f"t.{column}")
        for name, column in (
            ("version", "version"), ("direction", "direction_id"), ("number", "number"), ("family", "family"),
            ("given", "given"), ("patronymic", "patronymic"), ("birth_date", "birth_date"), ("rank", "rank"),
            ("service_number", "service_number"), ("category", "category"), ("latin_name", "latin_name"),
            ("is_humanitarian", "is_humanitarian"), ("is_conspicuous", "is_conspicuous"), ("tranche", "tranche_id"),
            ("holder_stance", "holder_stance"), ("receiver_stance", "receiver_stance"), ("is_agreed", "id"),
            ("replaces", "replaces_id"), ("entered_by", "entered_by_id"), ("cleared_by", "id"),
            ("disclosed_at", "disclosed_at"),
        )
    ]  # fmt: skip
    return PlainList(
        plain, "entries", table="exchanges_entry", columns=columns, order=("t.direction_id", "t.number"), viewer=viewer,
        capability=(May.READ_NAMES,), finish=finish_entries(viewer),
        uuids=("id", "direction", "tranche", "replaces", "entered_by"), instants=("disclosed_at",),
        booleans=("is_humanitarian", "is_conspicuous"),
    )  # fmt: skip


def finish_entries(viewer: User) -> Callable[[Any, list[Row]], None]:
    scope, params = scope_of(viewer, May.READ_NAMES)

    def finish(cursor: Any, rows: list[Row]) -> None:
        _finish_entries(cursor, rows, scope, params)

    return finish


def _finish_entries(cursor: Any, rows: list[Row], scope: str, params: list[Any]) -> None:
    cleared: dict[str, list[str]] = {}
    mark, ids = "%s", [row["id"] for row in rows]
    if connection.vendor == "sqlite":
        mark, scope, ids = "?", scope.replace("%s", "?"), [pk.replace("-", "") for pk in ids]
    marks = ", ".join([mark] * len(ids))
    sql = (
        "SELECT entry_id, participant_id FROM exchanges_cleared "
        f"WHERE compartment_id IN ({scope}) AND entry_id IN ({marks}) ORDER BY at"
    )
    cursor.execute(sql, [*params, *ids])
    for entry, participant in cursor.fetchall():
        cleared.setdefault(entry, []).append(participant)
    for row in rows:
        stances = (row["holder_stance"], row["receiver_stance"])
        row["is_agreed"] = (
            stances[0] in ("offered", "agreed") and stances[1] in ("asked_for", "agreed") and "agreed" in stances
        )
        row["holder_stance"], row["receiver_stance"] = stances[0] or None, stances[1] or None
        row["cleared_by"] = cleared.get(row["id"], [])


def events(plain: Any, viewer: User) -> PlainList:
    columns = [
        ("id", "t.compartment_id"), ("url", "''"), ("version", "1"), ("compartment", "t.compartment_id"),
        ("position", "t.position"), ("kind", "t.kind"), ("at", "t.at"), ("actor", "t.actor"), ("subject", "t.subject"),
        ("sentence", "''"), ("hash", "t.hash"), ("data", "d.json"),
    ]  # fmt: skip
    # Contents as the viewer reads them: those without personal values, and the others where names may be read.
    scope, params = scope_of(viewer, May.READ_NAMES, May.EXPORT_LOG)
    join = f"LEFT JOIN audit_eventdata d ON d.event_id = t.id AND (NOT d.is_personal OR t.compartment_id IN ({scope}))"
    return PlainList(
        plain, "events", table="audit_event", columns=columns, order=("t.at", "t.compartment_id", "t.position"),
        newest_first=True, viewer=viewer, capability=(May.READ, May.READ_LOG), join=join, joined=params, finish=_finish_events,
        uuids=("id", "compartment"), instants=("at",),
    )  # fmt: skip


def _finish_events(cursor: Any, rows: list[Row]) -> None:
    for row in rows:
        row["id"] = f"{row['compartment']}:{row['position']}"
        row["url"] = f"/api/v1/events/{row['id']}/"
        row["data"] = orjson.loads(row["data"]) if row["data"] else None
        row["sentence"] = sentence_of(row["kind"], row["data"] or {})


def persons(plain: Any, viewer: User) -> PlainList:
    names = (
        "sex", "birth_date", "birth_place", "father_name", "mother_maiden_name", "rank", "service_number", "unit",
        "nationality", "power_depended_on", "last_residence", "distinguishing_marks",
    )  # fmt: skip
    columns = [("id", "t.id"), ("url", "''"), ("version", "t.version"), ("compartment", "t.compartment_id")]
    columns += [("label", "t.label"), ("merged_into", "t.merged_into_id")]
    columns += [(name, f"t.{name}") for name in names] + [("created_at", "t.created_at")]
    return PlainList(
        plain, "persons", table="people_person", columns=columns, order=("t.label", "t.id"), viewer=viewer,
        capability=(May.READ_NAMES,), uuids=("id", "compartment", "merged_into"), instants=("created_at",),
    )  # fmt: skip


def exchanges(plain: Any, viewer: User) -> PlainList:
    sides = [
        (f"{side}_{part}", f"{side}.{part}") for side in ("h", "a", "f") for part in ("id", "letter", "name")
    ]  # fmt: skip
    own = (
        ("version", "version"), ("compartment", "compartment_id"), ("negotiation", "negotiation_id"), ("reference", "reference"),
        ("title", "title"), ("status", "status"), ("status_since", "status_since"), ("hold", "hold"), ("hold_by", "id"),
        ("author", "id"), ("formula_version", "formula_version"), ("formula_by", "id"), ("created_at", "created_at"),
    )  # fmt: skip
    columns = [("id", "t.id"), ("url", "''"), *((name, f"t.{column}") for name, column in own), *sides]
    join = (
        "LEFT JOIN negotiations_participant h ON h.id = t.hold_by_id "
        "JOIN negotiations_participant a ON a.id = t.author_id JOIN negotiations_participant f ON f.id = t.formula_by_id"
    )
    return PlainList(
        plain, "exchanges", table="exchanges_exchange", columns=columns, order=("t.status_since", "t.id"),
        newest_first=True, viewer=viewer, capability=(May.READ,), join=join, finish=_finish_exchanges,
        uuids=("id", "compartment", "negotiation", "h_id", "a_id", "f_id"), instants=("status_since", "created_at"),
    )  # fmt: skip


def _finish_exchanges(cursor: Any, rows: list[Row]) -> None:
    for row in rows:
        for key, side in (("hold_by", "h"), ("author", "a"), ("formula_by", "f")):
            pk, letter, name = (row.pop(f"{side}_{part}") for part in ("id", "letter", "name"))
            row[key] = {"id": pk, "letter": letter, "name": name} if pk else None


def answers(plain: Any, viewer: User) -> PlainList:
    own = ("entry_id", "participant_id", "stance", "reason", "field", "note", "source", "sequence", "at", "happened_at")
    columns = [("id", "t.id"), ("url", "''"), ("version", "1")]
    columns += [(name.removesuffix("_id"), f"t.{name}") for name in own]
    return PlainList(
        plain, "answers", table="exchanges_answer", columns=columns, order=("t.entry_id", "t.sequence"), viewer=viewer,
        capability=(May.READ_NAMES,), finish=_finish_answers, uuids=("id", "entry", "participant"),
        instants=("at", "happened_at"),
    )  # fmt: skip


def _finish_answers(cursor: Any, rows: list[Row]) -> None:
    for row in rows:
        row["reason"] = row["reason"] or None
