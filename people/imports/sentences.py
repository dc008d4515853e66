"""How the events of imports read in a timeline. A kind once written is rendered for ever."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.lifecycle import Text

Content = Mapping[str, Any]
UNTOLD = "…"


def _committed(content: Content) -> str:
    told = {name: content.get(name, UNTOLD) for name in ("first", "last", "created", "updated")}
    return (
        _("Rows %(first)s to %(last)s of a list were taken in. Dossiers opened: %(created)s, changed: %(updated)s.")
        % told
    )


def _sender(content: Content) -> dict[str, Any]:
    return {"sender": content.get("sender", UNTOLD), "rows": content.get("rows", UNTOLD)}


def _undone(content: Content) -> str:
    told = {name: content.get(name, UNTOLD) for name in ("first", "last")}
    return _("Rows %(first)s to %(last)s of a list were taken back.") % told


SENTENCES: dict[str, Text | Callable[[Content], Text]] = {
    "import.received": lambda c: _("A list from %(sender)s was received.") % _sender(c),
    "import.mapped": lambda c: _("The columns of a list from %(sender)s were named.") % _sender(c),
    "import.commit_begun": lambda c: _("A list from %(sender)s is being taken in. Rows: %(rows)s.") % _sender(c),
    "import.committed": _committed,
    "import.undo_begun": lambda c: _("The import of a list from %(sender)s is being undone.") % _sender(c),
    "import.undone": _undone,
    "import.row_corrected": lambda c: (
        _("Row %(row)s of a list from %(sender)s was corrected.")
        % {"row": c.get("row", UNTOLD), "sender": c.get("sender", UNTOLD)}
    ),
    "import.rows_decided": lambda c: _("Rows of a list from %(sender)s were decided on: %(rows)s.") % _sender(c),
    "import.gave_up": lambda c: (
        _("Something went wrong with a list from %(sender)s, and the work on it rests.") % _sender(c)
    ),
    "import.read_again": lambda c: _("A list from %(sender)s is being read again.") % _sender(c),
    "import.discarded": lambda c: _("A list from %(sender)s was laid aside.") % _sender(c),
}
