"""Events of exchanges, tranches, lists and sign-offs in sentences. A kind once written is rendered for ever."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit.presentation import Sentence, objections, sentences
from core.lifecycle import Text, words_of
from exchanges.models import AnswerReason, IdentityCheck, Outcome, Stance
from exchanges.presentation.times import count, day

Content = Mapping[str, Any]


def _caused(text: str, content: Content) -> str:
    return _("%(text)s Cause: %(cause)s.") % {"text": text, "cause": content["cause"]} if content.get("cause") else text


def _moved(content: Content) -> str:
    text = _("Now %(after)s; it was %(before)s.") % {
        "after": words_of(content.get("after", "")), "before": words_of(content.get("before", "")),
    }  # fmt: skip
    return _caused(text, content)


def _accepted(content: Content) -> str:
    text = _("Version %(version)s of the formula is accepted.") % {"version": content.get("formula_version", "")}
    if content.get("after") != "negotiating":
        return text
    opened = _("The lists can be argued now.")
    return f"{text} {opened}"


def _countered(content: Content) -> str:
    snapshot = content.get("snapshot") or {}
    return _("Counter-offer: version %(version)s of the formula.") % {"version": snapshot.get("formula_version", "")}


def _counts(content: Content) -> str:
    return _("Counts stated: promised %(promised)s, presented %(presented)s, received %(received)s.") % {
        name: content.get(name, "–") for name in ("promised", "presented", "received")
    }


def _submitted(content: Content) -> str:
    text = _("Revision %(revision)s submitted: %(size)s lines, %(added)s new, %(left_out)s left out.") % {
        "revision": content.get("revision", ""), "size": count(content.get("size", 0)),
        "added": count(content.get("added", 0)), "left_out": count(content.get("left_out", 0)),
    }  # fmt: skip
    return f"{text} “{content['message']}”" if content.get("message") else text


def _answered(content: Content) -> str:
    lines = content.get("count", 0)
    stance, reason = content.get("stance", ""), content.get("answer_reason", "")
    text = ngettext("%(n)s line answered: %(stance)s.", "%(n)s lines answered: %(stance)s.", lines) % {
        "n": count(lines), "stance": Stance(stance).label if stance in Stance.values else stance,
    }  # fmt: skip
    if reason in AnswerReason.values:
        because = _("Because: %(reason)s.") % {"reason": AnswerReason(reason).label}
        text = f"{text} {because}"
    numbers = content.get("numbers") or []
    if numbers and len(numbers) <= 5:
        text = f"{text} {', '.join(f'#{number}' for number in numbers)}"
    return text


def _cleared(content: Content) -> str:
    lines = content.get("count", 0)
    return ngettext("%(n)s entry cleared.", "%(n)s entries cleared.", lines) % {"n": count(lines)}


def _planned(content: Content) -> str:
    """Without its number: the timeline names the tranche before every sentence about it."""
    planned_on = content.get("planned_on")
    return _("Planned for %(day)s.") % {"day": day(date.fromisoformat(planned_on))} if planned_on else _("Planned.")


def _locked(content: Content) -> str:
    if "size" not in content:
        return _("Locked.")
    return _("Locked with %(n)s entries.") % {"n": count(content["size"])}


def _lock_agreed(content: Content) -> str:
    one = " " + _("One pair of eyes.") if content.get("one_pair_of_eyes") else ""
    return _("Agreed to the lock.") + one


def _approved(content: Content) -> str:
    manners = {
        "signed": _("%(office)s signed off."),
        "recorded": _("The sign-off of %(office)s is recorded on its authority."),
        "word": _("The sign-off of %(office)s is recorded as their word."),
    }
    manner = str(content.get("manner", ""))
    return manners.get(manner, _("%(office)s signed off.")) % {"office": content.get("office", "")}


def _step_moved(content: Content) -> str:
    office, after = content.get("office", ""), content.get("after", "")
    if after == "pending" and content.get("before") == "approved":
        text = _("The sign-off of %(office)s no longer counts and is asked again.") % {"office": office}
    elif after == "pending":
        text = _("It is the turn of %(office)s.") % {"office": office}
    else:
        text = _("The step of %(office)s is %(status)s.") % {"office": office, "status": words_of(after)}
    return _caused(text, content)


def _identities(content: Content) -> str:
    if "counts" not in content:  # as it was written when each person was an event
        return _("Identity of #%(number)s checked.") % {"number": content.get("entry", "")}
    counts = content["counts"]
    told = ", ".join(
        f"{count(counts[result])} {label}" for result, label in IdentityCheck.Result.choices if counts.get(result)
    )
    numbers = ", ".join(f"#{number}" for number in content.get("numbers") or [])
    return _("Identities checked: %(counts)s. %(numbers)s") % {"counts": told, "numbers": numbers}


def _about_office(sentence: Text) -> Sentence:
    return lambda content: str(sentence) % {"office": content.get("office", "")}


def _lapsed(content: Content) -> str:
    return _caused(_("The sign-off of %(office)s has lapsed.") % {"office": content.get("office", "")}, content)


def _receipts(content: Content) -> str:
    told = ", ".join(
        f"{count(number)} {Outcome(outcome).label if outcome in Outcome.values else outcome}"
        for outcome, number in sorted((content.get("counts") or {}).items())
    )
    return _("Receipts recorded: %(counts)s.") % {"counts": told}


def _settled(content: Content) -> str:
    if content.get("presented") is None:
        return _("Settled on what was received: %(received)s.") % {"received": count(content.get("received", 0))}
    return _("Presented: %(presented)s. Received in all so far: %(received)s.") % {
        "presented": count(content["presented"]), "received": count(content.get("received", 0)),
    }  # fmt: skip


def _corrected(content: Content) -> str:
    return _("#%(number)s corrected: %(fields)s.") % {
        "number": content.get("entry", ""), "fields": ", ".join(content.get("fields") or []),
    }  # fmt: skip


def _final_named(content: Content) -> str:
    return _("%(office)s gives the final sign-off of side %(letter)s.") % {
        "office": content.get("office", ""), "letter": content.get("participant", ""),
    }  # fmt: skip


SENTENCES: dict[str, Text | Sentence] = {
    "exchange.drafted": gettext_lazy("Drafted."),
    "exchange.draft_changed": gettext_lazy("The draft was changed."),
    "exchange.proposed": gettext_lazy("Proposed."),
    "exchange.countered": _countered,
    "exchange.accepted": _accepted,
    "exchange.declined": gettext_lazy("Declined."),
    "exchange.postponed": gettext_lazy("Postponed: no tranche is staged and no go given meanwhile."),
    "exchange.suspended": gettext_lazy("Suspended: everything stops."),
    "exchange.resumed": gettext_lazy("Resumed."),
    "exchange.cancelled": gettext_lazy("Cancelled."),
    "exchange.ended_short": gettext_lazy("Ended short."),
    "exchange.counts_settled": _counts,
    "exchange.status_changed": _moved,
    "final_office.named": _final_named,
    "policy.set": gettext_lazy("The sign-off policy is set."),
    "list.submitted": _submitted,
    "entry.answered": _answered,
    "entry.cleared": _cleared,
    "entry.linked": gettext_lazy("Own dossiers matched with entries."),
    "entry.unlinked": lambda content: _("No own dossier is meant by #%(number)s any more.") % {
        "number": content.get("number", "")
    },
    "entry.corrected": _corrected,
    "entry.correction_asked": gettext_lazy("A second person is asked to confirm a correction."),
    "brief.written": gettext_lazy("A brief was written."),
    "clearance.checked": gettext_lazy("A clearance check was noted."),
    "identity.checked": _identities,
    "tranche.planned": _planned,
    "tranche.plan_changed": gettext_lazy("The plan was changed."),
    "tranche.lock_asked": gettext_lazy("A second person is asked to agree to the lock."),
    "tranche.lock_agreed": _lock_agreed,
    "tranche.locked": _locked,
    "tranche.unlocked": gettext_lazy("Unlocked: its sign-offs have lapsed."),
    "tranche.sign_off_started": gettext_lazy("Sign-off started."),
    "tranche.status_changed": _moved,
    "tranche.staged": gettext_lazy("Staged."),
    "tranche.held": gettext_lazy("Put on hold."),
    "tranche.hold_released": gettext_lazy("Hold released."),
    "tranche.go_given": gettext_lazy("Go given."),
    "tranche.gone": gettext_lazy("Every go is given: it has gone."),
    "tranche.settled": _settled,
    "tranche.aborted": gettext_lazy("Aborted."),
    "receipt.recorded": _receipts,
    "sign_off.approved": _approved,
    "sign_off.approval_asked": gettext_lazy("A second person is asked to confirm a recorded sign-off."),
    "sign_off.refused": _about_office(gettext_lazy("%(office)s refuses.")),
    "sign_off.withdrawn": _about_office(gettext_lazy("%(office)s withdraws its sign-off.")),
    "sign_off.withdrawal_too_late": _about_office(gettext_lazy("%(office)s tried to withdraw after the go.")),
    "sign_off.lapsed": _lapsed,
    "sign_off.expired": _about_office(gettext_lazy("The sign-off of %(office)s has expired.")),
    "sign_off.status_changed": _step_moved,
}  # fmt: skip


def teach() -> None:
    """Called when the app is ready."""
    sentences.update(SENTENCES)


def _uncleared_then(content: Content) -> str:
    missing = content.get("missing", 0)
    return ngettext("%(count)s clearance was missing", "%(count)s clearances were missing", missing) % {
        "count": count(missing)
    }


objections.update(
    {
        "status": lambda content: _("it was %(status)s") % {"status": words_of(content.get("status", ""))},
        "hold": lambda content: _("the exchange was %(hold)s") % {"hold": words_of(content.get("hold", ""))},
        "held": lambda content: _("%(participant)s held the tranche") % {"participant": content.get("participant", "")},
        "clearances": _uncleared_then,
    }
)
