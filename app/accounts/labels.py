from app.core.i18n import N_
from app.permissions import Role

LABELS = {
    Role: {
        Role.INSPECTOR: N_("督查员"),
        Role.SECTION_HEAD: N_("科长"),
        Role.DIRECTOR: N_("中心主任"),
        Role.WINDOW_STAFF: N_("窗口工作人员"),
        Role.CHIEF_REPRESENTATIVE: N_("首席代表"),
        Role.COMPLAINT_OFFICER: N_("投诉专员"),
        Role.DISCLOSURE_OFFICER: N_("政务公开专员"),
        Role.LEGAL_REVIEWER: N_("法制审核员"),
        Role.AUDITOR: N_("审计员"),
        Role.SYSTEM_ADMINISTRATOR: N_("系统管理员"),
        Role.SECURITY_ADMINISTRATOR: N_("安全管理员"),
    }
}
ACTIONS = {
    "session.opened": N_("登录"),
    "session.closed": N_("退出"),
    "sign_in.refused": N_("登录被拒"),
    "account.locked": N_("账号暂停登录"),
    "user.added": N_("新增用户"),
    "user.password_changed": N_("修改密码"),
}
SUBJECTS = {"user": N_("用户"), "role_grant": N_("角色授予")}
FIELDS = {
    "username": N_("用户名"),
    "name": N_("名称"),
    "password_hash": N_("密码"),
    "password_changed_at": N_("密码修改时间"),
    "must_change_password": N_("须修改密码"),
    "locked_until": N_("暂停登录至"),
    "disabled_at": N_("停用时间"),
    "centre_id": N_("中心"),
    "section_id": N_("科室"),
    "staff_member_id": N_("人员"),
    "sort_key": N_("拼音"),
    "role": N_("角色"),
    "user_id": N_("用户"),
    "granted_at": N_("授予时间"),
    "withdrawn_at": N_("收回时间"),
    "roles": N_("角色"),
    "reason": N_("原因"),
    "failures": N_("失败次数"),
}
