from __future__ import annotations

from wtforms import Form, HiddenField

from app.core.i18n import N_
from app.documents.rules import REASON_MAX
from app.fields import Paragraphs, required


class VoidForm(Form):
    version = HiddenField()
    reason = Paragraphs(N_("作废原因"), required, most=REASON_MAX)
