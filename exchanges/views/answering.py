"""The names section with the form that answers them: on the exchange's page and on its own."""

from typing import Any

from django.http import HttpRequest

from exchanges.forms import AnswerForm
from exchanges.presentation.exchange_page import ExchangePage


def names_context(page: ExchangePage, request: HttpRequest, ticked: frozenset[str] = frozenset()) -> dict[str, Any]:
    window = page.names(ticked)
    context: dict[str, Any] = {"window": window, "why_no_names": page.why_no_names() if window is None else ""}
    if window is None:
        return context
    why_not = page.why_no_answer(window)
    absent = page.absent_sides(window)
    context |= {"why_no_answer": why_not, "absent_sides": absent}
    side = side_answering(page, request, absent)
    if side is not None and (not side.works_here or not why_not):
        context["answer_form"] = AnswerForm(direction=window.direction, side=side)
        context["word_of"] = None if side.works_here else side
    return context


def side_answering(page: ExchangePage, request: HttpRequest, absent: list[Any]) -> Any:
    """For whom an answer would be given: one's own side, or the absent one whose word is brought."""
    asked = request.GET.get("word", "")
    return next((side for side in absent if str(side.pk) == asked), page.ours)
