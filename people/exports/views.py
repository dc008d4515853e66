from functools import partial

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from access.declared import needs
from access.forms import answer_status, attempt
from access.requests import viewer_of
from access.roles import May, holders_spelt
from access.scoping import capabilities_anywhere
from people.exports.formats import written
from people.exports.forms import ExportForm
from people.operations.exports import export_persons


@needs(May.EXPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: HttpRequest) -> HttpResponseBase:
    """Asked by a form that is posted, so that nobody's name stands in an address."""
    viewer = viewer_of(request)
    why_not = ""
    if May.EXPORT not in capabilities_anywhere(viewer):
        why_not = _("This is for %(who)s.") % {"who": holders_spelt((May.EXPORT,))}
    form = ExportForm(request.POST if request.method == "POST" and not why_not else None)
    if form.is_valid():
        asked = form.cleaned_data
        make = partial(export_persons, actor=viewer, kind=asked["format"], purpose=asked["purpose"], sought=asked["q"])
        if (ids := attempt(form, make)) is not None:
            content_type, name, content = written(asked["format"], ids, viewer, password=asked["password"])
            answer = StreamingHttpResponse(content, content_type=content_type)
            answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            return answer
    context = {"form": form, "why_not": why_not}
    return render(request, "people/export.html", context, status=answer_status(form))
