from django.urls import path

from people import views

app_name = "people"
urlpatterns = [
    path("", views.index, name="index"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/claims/new/", views.claim_new, name="claim_new"),
    path("<uuid:pk>/places/", views.places, name="places"),
]
