"""The public record: two files of the project, two pages that every signed-in account may read."""

import re
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from core.record_files import RecordRefused
from exchanges import public_record
from exchanges.models import PublicExchange, PublicKind
from exchanges.presentation.public_record import chart_of, scale
from negotiations.models import PublicTalks
from negotiations.public_record import TALKS_COLUMNS, mediators_in, read_talks

EXCHANGES, TALKS = reverse("record:exchanges"), reverse("record:talks")
PAGE_QUERIES = 4
SOURCE = "https://example.org/a"


def seed():
    said = StringIO()
    call_command("seed", "history", stdout=said)
    return said.getvalue().strip()


def kept(model):
    return list(model.objects.unscoped("test").order_by("line").values())


@pytest.fixture
def filled(scene):
    seed()
    return scene


@pytest.fixture
def reader(filled, browser):
    """The outsider: no negotiation is theirs, the public record is."""
    return browser(filled.cast.outsider)


def line(**cells):
    columns = dict.fromkeys(public_record.COLUMNS, "") | {"date": "2022-03-01", "source_url": SOURCE} | cells
    return ",".join(f'"{columns[name]}"' for name in public_record.COLUMNS)


def file_of(folder, *lines):
    file = folder / "exchanges.csv"
    file.write_text("\n".join([",".join(public_record.COLUMNS), *lines]) + "\n")
    return file


def test_every_line_of_both_files_is_kept_and_a_second_time_changes_nothing(db):
    assert seed() == "The public record: 75 exchanges, 23 rounds of talks."
    before = kept(PublicExchange), kept(PublicTalks)

    assert seed() == "The public record: 75 exchanges, 23 rounds of talks, unchanged."

    assert (kept(PublicExchange), kept(PublicTalks)) == before
    assert (len(before[0]), len(before[1])) == (75, 23)


def test_a_changed_or_added_row_gives_way_to_the_file(db):
    seed()
    rows = PublicExchange.objects.unscoped("test")
    rows.filter(line=2).update(returned_to_ukraine=99)
    PublicExchange(line=900, held_on="2030", sources=SOURCE).save()

    seed()

    assert rows.get(line=2).returned_to_ukraine == 5
    assert rows.count() == 75


def test_it_is_filled_into_a_database_that_holds_parties(scene):
    assert seed().startswith("The public record: 75 exchanges")


def test_two_lines_tell_of_no_completed_exchange(db):
    others = [row for row in public_record.read_exchanges() if row.kind != PublicKind.EXCHANGE]

    assert [(row.held_on, row.kind) for row in others] == [
        ("2023-06-08", PublicKind.NO_EXCHANGE), ("2024-01-24", PublicKind.DID_NOT_TAKE_PLACE),
    ]  # fmt: skip
    assert others[0].notes.startswith("11 Ukrainian POWs handed to Hungary")


def test_a_blank_count_is_unknown_and_never_zero(db):
    june = [row for row in public_record.read_exchanges() if row.held_on == "2025-06-09"]

    assert [(row.returned_to_ukraine, row.returned_to_russia, row.civilians) for row in june] == [(None, None, None)]


def test_where_nothing_was_exchanged_nobody_is_counted(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        PublicExchange(line=1, kind=PublicKind.NO_EXCHANGE, held_on="2023", returned_to_russia=1).save()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"returned_to_russia": "many"}, "column returned_to_russia: write a whole number"),
        ({"returned_to_ukraine": "-5"}, "column returned_to_ukraine: write a whole number"),
        ({"returned_to_ukraine": "٣"}, "column returned_to_ukraine: write a whole number"),
        ({"returned_to_ukraine": "9999999"}, "column returned_to_ukraine: 9999999 people cannot be right"),
        ({"date": "2022-02-30"}, "column date: There is no such date"),
        ({"date": ""}, "column date: Write the date as"),
        ({"source_url": ""}, "column source_url: name at least one source"),
        ({"source_url": f"{SOURCE} | javascript:alert(1)"}, "column source_url: “javascript:alert(1)” is no web address"),
        ({"source_url": "https://[broken"}, "column source_url: “https://[broken” is no web address"),
        ({"mediator": "Atlantis"}, "column mediator: “Atlantis” names nobody"),
        ({"notes": "x" * 501}, "column notes: 501 characters are more than 500"),
        ({"notes": "a\tb"}, "column notes: remove the control characters"),
        ({"notes": "NOT an exchange: no", "returned_to_russia": "3"}, "column returned_to_russia: nobody is counted"),
        (
            {"returned_to_ukraine": "3", "returned_to_russia": "2", "civilians_if_known": "4"},
            "column civilians_if_known: these are more civilians than people",
        ),
    ],
)  # fmt: skip
def test_a_fault_names_its_line_and_its_column(tmp_path, cells, said):
    with pytest.raises(RecordRefused) as refused:
        public_record.read_exchanges(file_of(tmp_path, line(), line(**cells)))

    assert len(refused.value.faults) == 1
    assert refused.value.faults[0].startswith(f"exchanges.csv, line 3, {said}")


def test_all_faults_are_told_at_once(tmp_path):
    with pytest.raises(RecordRefused) as refused:
        public_record.read_exchanges(file_of(tmp_path, line(date="soon", mediator="Atlantis"), "1,2", line()))

    assert [fault.split(":")[0] for fault in refused.value.faults] == [
        "exchanges.csv, line 2, column date", "exchanges.csv, line 2, column mediator", "exchanges.csv, line 3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: the columns must be"),
        (b"date;venue\n", "line 1: the columns must be"),
        (",".join(TALKS_COLUMNS).encode() + b"\n", "there is no line beneath the header"),
        (",".join(TALKS_COLUMNS).encode() + b"\n\xff\n", "cannot be read as UTF-8"),
        (",".join(TALKS_COLUMNS).encode() + b'\n"open', "line 2: unexpected end of data"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(tmp_path, content, said):
    file = tmp_path / "talks.csv"
    file.write_bytes(content)

    with pytest.raises(RecordRefused, match=said):
        read_talks(file)


def test_the_command_says_what_is_wrong_and_changes_nothing(db, tmp_path, monkeypatch):
    seed()
    before = kept(PublicExchange)
    monkeypatch.setattr(public_record, "FILE", file_of(tmp_path, line(date="soon")))

    with pytest.raises(CommandError, match=r"exchanges\.csv, line 2, column date"):
        seed()

    assert kept(PublicExchange) == before


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["none"]),
        ("UAE; USA", ["uae", "usa"]),
        ("Turkiye (Istanbul agreement)", ["turkiye"]),
        ("UN envoy's office and ICRC; Jordan as host", ["un", "icrc", "jordan"]),
        ("Atlantis", []),
    ],
)
def test_mediators_are_found_by_the_words_of_the_sources(text, found):
    assert mediators_in(text) == found


@pytest.mark.parametrize("address", [EXCHANGES, TALKS])
def test_a_visitor_is_sent_to_sign_in(filled, address):
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("address", [EXCHANGES, TALKS])
def test_every_account_reads_and_nobody_writes(reader, address, django_assert_num_queries):
    reader.get(address)
    with django_assert_num_queries(PAGE_QUERIES):
        assert reader.get(address).status_code == 200
    assert reader.post(address).status_code == 405


def test_the_first_window_holds_the_newest_fifty(reader):
    first = reader.get(EXCHANGES).text
    rest = reader.get(EXCHANGES, {"from": "50"}).text

    assert ("24 April 2026" in first, "1 March 2022" in first) == (True, False)
    assert ("24 April 2026" in rest.partition('id="rows"')[2], "1 March 2022" in rest) == (False, True)
    assert "1 to 50 of 75" in first
    assert "51 to 75 of 75" in rest


@pytest.mark.parametrize("place", ["900", "-1", "x", "٣", "9" * 40])
def test_a_place_that_there_is_not_is_the_beginning(reader, place):
    assert "1 to 50 of 75" in reader.get(EXCHANGES, {"from": place}).text


def test_year_and_mediator_narrow_the_table_and_the_chart(reader):
    page = reader.get(EXCHANGES, {"year": "2025", "mediator": "turkiye"}).context["page"]

    assert page.window.total == 11
    assert [total.known for total in page.totals] == ["1,205", "1,205"]
    assert [total.unknown for total in page.totals] == ["unknown in 7 exchanges"] * 2
    assert [row.month for row in page.chart.rows] == ["October 2025", "July 2025", "June 2025", "May 2025"]
    assert [mark.text for mark in page.chart.years] == ["2025"]


def test_nobody_named_finds_the_lines_without_a_mediator(reader):
    assert reader.get(EXCHANGES, {"mediator": "none"}).context["page"].window.total == 40


def test_what_is_not_in_the_record_teaches(reader):
    text = reader.get(EXCHANGES, {"year": "2022", "mediator": "uae"}).text

    assert "No line has both this year and this mediator" in text
    assert '<svg viewBox="0 0 960' not in text


def test_an_unknown_year_is_refused_at_its_field_and_hides_nothing(reader):
    response = reader.get(EXCHANGES, {"year": "1999"})

    assert response.status_code == 400
    assert "The record holds no year “1999”." in response.text
    assert "1 to 50 of 75" in response.text


def test_an_exchange_that_was_none_is_shown_as_what_it_was(reader):
    rows = reader.get(EXCHANGES, {"year": "2024"}).text.partition('id="rows"')[2]

    assert rows.count('colspan="3"') == 1
    assert "did not take place" in rows


def test_sources_open_on_a_click_and_tell_them_nothing(reader):
    text = reader.get(TALKS).text

    assert 'href="https://pax.peaceagreements.org/agreements/2123" rel="noreferrer noopener external"' in text
    assert text.count("unknown</span>") == sum(
        not getattr(row, column)
        for row in PublicTalks.objects.unscoped("test")
        for column in ("format", "facilitator", "head_of_delegation_a", "head_of_delegation_b", "outcome")
    )


def test_before_it_is_loaded_the_page_says_how(scene, browser):
    text = browser(scene.cast.north.head).get(TALKS).text

    assert "manage.py seed history" in text


def test_the_page_says_what_the_sums_leave_out(reader):
    assert "91 to 95 %" in reader.get(EXCHANGES).text


def test_nothing_of_the_chart_is_left_out_on_paper():
    chart = (settings.BASE_DIR / "templates" / "exchanges" / "returns_chart.html").read_text()
    print_rules = (settings.BASE_DIR / "static" / "app.css").read_text().partition("@media print {\n    @page")[2]
    left_out = re.search(r":is\(([^)]*)\) { display: none !important", print_rules)[1]
    used = set(re.findall(r"[\w-]+", " ".join(re.findall(r'class="([^"{]*)', chart))))

    assert used & {name.strip().removeprefix(".") for name in left_out.split(",")} == set()


def exchange(held_on, to_ukraine, to_russia):
    return PublicExchange(line=1, held_on=held_on, returned_to_ukraine=to_ukraine, returned_to_russia=to_russia)


def test_steps_rise_from_zero_and_an_unknown_month_is_marked():
    rows = [exchange("2025-01-05", 10, 5), exchange("2025-03", 20, None), exchange("2025-03-09", 20, 20)]

    chart = chart_of(rows, ["2025-01", "2025-02", "2025-03", "2025-04"])

    to_ukraine, to_russia = chart.series
    assert to_ukraine.path == "M0 208V167.0H240.0V208.0H480.0V44.0H720.0V208.0H960.0V208Z"
    assert (to_ukraine.unknown, [mark.text for mark in to_russia.unknown]) == ([], ["?"])
    assert to_ukraine.peak.text == "40 in March 2025"
    assert [(row.month, row.to_ukraine, row.to_russia) for row in chart.rows] == [
        ("March 2025", "40", "20 and 1 exchange unknown"), ("January 2025", "10", "5"),
    ]  # fmt: skip


def test_a_line_that_knows_only_its_year_is_in_no_month():
    assert chart_of([exchange("2025", 10, 5)], ["2025-01"]) is None


@pytest.mark.parametrize(
    ("highest", "lines"),
    [(1, [0, 1]), (3, [0, 1, 2, 3]), (4, [0, 2, 4]), (1205, [0, 500, 1000]), (90_000, [0, 50_000])],
)
def test_the_scale_has_a_few_round_numbers(highest, lines):
    assert scale(highest) == lines
