"""The page of the public record's exchanges."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access.declared import signed_in
from access.requests import viewer_of
from exchanges.presentation.public_record import choices_of_exchanges, exchanges_of_record, exchanges_page
from negotiations.forms import RecordFilter


@signed_in
@require_safe
def public_exchanges(request: HttpRequest) -> HttpResponse:
    rows = exchanges_of_record(viewer_of(request))
    form = RecordFilter(request.GET, choices=choices_of_exchanges(rows))
    context = {"form": form, "asked": form.asked, "page": exchanges_page(rows, form.asked), "is_filled": bool(rows)}
    return render(request, "exchanges/public_exchanges.html", context, status=200 if form.is_valid() else 400)
