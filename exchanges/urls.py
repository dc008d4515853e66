from django.urls import path

from exchanges.views import entry, exchange, line, lists, policy, short, sign_off, steps, tranche

app_name = "exchanges"
urlpatterns = [
    path("exchanges/", exchange.board, name="board"),
    path("exchanges/new/", exchange.new, name="new"),
    path("exchanges/short/", short.short, name="short"),
    path("exchanges/<uuid:pk>/", exchange.detail, name="detail"),
    path("exchanges/<uuid:pk>/draft/", exchange.draft, name="draft"),
    path("exchanges/<uuid:pk>/names/", lists.names, name="names"),
    path("exchanges/<uuid:pk>/tranches/", tranche.tranches, name="tranches"),
    path("exchanges/<uuid:pk>/log/", exchange.log, name="log"),
    path("exchanges/<uuid:pk>/finals/<uuid:participant>/", exchange.finals, name="finals"),
    path("exchanges/<uuid:pk>/steps/<slug:step>/", steps.exchange_step, name="step"),
    path("entries/<uuid:pk>/", entry.detail, name="entry"),
    path("tranches/<uuid:pk>/", tranche.detail, name="tranche"),
    path("tranches/<uuid:pk>/sign/", sign_off.sign, name="sign"),
    path("tranches/<uuid:pk>/line/", line.line, name="line"),
    path("tranches/<uuid:pk>/manifest/", tranche.manifest, name="manifest"),
    path("tranches/<uuid:pk>/plan/", tranche.plan, name="plan"),
    path("tranches/<uuid:pk>/clearance/", tranche.clearance, name="clearance"),
    path("tranches/<uuid:pk>/log/", tranche.log, name="tranche_log"),
    path("tranches/<uuid:pk>/steps/<slug:step>/", steps.tranche_step, name="tranche_step"),
    path("organisation/policy/", policy.policies, name="policies"),
    path("negotiations/<uuid:pk>/policy/", policy.policy, name="policy"),
    path("sign-offs/<uuid:pk>/steps/<slug:step>/", sign_off.step, name="sign_off_step"),
    path("directions/<uuid:pk>/steps/<slug:step>/", lists.step, name="direction_step"),
]
