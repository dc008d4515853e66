"""Beneath /people/imports/; the names belong to `people`."""

from django.urls import path

from people.imports import views

urlpatterns = [
    path("", views.imports, name="imports"),
    path("new/", views.import_new, name="import_new"),
    path("<uuid:import_pk>/", views.import_detail, name="import_detail"),
    path("<uuid:import_pk>/columns/", views.import_columns, name="import_columns"),
    path("<uuid:import_pk>/rows/", views.import_rows, name="import_rows"),
    path("<uuid:import_pk>/rows/<int:number>/", views.import_row, name="import_row"),
    path("<uuid:import_pk>/steps/<slug:step>/", views.import_step, name="import_step"),
    path("<uuid:import_pk>/faults/", views.import_faults, name="import_faults"),
]
