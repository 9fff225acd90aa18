from wtforms import Form, HiddenField, PasswordField

from app.accounts.rules import PASSWORD_MAX
from app.core.i18n import N_
from app.fields import Line, no_longer_than, required


class SignInForm(Form):
    username = Line(N_("用户名"), required, most=60)
    password = PasswordField(N_("密码"), [required, no_longer_than(PASSWORD_MAX)])
    next = HiddenField()


class PasswordForm(Form):
    old = PasswordField(N_("原密码"), [required])
    new = PasswordField(N_("新密码"), [required, no_longer_than(PASSWORD_MAX)])
    again = PasswordField(N_("再输一次新密码"), [required])
