from app.core.i18n import N_

ACTIONS = {"backup.created": N_("备份数据")}
FIELDS = {
    "files": N_("文件数"),
    "sha256": N_("内容指纹（SHA-256）"),
    "secrets": N_("含密钥"),
}
