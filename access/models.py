"""Who there is and what opens to them. No case data."""

import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from access.roles import May, Role
from access.scoping import capabilities_in, compartments_where, memberships_of, running
from core.text import check_name_text, check_time_zone

M = TypeVar("M", bound=models.Model)


def operating(viewer: "User | AnonymousUser") -> "models.QuerySet[Membership]":
    """The membership of an operator. They keep parties and organisations; the role gives nothing in any compartment of
    a case."""
    return memberships_of(viewer).filter(role=Role.OPERATOR, organisation__kind=Organisation.Kind.OPERATOR)


def is_operator(viewer: "User | AnonymousUser") -> bool:
    return bool(viewer.is_authenticated and viewer.is_active and operating(viewer).exists())


class ExcusedQuerySet(models.QuerySet[M]):
    """Rows outside any compartment: what a viewer sees of them follows from the compartments they share."""

    kept_by_operators = True

    def visible_to(self, viewer: "User | AnonymousUser") -> Self:
        if not viewer.is_authenticated:
            return self.none()
        seen = self.visibility(viewer)
        if self.kept_by_operators and viewer.is_active:
            seen |= Q(Exists(operating(viewer)))
        return self.filter(seen)

    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        raise LookupError(f"{self.model.__name__} does not say who sees it")

    def locked(self) -> Self:
        return self.select_for_update(of=("self",), no_key=True)

    def unscoped(self, reason: str) -> Self:
        assert reason
        return self.all()


class PublicRecordQuerySet(ExcusedQuerySet[M]):
    """Rows of the public record: no case of anybody here, open to every account that is signed in, written by no door."""

    kept_by_operators = False

    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        return Q()


def organisations_sharing_with(viewer: "User | AnonymousUser") -> "models.QuerySet[Any]":
    """Ids of the viewer's own organisations, of those granted where the viewer reads, and of those introduced to them."""
    own = memberships_of(viewer).order_by().values("organisation_id")
    shared = Grant.objects.filter(
        running(),
        organisation__isnull=False,
        compartment__in=compartments_where(viewer, May.READ, May.READ_FINAL_LISTS),
    ).order_by()
    introduced = [
        Introduction.objects.filter(**{f"{here}__in": own}).order_by().values(f"{there}_id")
        for here, there in (("one", "other"), ("other", "one"))
    ]
    return own.union(shared.values("organisation_id"), *introduced)


class PartyQuerySet(ExcusedQuerySet["Party"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        return Q(pk__in=Organisation.objects.filter(pk__in=organisations_sharing_with(viewer)).values("party_id"))


class Party(models.Model):
    """A side of a conflict."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120, unique=True, validators=[check_name_text])

    objects = PartyQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("party")
        verbose_name_plural = _("parties")

    def __str__(self) -> str:
        return self.name


class OrganisationQuerySet(ExcusedQuerySet["Organisation"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        return Q(pk__in=organisations_sharing_with(viewer))


class Organisation(models.Model):
    """A body that acts: a headquarters, a president's office, a mediator, the neutral intermediary, an NGO."""

    class Kind(models.TextChoices):
        BODY = "body", _("body acting for a party")
        MEDIATOR = "mediator", _("mediator")
        NEUTRAL = "neutral", _("neutral intermediary")
        NGO = "ngo", _("NGO")
        OPERATOR = "operator", _("operator")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=160, unique=True, validators=[check_name_text])
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    party = models.ForeignKey(
        Party, verbose_name=_("party"), on_delete=models.PROTECT, null=True, blank=True, related_name="organisations"
    )

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["body", "mediator", "neutral", "ngo", "operator"]), name="organisation_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="body", party__isnull=False) | (~Q(kind="body") & Q(party__isnull=True)),
                name="organisation_party_iff_body",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def home(self) -> "Compartment":
        """Where this organisation's private half lives."""
        if self.party_id:
            return Compartment.objects.get(kind=Compartment.Kind.PARTY, party=self.party_id)
        return Compartment.objects.get(kind=Compartment.Kind.ORGANISATION, organisation=self.pk)


class UserQuerySet(ExcusedQuerySet["User"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        own = memberships_of(viewer).values("organisation_id")
        return Q(pk=viewer.pk) | Q(
            pk__in=Membership.objects.filter(running(), organisation_id__in=own).values("user_id")
        )


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Users are made by `accounts.operations.create_user`; this manager only finds them."""


class User(AbstractBaseUser):
    """An account. What it may do follows from memberships and grants alone: there is no superuser."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("user name"),
        max_length=60,
        unique=True,
        validators=[RegexValidator(r"^[\w.@+-]+\Z", _("Use letters, digits and . @ + - _ only."))],
        error_messages={"unique": _("This user name is taken.")},
    )
    label = models.CharField(_("shown as"), max_length=120, validators=[check_name_text])
    email = models.EmailField(_("e-mail address"), blank=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=40, default="UTC", validators=[check_time_zone])
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_system = models.BooleanField(default=False, editable=False)
    session_epoch = models.PositiveIntegerField(default=0, editable=False)  # raised to end every session of theirs
    last_visit_at = models.DateTimeField(null=True, editable=False)
    previous_visit_at = models.DateTimeField(null=True, editable=False)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["label"]
    objects = UserManager()

    class Meta:
        ordering = ["username"]
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.label

    @property
    def is_staff(self) -> bool:
        """Whoever types data in or keeps organisations may open the admin panel; what they find there is scoped."""
        from access.roles import roles_with, roles_with_at_home

        typing = (May.WRITE_PERSON, May.RECORD_TALKS, May.MANAGE_MEMBERS, May.ADMINISTER)
        roles = [*roles_with(*typing), *roles_with_at_home(*typing)]
        return self.is_active and self.memberships.filter(running(), role__in=roles).exists()

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """As Django's, of the password; sessions begun before the present epoch no longer match."""
        of_password: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        if not self.session_epoch:
            return of_password
        return salted_hmac(
            "access.User.session_epoch", f"{of_password}:{self.session_epoch}", secret=secret
        ).hexdigest()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Never: Django's permissions are not used; OperationAdmin asks capabilities."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    def capabilities_in(self, compartment: "Compartment | uuid.UUID") -> frozenset[str]:
        return capabilities_in(self, compartment)


class DatedQuerySet(ExcusedQuerySet[M]):
    def running(self) -> Self:
        return self.filter(running())


class MembershipQuerySet(DatedQuerySet["Membership"]):
    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        return Q(organisation_id__in=memberships_of(viewer).values("organisation_id"))


class Membership(models.Model):
    """One role of one person in one organisation, from a date until another."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, verbose_name=_("organisation"), on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=24, choices=Role)
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["organisation", "user", "role"]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        indexes = [models.Index(fields=["user", "role", "organisation"])]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"], condition=Q(ends_at__isnull=True), name="membership_once"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=models.F("starts_at")), name="membership_ends_after_start"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}, {self.organisation}"

    @property
    def handle(self) -> str:
        """Its name in addresses, as for grants."""
        return salted_hmac("access.membership", str(self.pk), algorithm="sha256").hexdigest()[:32]

    def clean(self) -> None:
        if self.ends_at and self.ends_at < self.starts_at:
            raise ValidationError({"ends_at": _("This lies before the start.")})


class CompartmentQuerySet(ExcusedQuerySet["Compartment"]):
    kept_by_operators = False  # that a table exists is case content

    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        return Q(pk__in=compartments_where(viewer, May.READ, May.READ_LOG, May.READ_FINAL_LISTS))


class Compartment(models.Model):
    """A room with one door: every row about a case lives in exactly one."""

    class Kind(models.TextChoices):
        PARTY = "party", _("party")
        ORGANISATION = "organisation", _("organisation")
        CHANNEL = "channel", _("channel")
        TABLE = "table", _("table")
        PRIVATE_CHANNEL = "private_channel", _("private channel")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=Kind)
    name = models.CharField(max_length=160)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, blank=True, related_name="compartments")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="compartments"
    )

    objects = CompartmentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("compartment")
        verbose_name_plural = _("compartments")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["party", "private_channel"], party__isnull=False, organisation__isnull=True)
                | Q(kind="organisation", party__isnull=True, organisation__isnull=False)
                | Q(kind__in=["channel", "table"], party__isnull=True, organisation__isnull=True),
                name="compartment_owner_fits_kind",
            ),
            models.UniqueConstraint(fields=["party"], condition=Q(kind="party"), name="compartment_one_per_party"),
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(kind="organisation"), name="compartment_one_per_organisation"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shared(self) -> bool:
        return self.kind in (self.Kind.CHANNEL, self.Kind.TABLE, self.Kind.PRIVATE_CHANNEL)


class GrantQuerySet(DatedQuerySet["Grant"]):
    kept_by_operators = False

    def visibility(self, viewer: "User | AnonymousUser") -> Q:
        own = memberships_of(viewer).values("organisation_id")
        return (
            Q(organisation_id__in=own) | Q(user_id=viewer.pk) | Q(compartment__in=compartments_where(viewer, May.SHARE))
        )


class Grant(models.Model):
    """A compartment opened to an organisation or one person, for some roles, from a date until another."""

    compartment = models.ForeignKey(
        Compartment, verbose_name=_("compartment"), on_delete=models.PROTECT, related_name="grants"
    )
    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("organisation"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="grants",
    )
    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.PROTECT, null=True, blank=True, related_name="grants"
    )
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300)

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ["compartment", "organisation"]
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.CheckConstraint(
                condition=Q(organisation__isnull=False, user__isnull=True) | Q(organisation__isnull=True, user__isnull=False),
                name="grant_to_one",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        """Never the person: whoever shares the compartment reads it, and may be of another side."""
        return f"{self.compartment}: {self.organisation}" if self.organisation else str(self.compartment)

    @property
    def role_names(self) -> list[str]:
        return sorted(row.role for row in self.roles.all())

    @property
    def handle(self) -> str:
        """Its name in addresses: the number would tell how many grants there are elsewhere."""
        return salted_hmac("access.grant", str(self.pk), algorithm="sha256").hexdigest()[:32]


class GrantRole(models.Model):
    """One role that a grant admits: what a person may do is their roles that stand here too."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=24, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "role"], name="grant_role_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="grant_role_known"),
        ]
        indexes = [models.Index(fields=["role", "grant"])]

    def __str__(self) -> str:
        return self.get_role_display()


class Introduction(models.Model):
    """Two organisations that an operator made known to each other: each may name the other, and learns nothing else."""

    one = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="introduction_once")]

    def __str__(self) -> str:
        return f"{self.one_id} {self.other_id}"


class Installation(models.Model):
    """The one row about this database itself: how far its clock of case facts runs from real time, and whether it was restored.

    Restored from a backup it stands in quarantine until an operator releases it: nothing leaves, nobody goes.
    """

    clock_offset = models.DurationField(default=timedelta)
    seeded_with = models.CharField(max_length=40, blank=True)
    quarantined_at = models.DateTimeField(null=True, blank=True)
    backup_made_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.seeded_with or "installation"

    @classmethod
    def is_quarantined(cls) -> bool:
        return cls.objects.filter(quarantined_at__isnull=False).exists()
