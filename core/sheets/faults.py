"""Why a file as a whole cannot be read. A child process says the code, the page says the sentence in its reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import InputRefused
from core.lifecycle import Text

SENTENCES: dict[str, Text] = {
    "gone": _("The file is no longer kept here. Send it in once more."),
    "empty": _("The file is empty."),
    "too_large": _("The file is larger than {most} MB. Split it, or save it without pictures."),
    "not_a_table": _("This is neither a CSV nor an XLSX file. Save the table as XLSX or as CSV and send that."),
    "old_excel": _("This is an old or a password-protected Excel file. Save it as XLSX, without a password."),
    "other_office": _("This is a document of another kind. Save the table as XLSX or as CSV."),
    "macros": _("The workbook holds macros ({part}). Save it as XLSX, which holds none."),
    "external_links": _("The workbook draws on other files ({part}). Copy the values into a new workbook and send that."),
    "embedded": _("The workbook holds embedded objects ({part}). Copy the values into a new workbook and send that."),
    "doctype": _("A part of the workbook ({part}) declares a document type, which no spreadsheet program writes."),
    "odd_names": _("The workbook holds a part with a name that points elsewhere ({part})."),
    "too_many_parts": _("The workbook has {count} parts; {most} is the most."),
    "swells": _("Unpacked, the workbook is far larger than it may be: more than {most} MB, or than {ratio} times its size."),
    "cut": _("The file is cut off or damaged: it cannot be opened. Send it once more."),
    "cut_in_quotes": _("The file ends in the middle of a quoted cell that begins near line {line}: it seems to be cut off."),
    "bad_quotes": _("Line {line} cannot be read as CSV: a quotation mark is in the wrong place."),
    "undecodable": _("Line {line} holds letters that cannot be read in any usual encoding. Save the file as UTF-8."),
    "cell_too_long": _("A cell near line {line} is longer than {most} characters."),
    "too_many_rows": _("There are more than {most} rows. Split the file."),
    "too_many_columns": _("There are {count} columns; {most} is the most."),
    "no_rows": _("There is no row in this table."),
    "no_sheet": _("There is no sheet of that name."),
    "too_heavy": _("Reading this file took more memory or time than a file may take. Split it."),
}  # fmt: skip


class FileRefused(InputRefused):
    """The file is not taken; nothing of it is kept but this sentence."""

    code = "file_refused"

    def __init__(self, fault: str, given: Mapping[str, Any] | None = None) -> None:
        self.fault, self.given = fault, dict(given or {})
        sentence = sentence_of(fault, self.given)
        super().__init__(sentence, errors={"file": [sentence]})


def sentence_of(fault: str, given: Mapping[str, Any]) -> str:
    """In the language of who reads it now."""
    sentence = str(SENTENCES.get(fault, SENTENCES["cut"]))
    return sentence.format(**given) if given else sentence
