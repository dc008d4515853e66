"""In Chromium, a new clerk: a messy list of a thousand rows to its last doubtful one, a wrong merge, and everything back."""

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from people.seeding.generator import InventedPerson
from tests.browser.registry_world import DEAD, EXCHANGED, HOME, known_and_gone
from tests.browser.visiting import CHROMIUM, ByKeyboard, Visitor
from tests.messy_list import REPEATED, SIZE, messy_list

pytestmark = [
    pytest.mark.browser,
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: install the package chromium to run it"),
]
SOUGHT, NAME = "الكسندر كوفالينكو", "Коваленко Олександр Петрович"


def test_a_new_clerk_takes_a_messy_list_in_and_takes_everything_back(registry, visit, tmp_path):
    clerk = visit(registry, "north-clerk", accept_downloads=True)
    before = found(clerk, SOUGHT)

    send_in(clerk, tmp_path)
    columns = clerk.page.locator("main table select").evaluate_all("all => all.map(one => one.value)")
    assert columns == ["", "family", "given", "patronymic", "birth_date", "rank", "service_number", "unit", ""]
    clerk.press("Check the rows")
    clerk.sees("What is taken in")
    counts = verdicts(clerk)
    assert (counts["already home"], counts["reported dead"], counts["already exchanged"]) == (HOME, DEAD, EXCHANGED)
    assert (counts["again in this file"], counts["cannot be taken"]) == (REPEATED, 9)
    assert counts["to be settled"] > 20

    settled = settle_all(clerk)
    assert settled == counts["to be settled"]
    clerk.sees(f"{settled} decided on")
    clerk.press("Take in what is ticked")
    clerk.page.get_by_role("progressbar").wait_for()
    clerk.sees("What stayed out")
    clerk.sees(re.compile(r"\d+ rows are taken in"))
    list_page = clerk.path

    the_file_says_why(clerk, tmp_path)
    meanwhile = found(clerk, SOUGHT)
    a_wrong_merge_is_seen_and_undone(clerk)
    assert found(clerk, SOUGHT) == meanwhile

    clerk.open(list_page)
    clerk.press("Undo this import")
    clerk.press("Undo this import")
    clerk.sees("Everything that this list had changed was taken back")
    assert found(clerk, SOUGHT) == before
    clerk.open("/people/?q=" + invented_here()[0])
    clerk.sees("Nobody is found")


def send_in(clerk: Visitor, folder: Path) -> None:
    workbook = folder / "list.xlsx"
    workbook.write_bytes(messy_list(*known_and_gone()))
    clerk.press("People", within=".rail")
    clerk.press("Imports")
    clerk.press("Send in a list")
    clerk.page.get_by_label("Sent by").fill("Families of the 36th")
    clerk.page.get_by_label("File").set_input_files(workbook)
    clerk.press("Send in")
    clerk.page.wait_for_url("**/columns/")


def verdicts(clerk: Visitor) -> dict[str, int]:
    rows = clerk.page.locator("table.verdicts tbody tr").all_inner_texts()
    return {row.split("\t")[1].strip(): int(row.split("\t")[2]) for row in rows}


def settle_all(clerk: Visitor) -> int:
    clerk.press("Settle who is meant")
    count = 0
    while clerk.page.get_by_role("button", name="Settle it so").count():
        count += 1
        clerk.page.locator("input[name=choice]").first.check()
        clerk.press("Settle it so")
        assert count < SIZE
    return count


def found(clerk: Visitor, sought: str) -> list[str]:
    """Typed into the box, as the page answers while it is typed."""
    clerk.open("/people/")
    clerk.page.locator("#q").press_sequentially(sought)
    clerk.sees("the likeliest first", within="#found")
    clerk.page.wait_for_load_state("networkidle")
    names = clerk.page.locator("#found tbody tr").all_inner_texts()
    assert NAME in names[0] or "Kovalenko Oleksandr" in names[0]
    assert sum(NAME in name for name in names) == 3
    return sorted(names)


def the_file_says_why(clerk: Visitor, folder: Path) -> None:
    with clerk.page.expect_download() as coming:
        clerk.page.get_by_role("link", name="The file with the reasons").click()
    content = Path(coming.value.path()).read_bytes()
    headings, *rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert headings[-1] == "Why"
    reasons = [str(row[-1]) for row in rows if row[-1]]
    assert len(reasons) == HOME + DEAD + EXCHANGED + REPEATED + 9
    assert sum("This day has not come yet" in reason for reason in reasons) == 2
    assert sum("invisible character" in reason for reason in reasons) == 2
    assert sum("two alphabets" in reason for reason in reasons) == 1
    again = next(row for row in rows if "the same person stands in row" in str(row[-1]))
    number = int(str(again[-1]).rsplit(" ", 1)[1])
    assert rows[number - 2][6] == again[6]  # the row that is meant, counted in this file


def a_wrong_merge_is_seen_and_undone(clerk: Visitor) -> None:
    """Two namesakes of different birth dates become one, and are taken apart."""
    clerk.page.locator("#found tr", has_text="1993").get_by_role("link").first.click()
    clerk.press("Duplicates and merges")
    clerk.page.locator(".pair", has_text="1964").get_by_role("link", name="Compare").click()
    clerk.press("The same person: merge")
    clerk.sees("One dossier now.")
    clerk.sees(f"{NAME} was merged into this dossier.")
    clerk.press("Duplicates and merges")
    merged = clerk.page.locator("#merged")
    merged.get_by_label("Reason").fill("born thirty years apart")
    clerk.press("Take the two apart")
    clerk.sees("Two dossiers again.")


def invented_here() -> list[str]:
    """The service number of somebody whom the list alone knows."""
    known = {person.service_number for side in known_and_gone() for person in side}
    book = CalamineWorkbook.from_filelike(io.BytesIO(messy_list(*known_and_gone())))
    rows = book.get_sheet_by_index(0).to_python()[5:]
    return [str(row[6]) for row in rows if row and row[6] and row[6] not in known]


# Without a pointer


def test_a_clerk_without_a_pointer_takes_a_list_in(registry, visit, tmp_path):
    clerk = visit(registry, "north-clerk", ByKeyboard)
    page, at_home = clerk.page, known_and_gone()[1][0]
    clerk.press("People", within=".rail")
    clerk.press("Imports")
    clerk.press("Send in a list")
    clerk.write(page.get_by_label("Sent by"), "A family")
    clerk.reach(page.get_by_label("File"))
    page.get_by_label("File").set_input_files(short_list(tmp_path, at_home))  # the window that opens is the system's
    clerk.press("Send in")
    page.wait_for_url("**/columns/")
    clerk.press("Check the rows")
    clerk.sees("What is taken in")
    assert verdicts(clerk) == {"already home": 1, "to be settled": 1, "cannot be taken": 1}

    clerk.press("4")
    clerk.write(page.get_by_label("Дата народження"), "30.02.1988")
    clerk.press("Correct and check again")
    clerk.sees("There is no such date: 30.02.1988.")
    clerk.write(page.get_by_label("Дата народження"), "28.02.1988")  # over what stands there
    clerk.press("Correct and check again")
    assert page.locator("#state-line .pill").inner_text() == "new"
    clerk.press("Back to the list")
    clerk.press("Settle who is meant")
    clerk.choose(page.get_by_label("somebody else: open a new dossier"))
    clerk.press("Settle it so")
    clerk.tick(page.get_by_label("already home"))
    clerk.press("Take in what is ticked")
    clerk.sees("3 rows are taken in")


def test_a_clerk_without_a_pointer_works_off_what_is_owed(registry, visit):
    clerk = visit(registry, "north-clerk", ByKeyboard)
    page = clerk.page
    clerk.press("People", within=".rail")
    clerk.press("Open duties")
    assert owed(clerk) == ["Abel", "Baker", "Baker", "Baker", "Baker"]
    clerk.press("Not notified", exact=False)
    assert owed(clerk) == ["Abel"]
    clerk.press("Record the notice Abel")
    clerk.write(page.get_by_label("Sent on"), (datetime.now(UTC) - timedelta(days=1)).date().isoformat())
    clerk.press("Record a notice to the Central Agency")
    clerk.sees("The notice is recorded.")

    clerk.press("People", within=".rail")
    clerk.press("Open duties")
    clerk.press("Mark as done Baker")
    clerk.write(page.get_by_label("Document, or where it is"), "plot 4")
    clerk.press(page.locator("h1").inner_text())
    clerk.sees("Marked as done.")
    clerk.open("/people/duties/")
    assert owed(clerk) == ["Baker"] * 3


def owed(clerk: Visitor) -> list[str]:
    return clerk.page.locator("#duties tbody th a").all_inner_texts()


def short_list(folder: Path, at_home: InventedPerson) -> Path:
    lines = [
        ["Прізвище", "Ім'я", "По батькові", "Дата народження", "Особистий номер", "Позивний"],
        ["Коваленко", "Олександр", "Петрович", "", "", ""],
        [
            at_home.family_name,
            at_home.given_name,
            at_home.patronymic,
            at_home.birth_date,
            at_home.service_number,
            "Грім",
        ],
        ["Quillfeather", "Anna", "", "31.02.1988", "", ""],
    ]
    path = folder / "short.csv"
    path.write_text("\n".join(map(";".join, lines)), encoding="utf-8")
    return path
