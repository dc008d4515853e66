"""A life cycle as a table: what every row says, whom it lets through, and the picture drawn from it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Attempt:
    """Somebody about to take a step: the reread subject, what they may do there and whom they speak for."""

    subject: Any
    capabilities: frozenset[str]
    participant: Any = None
    by_word: bool = False  # an absent participant's word, entered by an officer who may decide
    suspended: bool = False
    reason: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    known: Any = None  # what the guards read of the subject's surroundings, each at most once
    asks_only: bool = False  # drawing a button: what the form will still ask for is not missing yet


Guard = Callable[[Attempt], Text]


@dataclass(frozen=True)
class Transition:
    """One row of RULES section 1. `target` is a status, or a function of the attempt where it depends on who is last."""

    row: int
    step: str
    label: Text
    sources: frozenset[str]
    target: str | Callable[[Attempt], str]
    may: tuple[str, ...]
    event: str
    told: str
    guards: tuple[Guard, ...] = ()
    has_own_form: bool = False
    asks_first: bool = False  # cannot be undone: a page says what follows before the step is taken
    needs_reason: bool = False
    even_suspended: bool = False
    takes_word: bool = False
    needs_pair: bool = False
    may_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # other capabilities in some statuses
    stops: bool = False
    ends_at: tuple[str, ...] = ()  # where `target` is a function: the statuses it can return

    def refusal(self, attempt: Attempt) -> str:
        """Why this step cannot be taken now, in one sentence; empty when it can. Reads, never writes."""
        return str(
            self.refusal_by_status(attempt.subject.status)
            or self.refusal_by_capability(attempt)
            or self.refusal_by_suspension(attempt)
            or self.refusal_by_reason(attempt)
            or next(filter(None, (guard(attempt) for guard in self.guards)), "")
        )

    def refusal_by_status(self, status: str) -> Text:
        if status in self.sources:
            return ""
        return format_lazy(
            _("“{step}” is not possible while this is {status}."), step=self.label, status=words_of(status)
        )

    def refusal_by_capability(self, attempt: Attempt) -> Text:
        needed = ("decide",) if attempt.by_word else self.may_in.get(attempt.subject.status, self.may)
        if attempt.by_word and not self.takes_word:
            return _("This step cannot rest on somebody's word.")
        if attempt.capabilities.isdisjoint(needed):
            return format_lazy(_("“{step}” is for {who}."), step=self.label, who=holders_of(needed))
        return ""

    def refusal_by_suspension(self, attempt: Attempt) -> Text:
        if attempt.suspended and not self.even_suspended:
            return _("The exchange is suspended: it has to be resumed first.")
        return ""

    def refusal_by_reason(self, attempt: Attempt) -> Text:
        if self.needs_reason and not attempt.reason.strip() and not attempt.asks_only:
            return _("Give the reason.")
        return ""

    def arrives_at(self, attempt: Attempt) -> str:
        return self.target if isinstance(self.target, str) else self.target(attempt)


@dataclass(frozen=True)
class Reading:
    """A status that follows from other rows; nobody takes this step."""

    row: int
    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]


_words: dict[str, Text] = {}
_holders: Callable[[tuple[str, ...]], Text] = " or ".join


def teach_words(words: Mapping[str, Text]) -> None:
    """Tell refusals how a status is called in the reader's language."""
    _words.update(words)


def teach_holders(spell: Callable[[tuple[str, ...]], Text]) -> None:
    """Tell refusals which roles hold a capability."""
    global _holders
    _holders = spell


def words_of(status: str) -> Text:
    return _words.get(status, status.replace("_", " "))


def holders_of(capabilities: tuple[str, ...]) -> Text:
    return _holders(capabilities)


def mermaid(title: str, transitions: Iterable[Transition], readings: Iterable[Reading] = ()) -> str:
    """The table as a Mermaid state diagram, in the order of its rows."""
    lines = ["---", f"title: {title}", "---", "stateDiagram-v2"]
    for transition in transitions:
        targets = (transition.target,) if isinstance(transition.target, str) else transition.ends_at
        for source in sorted(transition.sources):
            for target in targets or (source,):
                lines.append(f"    {source} --> {target}: {transition.step}")
    for reading in readings:
        lines.extend(
            f"    {source} --> {target}: ({reading.name})"
            for source in reading.sources
            for target in reading.targets
            if source != target
        )
    return "\n".join(lines) + "\n"
