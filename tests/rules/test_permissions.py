"""The page that says who may do what, written out once more so that no change to it goes unseen."""

from app.permissions import (
    CENTRE_WIDE,
    GRANTS,
    SEPARATED,
    Actor,
    Permission,
    Role,
    incompatible,
    system_actor,
)

P, R = Permission, Role
READS = {P.PATROL_READ, P.FINDING_READ, P.RECTIFICATION_READ, P.REGISTER_READ, P.DOCUMENT_READ}
LEDGERS = READS | {P.ORGANISATION_READ}
HOLDERS = {
    P.CHECKLIST_MANAGE: {R.SECTION_HEAD},
    P.DOCUMENT_VOID: {R.SECTION_HEAD, R.DIRECTOR},
    P.PATROL_CONDUCT: {R.INSPECTOR, R.SECTION_HEAD},
    P.PATROL_PLAN: {R.SECTION_HEAD},
    P.PATROL_RELEASE: {R.SECTION_HEAD},
    P.PATROL_VOID: {R.SECTION_HEAD},
    P.FINDING_CONFIRM: {R.SECTION_HEAD, R.CHIEF_REPRESENTATIVE, R.WINDOW_STAFF},
    P.FINDING_RECORD: {R.INSPECTOR, R.SECTION_HEAD, R.COMPLAINT_OFFICER},
    P.FINDING_VOID: {R.SECTION_HEAD},
    P.RECTIFICATION_ISSUE: {R.INSPECTOR, R.SECTION_HEAD, R.COMPLAINT_OFFICER},
    P.RECTIFICATION_RECEIVE: {R.SECTION_HEAD, R.CHIEF_REPRESENTATIVE},
    P.RECTIFICATION_STAND_IN: {R.SECTION_HEAD},
    P.RECTIFICATION_SUBMIT: {R.SECTION_HEAD, R.CHIEF_REPRESENTATIVE, R.WINDOW_STAFF},
    P.RECTIFICATION_RECHECK: {R.INSPECTOR, R.SECTION_HEAD},
    P.REGISTER_CONFIRM: {R.SECTION_HEAD, R.DIRECTOR},
    P.REGISTER_RECORD: {R.INSPECTOR, R.SECTION_HEAD},
    P.REGISTER_VOID: {R.SECTION_HEAD, R.DIRECTOR},
    P.RULEBOOK_DECIDE: {R.DIRECTOR},
    P.EVALUATION_COMPUTE: {R.SECTION_HEAD},
    P.EVALUATION_CORRECT: {R.SECTION_HEAD},
    P.EVALUATION_LOCK: {R.DIRECTOR},
    P.EVALUATION_PACK: {R.SECTION_HEAD, R.DIRECTOR},
    P.EVALUATION_PRINT: {R.SECTION_HEAD, R.DIRECTOR, R.WINDOW_STAFF, R.CHIEF_REPRESENTATIVE},
    P.OBJECTION_DECIDE: {R.SECTION_HEAD, R.DIRECTOR},
    P.OBJECTION_FILE: {R.WINDOW_STAFF, R.CHIEF_REPRESENTATIVE},
    P.RULEBOOK_MANAGE: {R.SECTION_HEAD},
}
WRITES = set(HOLDERS)
# Who serves where is no ledger: a system administrator enters it, and the section head keeps it up to date.
KEEPERS = {
    P.ORGANISATION_MANAGE: {R.SYSTEM_ADMINISTRATOR},
    P.POSTING_MANAGE: {R.SYSTEM_ADMINISTRATOR, R.SECTION_HEAD},
    P.IMPORT_RUN: {R.SYSTEM_ADMINISTRATOR, R.SECTION_HEAD, R.INSPECTOR},  # each kind asks for its own besides
}


def test_who_may_change_a_ledger():
    for permission, roles in HOLDERS.items():
        assert {role for role in Role if permission in GRANTS[role]} == roles, permission


def test_who_may_change_places_and_people():
    for permission, roles in KEEPERS.items():
        assert {role for role in Role if permission in GRANTS[role]} == roles, permission


def test_everyone_has_a_home_and_an_account():
    for role in Role:
        assert {P.HOME_READ, P.ACCOUNT_OWN} <= GRANTS[role]


def test_every_role_is_granted_something_and_every_permission_is_somebodys():
    assert set(GRANTS) == set(Role)
    assert set().union(*GRANTS.values()) == set(Permission)


def test_the_auditor_reads_all_and_writes_nothing():
    assert LEDGERS | {P.AUDIT_READ} <= GRANTS[R.AUDITOR]
    assert not GRANTS[R.AUDITOR] & WRITES
    assert {role for role in Role if P.AUDIT_READ in GRANTS[role]} == {R.AUDITOR}


def test_administrators_see_no_business_data():
    for role in (R.SYSTEM_ADMINISTRATOR, R.SECURITY_ADMINISTRATOR):
        assert not GRANTS[role] & (READS | WRITES | {P.AUDIT_READ})


def test_the_three_kept_apart_may_not_be_held_together():
    assert {R.SYSTEM_ADMINISTRATOR, R.SECURITY_ADMINISTRATOR, R.AUDITOR} == SEPARATED
    assert incompatible(frozenset({R.AUDITOR, R.SYSTEM_ADMINISTRATOR, R.DIRECTOR})) == {
        R.AUDITOR,
        R.SYSTEM_ADMINISTRATOR,
    }
    assert not incompatible(frozenset({R.AUDITOR, R.DIRECTOR}))


def test_only_roles_of_the_centre_see_the_whole_centre():
    assert {R.INSPECTOR, R.SECTION_HEAD, R.DIRECTOR, R.COMPLAINT_OFFICER, R.AUDITOR} == CENTRE_WIDE
    for role in (R.WINDOW_STAFF, R.CHIEF_REPRESENTATIVE):
        assert not Actor(1, "甲", frozenset({role})).centre_wide


def test_roles_add_up_and_the_first_that_gives_is_named():
    both = Actor(1, "甲", frozenset({R.INSPECTOR, R.CHIEF_REPRESENTATIVE}))
    assert both.permissions == GRANTS[R.INSPECTOR] | GRANTS[R.CHIEF_REPRESENTATIVE]
    assert both.can(P.RECTIFICATION_RECEIVE)
    assert both.role_for(P.RECTIFICATION_READ) is R.INSPECTOR
    assert both.role_for(P.RECTIFICATION_SUBMIT) is R.CHIEF_REPRESENTATIVE
    assert both.role_for(P.AUDIT_READ) is None


def test_a_system_user_holds_nothing():
    assert system_actor("worker").permissions == frozenset()
