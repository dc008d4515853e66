from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access.declared import needs
from access.requests import viewer_of
from access.roles import May
from people.duties.presentation import duties_page


@needs(May.WRITE_PERSON)
@require_safe
def duties(request: HttpRequest) -> HttpResponse:
    page = duties_page(viewer_of(request), request.GET.dict())
    return render(request, "people/deadline_list.html", {"page": page})
