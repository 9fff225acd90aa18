from app.core.i18n import N_
from app.settings.rules import Group, PasswordProfile

LABELS = {
    Group: {
        Group.DEADLINES: N_("截止期限"),
        Group.PATROLS: N_("巡查"),
        Group.EVALUATIONS: N_("考核和评选"),
        Group.NUMBERING: N_("文号格式"),
        Group.REMEDIES: N_("救济机关"),
        Group.ATTACHMENTS: N_("附件"),
        Group.SECURITY: N_("安全"),
    },
    PasswordProfile: {
        PasswordProfile.MODERN: N_("通用：长度和常见密码名单"),
        PasswordProfile.MLPS: N_("等保：复杂度、定期更换、不得重复"),
    },
}
ACTIONS = {"setting.changed": N_("修改设置")}
SUBJECTS = {"centre_setting": N_("设置")}
FIELDS = {"key": N_("设置代码"), "value": N_("设置值"), "setting": N_("设置项")}
