"""Accounts that no page can make: the first administrators."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app import clock
from app.accounts import queries, services
from app.accounts.models import User
from app.core.errors import DomainError, NotAllowed
from app.core.i18n import N_
from app.db.uow import root_centre_id, unit_of_work
from app.extensions import db
from app.permissions import SEPARATED, Origin, Role, incompatible, system_actor

users = AppGroup("users", help=N_("用户账号。"))


@users.command("create-admin")
@click.option(
    "--role",
    "names",
    type=click.Choice([role.value for role in Role if role in SEPARATED]),
    multiple=True,
    required=True,
    help=N_("系统管理员、安全管理员、审计员各由一人担任"),
)
@click.option("--username", prompt=N_("用户名"))
@click.option("--name", prompt=N_("姓名"))
def create_admin(names: tuple[str, ...], username: str, name: str) -> None:
    """新建一名管理员；密码在终端输入，首次登录时须修改。"""
    roles = frozenset(Role(each) for each in names)
    if incompatible(roles):
        raise click.ClickException(N_("系统管理员、安全管理员、审计员不能由同一人兼任。"))
    if queries.find_user(username):
        raise click.ClickException(N_("用户名 %s 已有人使用。") % username)
    password = click.prompt(N_("密码"), hide_input=True, confirmation_prompt=N_("再输一次密码"))
    user = User(username=username, name=name, must_change_password=True)
    actor = system_actor(N_("命令行"), Origin(route="users create-admin"))
    try:
        user.centre_id = root_centre_id(db.session()) or None
        if user.centre_id is None:
            raise NotAllowed(N_("还没有中心，请先运行 centres open。"))
        profile = queries.password_profile(db.session(), user.centre_id)
        user.password_hash = services.new_password(password, username, profile)
        with unit_of_work(actor, clock.now()) as uow:
            services.add_user(uow, user, roles)
    except DomainError as error:
        raise click.ClickException(str(error)) from None
    click.echo(N_("已新建 %s（%s）") % (name, username))


COMMANDS = (users,)
