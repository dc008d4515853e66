from django.urls import path

from negotiations import views

app_name = "negotiations"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/rounds/new/", views.round_new, name="round_new"),
    path("<uuid:pk>/rounds/<uuid:round_pk>/statements/new/", views.statement_new, name="statement_new"),
    path("<uuid:pk>/proposals/new/", views.proposal_new, name="proposal_new"),
    path("<uuid:pk>/words/new/", views.word_new, name="word_new"),
]
