"""Which of the five tones a status is drawn in; the word beside it carries the meaning."""

from dataclasses import dataclass

from exchanges.models import ExchangeStatus, StepStatus, TrancheStatus

_TONES: dict[str, str] = {
    ExchangeStatus.AWAITING_FINAL: "waits", ExchangeStatus.SIGNED_OFF: "done", ExchangeStatus.COMPLETED: "done",
    ExchangeStatus.ENDED_SHORT: "caution", ExchangeStatus.DECLINED: "stopped", ExchangeStatus.CANCELLED: "stopped",
    TrancheStatus.STAGED: "waits", TrancheStatus.RECEIVED: "done", TrancheStatus.GONE: "done",
    TrancheStatus.ONE_SIDED: "stopped", TrancheStatus.DISPUTED: "caution", TrancheStatus.ABORTED: "stopped",
    StepStatus.PENDING: "waits", StepStatus.APPROVED: "done", StepStatus.REFUSED: "stopped",
}  # fmt: skip


@dataclass(frozen=True)
class Pill:
    text: str
    tone: str = "quiet"


def tone_of(status: str) -> str:
    return _TONES.get(status, "quiet")


def pill(status: str, text: object) -> Pill:
    return Pill(str(text), tone_of(status))
