"""Roles and what each may do: the one table from which everything that asks "may they?" is answered (RULES section 9)."""

from collections.abc import Iterable

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    CLERK = "clerk", _("data-entry clerk")
    NEGOTIATOR = "negotiator", _("negotiator")
    HEAD = "head_of_delegation", _("head of delegation")
    SIGNATORY = "signatory", _("signatory")
    SIGNATORY_OFFICE = "signatorys_office", _("signatory's office")
    MEDICAL_OFFICER = "medical_officer", _("medical officer")
    LEGAL_OFFICER = "legal_officer", _("legal officer")
    HANDOVER_OFFICER = "handover_officer", _("handover officer")
    MEDIATOR = "mediator", _("mediator")
    NEUTRAL = "neutral_intermediary", _("neutral intermediary")
    OBSERVER = "observer", _("observer")
    CASEWORKER = "caseworker", _("caseworker")
    AUDITOR = "auditor", _("auditor")
    OPERATOR = "operator", _("operator")


class May(TextChoices):
    """What a role lets its holder do in a compartment where it was granted."""

    READ = "read", _("read")
    READ_NAMES = "read_names", _("read names")
    READ_HEALTH = "read_health", _("read health data")
    READ_LEGAL = "read_legal", _("read legal data")
    READ_WITNESS = "read_witness", _("read witness data")
    READ_LOCATION = "read_location", _("read places of detention")
    READ_FAMILY = "read_family", _("read family contacts")
    READ_FINAL_LISTS = "read_final_lists", _("read final lists")
    READ_LOG = "read_log", _("read the log")
    EXPORT_LOG = "export_log", _("export the log")
    WRITE_PERSON = "write_person", _("write dossiers")
    IMPORT_PEOPLE = "import_people", _("import people")
    RECORD_TALKS = "record_talks", _("record talks")
    EDIT_LIST = "edit_list", _("edit lists")
    NEGOTIATE = "negotiate", _("negotiate")
    EXPORT = "export", _("export")
    HOLD = "hold", _("hold")
    LOCK = "lock", _("lock")
    DECIDE = "decide", _("decide")
    SHARE = "share", _("share")
    MANAGE_MEMBERS = "manage_members", _("manage members")
    RECORD_SIGN_OFF = "record_sign_off", _("record sign-offs")
    SIGN = "sign", _("sign")
    RUN_HANDOVER = "run_handover", _("run the handover")
    CLEAR_FITNESS = "clear_fitness", _("clear fitness to travel")
    CLEAR_LEGAL = "clear_legal", _("clear legal bars")
    PASS_ON = "pass_on", _("pass on")
    CONFIRM = "confirm", _("confirm")
    TRACE = "trace", _("trace")
    ADMINISTER = "administer", _("administer")


_CLERK = {May.READ, May.READ_NAMES, May.WRITE_PERSON, May.IMPORT_PEOPLE, May.RECORD_TALKS}
_NEGOTIATOR = _CLERK | {May.EDIT_LIST, May.NEGOTIATE, May.EXPORT, May.HOLD}

CAPABILITIES: dict[str, frozenset[str]] = {
    role: frozenset(str(capability) for capability in capabilities)
    for role, capabilities in {
        Role.CLERK: _CLERK,
        Role.NEGOTIATOR: _NEGOTIATOR,
        Role.HEAD: _NEGOTIATOR
        | {May.LOCK, May.DECIDE, May.SHARE, May.MANAGE_MEMBERS, May.RECORD_SIGN_OFF, May.RUN_HANDOVER},
        Role.SIGNATORY: {May.READ, May.READ_NAMES, May.SIGN, May.HOLD},
        Role.SIGNATORY_OFFICE: {May.READ, May.READ_NAMES, May.RECORD_SIGN_OFF, May.HOLD},
        Role.MEDICAL_OFFICER: {May.READ, May.READ_NAMES, May.READ_HEALTH, May.CLEAR_FITNESS, May.HOLD},
        Role.LEGAL_OFFICER: {May.READ, May.READ_NAMES, May.READ_LEGAL, May.READ_WITNESS, May.CLEAR_LEGAL, May.HOLD},
        Role.HANDOVER_OFFICER: {May.READ, May.READ_NAMES, May.READ_LOCATION, May.RUN_HANDOVER, May.HOLD},
        Role.MEDIATOR: {May.READ, May.READ_NAMES, May.RECORD_TALKS, May.PASS_ON},
        Role.NEUTRAL: {May.READ_FINAL_LISTS, May.CONFIRM},
        Role.OBSERVER: {May.READ},
        Role.CASEWORKER: {May.READ, May.READ_FAMILY, May.TRACE},
        Role.AUDITOR: {May.READ_LOG, May.EXPORT_LOG},
        Role.OPERATOR: {May.ADMINISTER},
    }.items()
}

# "in their own compartment also read_names, write_person" (RULES section 9)
AT_HOME: dict[str, frozenset[str]] = {Role.CASEWORKER.value: frozenset({May.READ_NAMES.value, May.WRITE_PERSON.value})}


# What an organisation of each kind has members for. Every kind but the operators' has a head, who keeps its members.
_WATCHES = {Role.OBSERVER, Role.AUDITOR}
ROLES_OF_KIND: dict[str, frozenset[str]] = {
    kind: frozenset(str(role) for role in roles)
    for kind, roles in {
        "body": {
            Role.HEAD, Role.NEGOTIATOR, Role.CLERK, Role.SIGNATORY, Role.SIGNATORY_OFFICE, Role.MEDICAL_OFFICER,
            Role.LEGAL_OFFICER, Role.HANDOVER_OFFICER, Role.CASEWORKER, *_WATCHES,
        },
        "mediator": {Role.HEAD, Role.MEDIATOR, *_WATCHES},
        "neutral": {Role.HEAD, Role.NEUTRAL, *_WATCHES},
        "ngo": {Role.HEAD, Role.CASEWORKER, *_WATCHES},
        "operator": {Role.OPERATOR, Role.AUDITOR},
    }.items()
}  # fmt: skip


def role_choices(kind: str) -> list[tuple[str, str | Promise]]:
    """The roles an organisation of this kind can give, in the order of the table."""
    return [(value, label) for value, label in Role.choices if value in ROLES_OF_KIND[kind]]


def capabilities_of(roles: Iterable[str], *, at_home: bool = False) -> frozenset[str]:
    """What these roles may do; `at_home`: in the compartment of the organisation that gave them."""
    held: set[str] = set()
    for role in roles:
        held |= CAPABILITIES.get(role, frozenset())
        if at_home:
            held |= AT_HOME.get(role, frozenset())
    return frozenset(held)


def roles_with(*capabilities: str) -> list[str]:
    """The roles that hold any of these capabilities anywhere they are granted."""
    return [role for role, held in CAPABILITIES.items() if not held.isdisjoint(capabilities)]


def roles_with_at_home(*capabilities: str) -> list[str]:
    """The roles that hold any of these only in their own organisation's compartment."""
    return [role for role, held in AT_HOME.items() if not held.isdisjoint(capabilities)]


def holders_spelt(capabilities: tuple[str, ...]) -> str | Promise:
    """`negotiator, head of delegation`: for a refusal that says who could do it."""
    return ", ".join(str(Role(role).label) for role in roles_with(*capabilities))
