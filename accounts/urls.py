from django.urls import path

from accounts.views import account, grants, invitations, keys, members, organisations

app_name = "accounts"
urlpatterns = [
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
    path("account/", account.account, name="account"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("organisation/members/", members.members, name="members"),
    path("organisation/members/<uuid:member>/", members.member, name="member"),
    path("organisation/members/<uuid:member>/steps/end/", members.member_end, name="member_end"),
    path("organisation/invitations/new/", members.invitation_new, name="invitation_new"),
    path("organisation/invitations/<uuid:invitation>/steps/end/", members.invitation_end, name="invitation_end"),
    path("organisation/keys/", keys.keys, name="keys"),
    path("organisation/keys/<uuid:key>/steps/end/", keys.key_end, name="key_end"),
    path("organisation/grants/", grants.grants, name="grants"),
    path("organisation/grants/new/", grants.grant_new, name="grant_new"),
    path("organisation/grants/<slug:grant>/steps/end/", grants.grant_end, name="grant_end"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/new/", organisations.organisation_new, name="organisation_new"),
    path("organisations/introductions/new/", organisations.introduction_new, name="introduction_new"),
]
