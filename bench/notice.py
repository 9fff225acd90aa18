"""P9: one notice by a warm renderer against plain WeasyPrint on the same page with two fonts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import date

from bench.floors import notice as floor
from bench.options import parser, said
from bench.table import Line, paired, show


def _notice() -> dict[str, object]:
    from app.documents.printing import plain
    from app.rectifications.documents import NoticeFact, RectificationNotice

    facts = tuple(
        NoticeFact(
            occurred_at=f"2026年11月{day}日 9:05",
            place=f"A0{day % 10} 企业开办窗口",
            item="A-03 工作时间空岗超过15分钟",
            person_or_post="王小明（A岗）",
            clause="《考核细则》第十二条第三项",
            note="9:05至9:31窗口无人值守，等候群众4人，经值班长协调后恢复。",
        )
        for day in range(10, 16)
    )
    return plain(
        RectificationNotice(
            centre_name="云栖市政务服务中心",
            number="云政服督整〔2026〕12号",
            recipient="云栖市市场监督管理局",
            point="企业开办窗口",
            facts=facts,
            photos=(),
            required_action="立即恢复窗口A、B岗值守，落实请假报备和顶岗制度。",
            deadline="2026年11月27日17时",
            rechecker="督查科沈砚秋",
            consequence="逾期未整改或者复查不合格的，将发出督办单。",
            issuer="云栖市政务服务中心督查科",
            issued_on=date(2026, 11, 18),
            verify_url="https://duban.example/verify/K7QM4F2PXY",
            code="K7QM4-F2PXY",
        )
    )


def _timed(work: Callable[[], bytes]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def run(arguments: list[str]) -> bool:
    options = parser("notice", rounds=9, findings=False, database=False).parse_args(arguments)
    from app.documents.pdf import DPI, render_pdf
    from app.documents.printing import render_html
    from app.rectifications.documents import NOTICE_TEMPLATE

    values = _notice()
    html = render_html(NOTICE_TEMPLATE, values, ())
    plain = floor.renderer(html, DPI)
    opened: list[str] = []
    sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "socket.connect" else None)

    def ours() -> bytes:
        return render_pdf(render_html(NOTICE_TEMPLATE, values, ()), {})

    assert ours() == ours(), "the same values must give the same bytes"
    ratio, floor_s, ours_s = paired(lambda: _timed(plain), lambda: _timed(ours), options.rounds)
    made_of = {"floor": f"{floor_s * 1e3:.0f} ms", "ours": f"{ours_s * 1e3:.0f} ms"}
    lines = [
        Line("P9", "a notice / plain WeasyPrint with two fonts", ratio, 1.15, **made_of),
        Line("P9", "fetches", len(opened), 0, unit=""),
    ]
    return show("notice", "notice: one notice of six findings, warm", lines, said(options))
