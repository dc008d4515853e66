from django.urls import include, path

from people.dossier import views as dossier
from people.duties import views as duties
from people.exports import views as exports
from people.same import views as same
from people.search import views as search

app_name = "people"
urlpatterns = [
    path("", search.index, name="index"),
    path("searches/", search.save, name="search_save"),
    path("searches/<uuid:pk>/steps/forget/", search.forget, name="search_forget"),
    path("imports/", include("people.imports.urls")),
    path("export/", exports.export, name="export"),
    path("duplicates/", same.duplicates, name="duplicates"),
    path("duties/", duties.duties, name="duties"),
    path("<uuid:pk>/", dossier.detail, name="detail"),
    path("<uuid:pk>/doubles/", same.doubles, name="doubles"),
    path("<uuid:pk>/steps/unmerge/", same.unmerge, name="unmerge"),
    path("<uuid:pk>/beside/<uuid:other>/", same.pair, name="pair"),
    path("<uuid:pk>/beside/<uuid:other>/steps/<slug:step>/", same.pair_step, name="pair_step"),
    path("<uuid:pk>/identity/", dossier.identity, name="identity"),
    *(
        path(f"<uuid:pk>/{part}/new/", dossier.part_new, {"part": part}, name=f"{part}_new")
        for part in ("names", "identifiers", "categories", "agency")
    ),
    path("<uuid:pk>/names/<uuid:name>/", dossier.name, name="name"),
    path("<uuid:pk>/claims/new/", dossier.claim_new, name="claim_new"),
    path("<uuid:pk>/attachments/new/", dossier.attachment_new, name="attachment_new"),
    path("<uuid:pk>/attachments/<uuid:attachment>/", dossier.attachment, name="attachment"),
    path("<uuid:pk>/findings/<uuid:finding>/", dossier.finding, name="finding"),
    path("<uuid:pk>/duties/<uuid:duty>/", dossier.duty, name="duty"),
    path("<uuid:pk>/health/", dossier.card, {"card": "health"}, name="health"),
    path("<uuid:pk>/consent/", dossier.card, {"card": "consent"}, name="consent"),
    path("<uuid:pk>/family/", dossier.card, {"card": "family"}, name="family"),
    path("<uuid:pk>/ill-treatment/", dossier.card, {"card": "ill_treatment"}, name="ill_treatment"),
    path("<uuid:pk>/places/", dossier.places, name="places"),
    path("<uuid:pk>/assignments/new/", dossier.assignment_new, name="assignment_new"),
    path("<uuid:pk>/decoy/", dossier.decoy, name="decoy"),
    path("<uuid:pk>/erasure/", dossier.erasure, name="erasure"),
]
