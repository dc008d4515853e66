"""The fixed cast: who there is in every test, made by the real operations.

north and south are parties with a headquarters and a president's office each; mediator, neutral and ngo are organisations
at the table; the outsider belongs to a third party that takes no part.
"""

from dataclasses import dataclass, field
from functools import cached_property

from access.models import Compartment, Organisation, Party, User
from access.roles import Role
from accounts.operations import add_membership, create_organisation, create_party, create_user, system_user

PASSWORD = "a long enough password"

SIDE = {
    "head": ("hq", [Role.HEAD, Role.SIGNATORY]),
    "deputy": ("hq", [Role.HEAD]),
    "negotiator": ("hq", [Role.NEGOTIATOR]),
    "clerk": ("hq", [Role.CLERK]),
    "handover": ("hq", [Role.HANDOVER_OFFICER]),
    "medic": ("hq", [Role.MEDICAL_OFFICER]),
    "president": ("office", [Role.SIGNATORY]),
    "secretary": ("office", [Role.SIGNATORY_OFFICE]),
    "registrar": ("office", [Role.SIGNATORY_OFFICE]),
}


@dataclass
class Side:
    """A party and its people, by role."""

    name: str
    party: Party
    hq: Organisation
    office: Organisation
    users: dict[str, User] = field(default_factory=dict)

    def __getattr__(self, role: str) -> User:
        try:
            return self.__dict__["users"][role]
        except KeyError as error:  # also while it is being copied
            raise AttributeError(role) from error

    @cached_property
    def home(self) -> Compartment:
        return self.hq.home


@dataclass
class Cast:
    north: Side
    south: Side
    outsider_side: Side
    mediator_organisation: Organisation
    neutral_organisation: Organisation
    ngo_organisation: Organisation
    operator_organisation: Organisation
    mediator: User
    neutral: User
    ngo: User
    auditor: User
    operator: User

    @property
    def outsider(self) -> User:
        return self.outsider_side.head


def assemble() -> Cast:
    """Everybody, each in their place; nothing shared yet."""
    others = {
        "mediator": (Organisation.Kind.MEDIATOR, Role.MEDIATOR),
        "neutral": (Organisation.Kind.NEUTRAL, Role.NEUTRAL),
        "ngo": (Organisation.Kind.NGO, Role.CASEWORKER),
        "operator": (Organisation.Kind.OPERATOR, Role.OPERATOR),
    }
    made: dict[str, tuple[Organisation, User]] = {}
    for name, (kind, role) in others.items():
        organisation = create_organisation(f"The {name}", kind=kind, actor=system_user())
        made[name] = (organisation, member(name, organisation, role))
    north, south = side("north"), side("south")
    return Cast(
        north, south, side("west"), *(made[name][0] for name in ("mediator", "neutral", "ngo", "operator")),
        mediator=made["mediator"][1], neutral=made["neutral"][1], ngo=made["ngo"][1],
        auditor=member("auditor", north.hq, Role.AUDITOR), operator=made["operator"][1],
    )  # fmt: skip


def side(name: str) -> Side:
    system = system_user()
    party = create_party(name.title(), actor=system)
    hq = create_organisation(f"{name.title()} headquarters", kind="body", party=party, actor=system)
    office = create_organisation(f"Office of the President of {name.title()}", kind="body", party=party, actor=system)
    made = Side(name, party, hq, office)
    for role, (where, roles) in SIDE.items():
        made.users[role] = member(f"{name}-{role}", {"hq": hq, "office": office}[where], *roles)
    return made


def member(username: str, organisation: Organisation, *roles: str) -> User:
    user = create_user(
        username, label=username.replace("-", " "), organisation=organisation, password=PASSWORD,
        email=f"{username}@example.org", actor=system_user(),
    )  # fmt: skip
    for role in roles:
        add_membership(user, organisation, role, actor=system_user())
    return user
