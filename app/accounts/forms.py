from __future__ import annotations

from typing import Any

from wtforms import Field, Form, HiddenField, PasswordField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.accounts.admin_rules import REASON_MAX, USERNAME
from app.accounts.labels import LABELS
from app.accounts.password_rules import PASSWORD_MAX
from app.core.errors import Invalid
from app.core.i18n import N_
from app.fields import REQUIRED, Cards, Choice, Choices, Line, no_longer_than, optional, required
from app.permissions import Role

_words: Any = LABELS[Role]
ROLES = [(role.value, _words[role]) for role in Role]


class SignInForm(Form):
    username = Line(N_("用户名"), required, most=60)
    password = PasswordField(N_("密码"), [required, no_longer_than(PASSWORD_MAX)])
    next = HiddenField()


class PasswordForm(Form):
    old = PasswordField(N_("原密码"), [required])
    new = PasswordField(N_("新密码"), [required, no_longer_than(PASSWORD_MAX)])
    again = PasswordField(N_("再输一次新密码"), [required])


def _id(value: Any) -> int | None:
    """Read the id of a row that may be left out."""
    return int(value) if value not in (None, "", "0", 0) else None


def _refused(text: str) -> ValidationError:
    error = ValidationError()
    error.args = (Invalid(text),)
    return error


def _usable(_form: Form, field: Field) -> None:
    if field.data and not USERNAME.fullmatch(field.data):
        raise _refused(N_("用户名由 2 至 60 个小写字母、数字和 . _ - 组成，以字母或数字开头。"))


def _some(_form: Form, field: Field) -> None:
    """Refuse nothing ticked. No `required` flag: of several boxes a browser would ask for every one."""
    if not field.data:
        raise _refused(REQUIRED)


class Username(Line):
    """A name to sign in with: capital letters are typed by mistake."""

    def process_formdata(self, values: list[str]) -> None:
        super().process_formdata(values)
        self.data = (self.data or "").lower()


class RoleChoices(Choices):
    """Any of the roles, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class AccountForm(Form):
    """Whose account it is; `staff` is a name, initials or a number, `staff_member` the one that is meant."""

    version = HiddenField()
    staff = Line(N_("对应人员"), optional, most=60)
    staff_member = Cards(N_("选择人员"), coerce=_id, choices=[], validate_choice=False)
    name = Line(N_("姓名"), most=60)
    centre = Choice(N_("中心"), coerce=int)
    section = Choice(N_("科室"), [optional], coerce=_id)


class NewAccountForm(AccountForm):
    username = Username(N_("用户名"), required, _usable, most=60)
    roles = RoleChoices(N_("角色"), [_some], choices=ROLES)


class RolesForm(Form):
    version = HiddenField()
    roles = RoleChoices(N_("角色"), choices=ROLES)
    reason = Line(N_("依据或原因"), required, most=REASON_MAX)


class ReasonForm(Form):
    version = HiddenField()
    reason = Line(N_("原因"), required, most=REASON_MAX)


class VersionForm(Form):
    version = HiddenField()
