from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access.declared import needs
from access.models import User
from access.roles import May
from access.scoping import capabilities_anywhere
from people.forms import SearchForm
from people.imports.presentation import address_to_import
from people.presentation import address_to_add, window_of_persons


@needs(May.READ_NAMES)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    sought = form.cleaned_data["q"] if form.is_valid() else ""
    window = window_of_persons(
        _viewer(request),
        sought=sought,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    may = capabilities_anywhere(_viewer(request))
    context = {"window": window, "add_url": address_to_add(may), "imports_url": address_to_import(may)}
    return render(request, "people/person_list.html", context)


def _viewer(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]
