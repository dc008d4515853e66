"""The list of persons with its box, and searches that somebody keeps."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from access.declared import needs
from access.forms import answer_status, attempt
from access.requests import viewer_of
from access.roles import May
from access.scoping import capabilities_anywhere
from people.imports.presentation import address_to_import
from people.models import SavedSearch
from people.operations.searches import forget_search, save_search
from people.presentation import address_to_add
from people.search.forms import SaveForm
from people.search.presentation import Asked, people_page, saved_searches


@needs(May.READ_NAMES)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Without JavaScript a form like any other; with it the part below the box follows what is typed."""
    page = people_page(viewer_of(request), Asked.read(request.GET.dict()))
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "people/person_list.html#found", {"page": page, "save_form": SaveForm()})
    else:
        response = render(request, "people/person_list.html", _context(request, page, SaveForm()))
    patch_vary_headers(response, ("HX-Request",))
    return response


@needs(May.READ_NAMES)
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    asked = Asked.read(request.POST.dict()).kept
    form = SaveForm(request.POST)
    save_it = partial(save_search, actor=viewer_of(request), label=form.data.get("label", ""), asked=asked)
    if form.is_valid() and attempt(form, save_it) is not None:
        messages.success(request, _("The search is saved. It stands above the box, for you alone."))
        return redirect(f"{reverse('people:index')}?{urlencode(asked)}")
    page = people_page(viewer_of(request), Asked.read(request.POST.dict()))
    return render(request, "people/person_list.html", _context(request, page, form), status=answer_status(form))


@needs(May.READ_NAMES)
@require_POST
def forget(request: HttpRequest, pk: UUID) -> HttpResponse:
    saved = get_object_or_404(SavedSearch.objects.visible_to(request.user), pk=pk)
    forget_search(saved, actor=viewer_of(request))
    messages.success(request, _("The search is forgotten."))
    return redirect("people:index")


def _context(request: HttpRequest, page: object, form: SaveForm) -> dict[str, object]:
    viewer = viewer_of(request)
    may = capabilities_anywhere(viewer)
    return {
        "page": page, "save_form": form, "saved": saved_searches(viewer), "add_url": address_to_add(may),
        "imports_url": address_to_import(may),
        "may_export": May.EXPORT in may, "may_write": May.WRITE_PERSON in may,
    }  # fmt: skip
