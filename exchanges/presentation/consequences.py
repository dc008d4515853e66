"""What follows from a step that cannot be undone: said on its page before it is taken."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exchanges.models import AFTER_GO, Tranche, TrancheStatus
from exchanges.presentation.exchange_page import ExchangePage
from exchanges.presentation.times import count
from exchanges.presentation.tranche_page import TranchePage
from exchanges.transitions.tranche import directions_of
from negotiations.models import Participant


def of_exchange_step(step: str, page: ExchangePage, side: Participant | None) -> list[str]:
    """`side` takes it: the viewer's own, or the absent one whose word is brought."""
    match step:
        case "propose":
            others = ", ".join(str(one) for one in page.parties.all if side is None or one.pk != side.pk)
            return [
                _(
                    "Title, directions and formula become the proposal to %(who)s. Everybody in the negotiation sees them."
                )
                % {"who": others},
                _("It gets its reference and its own table. What was drafted before stays with your side."),
                _("It cannot be taken back or changed; a counter-offer can change the formula."),
            ]
        case "decline":
            return [
                _("The exchange ends here, declined. To go on, somebody drafts another."),
                _("This cannot be undone."),
            ]
        case "cancel" if page.exchange.is_draft:
            return [_("The draft is dropped. Nobody else learns that there was one."), _("This cannot be undone.")]
        case "cancel" | "end_short":
            return [
                *_ended(step, page),
                _("Everybody who was told of the exchange is told."),
                _("This cannot be undone."),
            ]
        case "settle_counts":
            return _counts_stated(page, side)
    return []


def _ended(step: str, page: ExchangePage) -> list[str]:
    gone = sum(tranche.status in AFTER_GO for tranche in page.tranche_rows)
    started = [tranche for tranche in page.tranche_rows if _is_open(tranche)]
    said = []
    if step == "end_short":
        kept = ngettext(
            "%(n)s tranche has gone: what was presented and received there stays as it is.",
            "%(n)s tranches have gone: what was presented and received there stays as it is.", gone,
        )  # fmt: skip
        said.append(kept % {"n": count(gone)})
    if started:
        aborted = ngettext(
            "%(n)s tranche that has not gone is aborted: %(which)s.", "%(n)s tranches that have not gone are aborted: %(which)s.",
            len(started),
        )  # fmt: skip
        said.append(aborted % {"n": count(len(started)), "which": ", ".join(one.reference for one in started)})
    return said


def _is_open(tranche: Tranche) -> bool:
    return tranche.status not in (*AFTER_GO, TrancheStatus.ABORTED)


def _counts_stated(page: ExchangePage, side: Participant | None) -> list[str]:
    stated = page.parties.settled | {side.pk if side else None}
    missing = [str(one) for one in page.parties.all if one.pk not in stated]
    if missing:
        return [
            _("What you state stands beside what the others state. It still waits for: %(who)s.")
            % {"who": ", ".join(missing)}
        ]
    return [_("With yours every side has stated its counts: the exchange is completed."), _("This cannot be undone.")]


def of_tranche_step(step: str, page: TranchePage, side: Participant | None) -> list[str]:
    match step:
        case "go":
            return _go(page, side)
        case "abort":
            return [
                _("The tranche does not go. Its entries stay on the lists and can be put into another tranche."),
                _("Everybody who was told of it is told."),
                _("This cannot be undone."),
            ]
        case "unlock":
            return _unlock(page)
        case "settle":
            return _settled(page, side)
    return []


def _go(page: TranchePage, side: Participant | None) -> list[str]:
    given = page.facts.gos | ({side.pk} if side else set())
    missing = [str(one) for one in page.parties.all if one.pk not in given]
    if missing:
        return [
            _("The tranche goes with the last go. After this one it still waits for: %(who)s.")
            % {"who": ", ".join(missing)},
            _("Until then whoever may hold it can stop it, and a sign-off can be withdrawn: this go is void then."),
        ]
    return [
        _("This is the last go: with it the tranche has gone."),
        _("After that nothing can be held, withdrawn or unlocked. Receipts say what became of each line."),
        _("This cannot be undone."),
    ]


def _unlock(page: TranchePage) -> list[str]:
    signed = sum(ladder.k for ladder in page.ladders())
    said = [_("The tranche is planned again. Entries, date and place can be changed, and it has to be locked anew.")]
    if signed:
        lapse = ngettext(
            "%(n)s step that was approved lapses for good, with your reason.",
            "%(n)s steps that were approved lapse for good, with your reason.", signed,
        )  # fmt: skip
        said.append(lapse % {"n": count(signed)})
    return said


def _settled(page: TranchePage, side: Participant | None) -> list[str]:
    own = [one for one in directions_of(page.tranche) if side and one.holder_id == side.pk]
    said = [] if own else [_("Your side hands nobody over in this tranche, so there is no count of it to state.")]
    missing = [f"{wait.who} – {wait.what}" for wait in page.head().waits if side is None or wait.participant != side.pk]
    if missing:
        return [
            *said,
            _("The tranche is settled once nothing is missing. It still waits for: %(who)s.")
            % {"who": "; ".join(missing)},
        ]
    return [
        *said,
        _(
            "How it ended follows from what each side says it presented and received. The counts can be stated anew later."
        ),
    ]
