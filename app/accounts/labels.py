from app.accounts.admin_rules import AccountState, AccountVerb
from app.accounts.rules import SessionEnd
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
    },
    AccountState: {
        AccountState.DISABLED: N_("已停用"),
        AccountState.LOCKED: N_("暂停登录"),
        AccountState.MUST_CHANGE: N_("须修改密码"),
        AccountState.NORMAL: N_("正常"),
    },
    AccountVerb: {
        AccountVerb.CHANGE: N_("修改"),
        AccountVerb.SET_ROLES: N_("变更角色"),
        AccountVerb.RESET: N_("设置临时密码"),
        AccountVerb.UNLOCK: N_("解除暂停"),
        AccountVerb.END_SESSIONS: N_("结束全部登录"),
        AccountVerb.DISABLE: N_("停用"),
        AccountVerb.ENABLE: N_("启用"),
    },
    # Said to whoever comes with the cookie of a session that is over.
    SessionEnd: {
        SessionEnd.SIGNED_OUT: N_("已退出登录。"),
        SessionEnd.RENEWED: N_("密码已在另一处修改，请用新密码登录。"),
        SessionEnd.RESET: N_("密码已由安全管理员重置，请用临时密码登录。"),
        SessionEnd.DISABLED: N_("这个账号已停用，不能再登录。如有疑问，请联系安全管理员。"),
        SessionEnd.ROLES_CHANGED: N_("账号的角色有变动，请重新登录。"),
        SessionEnd.ENDED_BY_OWNER: N_("这次登录已在另一处结束，请重新登录。"),
        SessionEnd.ENDED_BY_ADMINISTRATOR: N_("这次登录已由安全管理员结束，请重新登录。"),
        SessionEnd.EXPIRED: N_("登录已超时，请重新登录。"),
    },
}
ACTIONS = {
    "session.opened": N_("登录"),
    "session.closed": N_("退出"),
    "sign_in.refused": N_("登录被拒"),
    "account.locked": N_("账号暂停登录"),
    "user.added": N_("新增用户"),
    "user.password_changed": N_("修改密码"),
    "user.changed": N_("修改用户"),
    "user.roles_changed": N_("变更角色"),
    "user.disabled": N_("停用账号"),
    "user.enabled": N_("启用账号"),
    "user.unlocked": N_("解除暂停登录"),
    "user.password_reset": N_("设置临时密码"),
    "user.sessions_ended": N_("结束登录"),
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
    "role": N_("角色"),
    "user_id": N_("用户"),
    "granted_at": N_("授予时间"),
    "withdrawn_at": N_("收回时间"),
    "roles": N_("角色"),
    "reason": N_("原因"),
    "failures": N_("失败次数"),
    "roles_changed_at": N_("角色变动时间"),
    "roles_granted": N_("授予"),
    "roles_withdrawn": N_("收回"),
    "sessions": N_("登录数"),
}
