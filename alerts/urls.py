from django.urls import path

from alerts import views

app_name = "alerts"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_all, name="read_all"),
    path("inbox/<uuid:pk>/", views.open_delivery, name="open"),
    path("outbox/", views.outbox, name="outbox"),
]
