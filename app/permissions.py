"""Who may do what, on one page: permissions, roles, grants; and the actor who asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """A verb on a resource. A role gives verbs; rows come from `queries.visible_to(actor)`."""

    ACCOUNT_MANAGE = "account:manage"
    ACCOUNT_OWN = "account:own"
    ACCOUNT_READ = "account:read"
    AUDIT_READ = "audit:read"
    BULLETIN_DRAFT = "bulletin:draft"
    BULLETIN_ISSUE = "bulletin:issue"
    BULLETIN_READ = "bulletin:read"
    BULLETIN_REVIEW = "bulletin:review"
    CALENDAR_MANAGE = "calendar:manage"
    CALENDAR_READ = "calendar:read"
    CHECKLIST_MANAGE = "checklist:manage"
    DOCUMENT_READ = "document:read"
    DOCUMENT_VOID = "document:void"
    HOME_READ = "home:read"
    IMPORT_RUN = "import:run"
    JOB_READ = "job:read"
    ORGANISATION_MANAGE = "organisation:manage"
    ORGANISATION_READ = "organisation:read"
    POSTING_MANAGE = "posting:manage"
    PATROL_CONDUCT = "patrol:conduct"
    PATROL_PLAN = "patrol:plan"
    PATROL_READ = "patrol:read"
    PATROL_RELEASE = "patrol:release"
    PATROL_VOID = "patrol:void"
    FINDING_CONFIRM = "finding:confirm"
    FINDING_READ = "finding:read"
    FINDING_RECORD = "finding:record"
    FINDING_VOID = "finding:void"
    RECTIFICATION_DECIDE = "rectification:decide"
    RECTIFICATION_ESCALATE = "rectification:escalate"
    RECTIFICATION_ISSUE = "rectification:issue"
    RECTIFICATION_READ = "rectification:read"
    RECTIFICATION_RECEIVE = "rectification:receive"
    RECTIFICATION_RECHECK = "rectification:recheck"
    RECTIFICATION_STAND_IN = "rectification:stand_in"
    RECTIFICATION_SUBMIT = "rectification:submit"
    REGISTER_CONFIRM = "register:confirm"
    REGISTER_READ = "register:read"
    REGISTER_RECORD = "register:record"
    REGISTER_VOID = "register:void"
    RULEBOOK_DECIDE = "rulebook:decide"
    RULEBOOK_MANAGE = "rulebook:manage"
    RULEBOOK_READ = "rulebook:read"
    RULEBOOK_TRY = "rulebook:try"
    EVALUATION_COMPUTE = "evaluation:compute"
    EVALUATION_CORRECT = "evaluation:correct"
    EVALUATION_LOCK = "evaluation:lock"
    EVALUATION_PACK = "evaluation:pack"
    EVALUATION_PRINT = "evaluation:print"
    EVALUATION_READ = "evaluation:read"
    INPUT_CONFIRM = "input:confirm"
    INPUT_READ = "input:read"
    INPUT_RECORD = "input:record"
    INPUT_VOID = "input:void"
    OBJECTION_DECIDE = "objection:decide"
    OBJECTION_FILE = "objection:file"
    SETTING_MANAGE = "setting:manage"
    SETTING_READ = "setting:read"


class Role(StrEnum):
    INSPECTOR = "inspector"
    SECTION_HEAD = "section_head"
    DIRECTOR = "director"
    WINDOW_STAFF = "window_staff"
    CHIEF_REPRESENTATIVE = "chief_representative"
    COMPLAINT_OFFICER = "complaint_officer"
    DISCLOSURE_OFFICER = "disclosure_officer"
    LEGAL_REVIEWER = "legal_reviewer"
    AUDITOR = "auditor"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"


P = Permission
_EVERYONE = {P.ACCOUNT_OWN, P.CALENDAR_READ, P.HOME_READ, P.JOB_READ}
_READ_LEDGERS = {
    P.BULLETIN_READ,
    P.PATROL_READ,
    P.FINDING_READ,
    P.RECTIFICATION_READ,
    P.REGISTER_READ,
    P.RULEBOOK_READ,
    P.EVALUATION_READ,
    P.INPUT_READ,
    P.DOCUMENT_READ,
    P.ORGANISATION_READ,
}

GRANTS: dict[Role, frozenset[Permission]] = {
    role: frozenset(_EVERYONE | granted)
    for role, granted in {
        Role.INSPECTOR: _READ_LEDGERS
        | {
            P.BULLETIN_DRAFT,
            P.PATROL_CONDUCT,
            P.FINDING_RECORD,
            P.IMPORT_RUN,
            P.RECTIFICATION_ISSUE,
            P.RECTIFICATION_RECHECK,
            P.INPUT_RECORD,
            P.REGISTER_RECORD,
        },
        # The head answers for what his own section has to mend; the guards keep him from accepting it.
        # He enters the steps of a department that has nobody with an account, in that person's name.
        Role.SECTION_HEAD: _READ_LEDGERS
        | {
            P.BULLETIN_DRAFT,
            P.BULLETIN_REVIEW,
            P.CHECKLIST_MANAGE,
            P.DOCUMENT_VOID,
            P.PATROL_CONDUCT,
            P.POSTING_MANAGE,
            P.PATROL_PLAN,
            P.PATROL_RELEASE,
            P.PATROL_VOID,
            P.FINDING_CONFIRM,
            P.FINDING_RECORD,
            P.FINDING_VOID,
            P.IMPORT_RUN,
            P.RECTIFICATION_DECIDE,
            P.RECTIFICATION_ESCALATE,
            P.RECTIFICATION_ISSUE,
            P.RECTIFICATION_RECEIVE,
            P.RECTIFICATION_RECHECK,
            P.RECTIFICATION_STAND_IN,
            P.RECTIFICATION_SUBMIT,
            P.REGISTER_CONFIRM,
            P.REGISTER_RECORD,
            P.REGISTER_VOID,
            P.RULEBOOK_MANAGE,
            P.RULEBOOK_TRY,
            P.EVALUATION_COMPUTE,
            P.EVALUATION_CORRECT,
            P.INPUT_CONFIRM,
            P.INPUT_RECORD,
            P.INPUT_VOID,
            P.EVALUATION_PACK,
            P.EVALUATION_PRINT,
            P.OBJECTION_DECIDE,
            P.SETTING_READ,
        },
        # The director reviews where the head has drafted; what he has reviewed, he does not issue.
        Role.DIRECTOR: _READ_LEDGERS
        | {
            P.BULLETIN_ISSUE,
            P.BULLETIN_REVIEW,
            P.DOCUMENT_VOID,
            P.RECTIFICATION_DECIDE,
            P.RECTIFICATION_ESCALATE,
            P.REGISTER_CONFIRM,
            P.REGISTER_VOID,
            P.RULEBOOK_DECIDE,
            P.RULEBOOK_TRY,
            P.INPUT_CONFIRM,
            P.EVALUATION_LOCK,
            P.EVALUATION_PACK,
            P.EVALUATION_PRINT,
            P.OBJECTION_DECIDE,
            P.SETTING_READ,
            P.SETTING_MANAGE,
        },
        Role.WINDOW_STAFF: {
            P.BULLETIN_READ,
            P.FINDING_CONFIRM,
            P.FINDING_READ,
            P.RECTIFICATION_READ,
            P.RECTIFICATION_SUBMIT,
            P.REGISTER_READ,
            P.RULEBOOK_READ,
            P.EVALUATION_PRINT,
            P.EVALUATION_READ,
            P.OBJECTION_FILE,
            P.DOCUMENT_READ,
        },
        Role.CHIEF_REPRESENTATIVE: {
            P.BULLETIN_READ,
            P.FINDING_CONFIRM,
            P.FINDING_READ,
            P.RECTIFICATION_READ,
            P.RECTIFICATION_RECEIVE,
            P.RECTIFICATION_SUBMIT,
            P.REGISTER_READ,
            P.RULEBOOK_READ,
            P.EVALUATION_PRINT,
            P.EVALUATION_READ,
            P.OBJECTION_FILE,
            P.DOCUMENT_READ,
        },
        Role.COMPLAINT_OFFICER: {
            P.FINDING_READ,
            P.FINDING_RECORD,
            P.RECTIFICATION_READ,
            P.RECTIFICATION_ISSUE,
            P.ORGANISATION_READ,
        },
        Role.DISCLOSURE_OFFICER: {P.ORGANISATION_READ},
        Role.LEGAL_REVIEWER: {P.ORGANISATION_READ},
        # The auditor reads everything but protected fields and writes nothing.
        Role.AUDITOR: _READ_LEDGERS | {P.AUDIT_READ, P.ACCOUNT_READ, P.SETTING_READ},
        # Administrators see no business data.
        Role.SYSTEM_ADMINISTRATOR: {
            P.CALENDAR_MANAGE,
            P.IMPORT_RUN,
            P.ORGANISATION_MANAGE,
            P.ORGANISATION_READ,
            P.POSTING_MANAGE,
            P.SETTING_READ,
            P.SETTING_MANAGE,
        },
        Role.SECURITY_ADMINISTRATOR: {P.ACCOUNT_READ, P.ACCOUNT_MANAGE, P.SETTING_READ},
    }.items()
}

# 三员分立: nobody may hold two of these.
SEPARATED = frozenset({Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR})

# Roles that see every ledger row of their centre and the centres below it.
CENTRE_WIDE = frozenset(
    {Role.INSPECTOR, Role.SECTION_HEAD, Role.DIRECTOR, Role.COMPLAINT_OFFICER, Role.AUDITOR}
)


def incompatible(roles: frozenset[Role]) -> frozenset[Role]:
    """Return the separated roles among these if they may not be held together, else nothing."""
    held = roles & SEPARATED
    return held if len(held) > 1 else frozenset()


@dataclass(frozen=True)
class Origin:
    """Where a request came from, as the audit log keeps it."""

    session_id: int | None = None
    address: str = ""
    route: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Actor:
    """The user (or named system user) on whose behalf something happens."""

    user_id: int | None
    name: str
    roles: frozenset[Role] = frozenset()
    centre_id: int | None = None
    centre_name: str = ""
    centre_ids: frozenset[int] = frozenset()  # the user's centre and those below it
    upper_centre_id: int | None = None
    department_ids: frozenset[int] = frozenset()  # those the user is chief representative of today
    staff_member_id: int | None = None
    section_id: int | None = None
    origin: Origin = Origin()
    role: Role | None = None  # the role that gave the permission in use

    def can(self, permission: Permission) -> bool:
        return any(permission in GRANTS[role] for role in self.roles)

    def role_for(self, permission: Permission) -> Role | None:
        """Return the first role, in the order of the table, that gives the permission."""
        return next((role for role in Role if role in self.roles and permission in GRANTS[role]), None)

    @property
    def permissions(self) -> frozenset[Permission]:
        return frozenset().union(*(GRANTS[role] for role in self.roles))

    @property
    def centre_wide(self) -> bool:
        return bool(self.roles & CENTRE_WIDE)


def system_actor(name: str, origin: Origin = Origin()) -> Actor:
    """Return the named system user on whose behalf commands and the worker act."""
    return Actor(user_id=None, name=name, origin=origin)
