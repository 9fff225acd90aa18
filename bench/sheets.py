"""P10: a slice of a hundred score sheets, laid out together and taken apart, against one after the other."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from bench import sites
from bench.floors import sheets as floor
from bench.list import FIRST
from bench.memory import peak_mb
from bench.options import parser, said
from bench.serving import Server, serving
from bench.table import Line, paired, show

SLICE = 100
ASKED = 400  # requests, of which the fourth slowest is the p99
# Lines of ten people in turn: the demo centre has 48 events for 81 people in a month. One in fifty has many.
LINES, MANY = (1, 2, 1, 3, 2, 1, 4, 2, 1, 6), 30
NAMES = [f"{family}{given}" for family in "赵钱孙李周吴郑王冯陈" for given in "伟芳娜敏静丽强磊军洋"]


def _sheet(serial: int) -> dict[str, object]:
    """Return the values of somebody's sheet."""
    from app.documents.printing import plain
    from app.evaluations.month_rules import Scored
    from app.evaluations.sheet_documents import SIGNED_BY, ScoreSheet, SheetLine, SheetShare

    count = MANY if serial % 50 == 49 else LINES[serial % len(LINES)]
    lines = tuple(
        SheetLine(
            no=no,
            on=f"2026-10-{no % 28 + 1:02}",
            why=f"工作时间空岗超过15分钟 1 人次 × 1 分，第{no}次；《考核细则》第十二条第三项",
            clause="",
            source=f"W2026{serial:03}{no:02}",
            evidence=no % 3,
            points="-1",
            objection="",
        )
        for no in range(2, count + 1)
    )
    base = SheetLine(1, "", "基础分", "", "", 0, "100", "")
    total = str(101 - count)
    return plain(
        ScoreSheet(
            centre_name="云栖市政务服务中心",
            title="个人考核表",
            month="2026年10月",
            facts=(
                ("姓名", NAMES[serial % len(NAMES)]),
                ("部门", "云栖市市场监督管理局"),
                ("窗口", "A01 企业开办"),
                ("在岗工作日", "17天（全月17天）"),
                ("得分", f"{total}分"),
                ("名次", f"第{serial + 1}名"),
            ),
            shares=(SheetShare("在岗", f"-{count - 1}", "0", f"-{count - 1}"),),
            lines=(base, *lines),
            taken=f"-{count - 1}",
            given="100",
            total=total,
            published=total,
            readings=("“以上”“以内”含本数。",),
            basis="《窗口人员月度考核细则》第2版（2026年1月1日起施行）",
            cutoff="2026年11月2日 10:00（第1次计算）",
            state="已锁定",
            signatures=SIGNED_BY[Scored.STAFF],
            issued_on=date(2026, 11, 18),
            number=f"云政服考个〔2026〕{serial + 1}号",
            verify_url=f"https://duban.example/verify/K7QM4F2{serial:03}",
            code=f"K7QM4-F2{serial:03}",
            checkpoint="审计检查点 1/18452 · 3f9a c1e0 8d21 aa70 11bc · 2026-11-18 09:00 · 密钥 77aa 01f2",
        )
    )


def _pages(count: int) -> list[str]:
    from app.documents.printing import render_html
    from app.evaluations.print_rules import SHEET_TEMPLATE

    return [render_html(SHEET_TEMPLATE, _sheet(serial), ()) for serial in range(count)]


def _timed(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _memory(slices: int, answer: Any) -> None:
    """Send the largest memory in MB of a process that renders so many slices."""
    from app.documents.pdf import render_papers

    pages = _pages(SLICE)
    for _ in range(slices):
        render_papers(pages, {})
    answer.send(peak_mb())


def _measured_memory(slices: int) -> float:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    child = spawn.Process(target=_memory, args=(slices, there))
    child.start()
    found: float = here.recv()
    child.join()
    return found


def _p99_beside_packs(server: Server, cookie: str) -> float:
    """Return the p99 of a list while slices are rendered, as the worker has them rendered."""
    from app.documents.renderer import Renderer
    from app.evaluations.print_rules import SHEET_TEMPLATE

    papers = [(SHEET_TEMPLATE, _sheet(serial)) for serial in range(SLICE)]
    enough = threading.Event()

    def pack() -> None:
        while not enough.is_set():
            renderer.render_papers(papers)

    with Renderer() as renderer:
        renderer.render_papers(papers[:1])
        packing = threading.Thread(target=pack)
        packing.start()
        try:
            return _p99(server, cookie)
        finally:
            enough.set()
            packing.join()


def _p99(server: Server, cookie: str) -> float:
    return server.waits(FIRST, cookie, ASKED)[-ASKED // 100]


def _lists_beside_packs(findings: int, rounds: int) -> Line:
    with sites.large("sqlite", findings) as site:
        cookie = site.cookie()
        sites.let_go(site)
        with serving("ours", site.environ) as server:
            server.waits(FIRST, cookie, 40)
            ratio, idle, busy = paired(
                lambda: _p99(server, cookie), lambda: _p99_beside_packs(server, cookie), rounds
            )
    made_of = {"floor": f"{1000 * idle:.0f} ms", "ours": f"{1000 * busy:.0f} ms"}
    return Line("P10", "p99 of a list while packs run / while none", ratio, 2, **made_of)


def run(arguments: list[str]) -> bool:
    options = parser("sheets", rounds=3, database=False).parse_args(arguments)
    one, three = _measured_memory(1), _measured_memory(3)
    from app.documents.pdf import render_papers

    pages = _pages(SLICE)
    render_papers(pages[:1], {})
    floor.render(pages[:1])
    ratio, floor_s, ours_s = paired(
        lambda: _timed(lambda: floor.render(pages)),
        lambda: _timed(lambda: render_papers(pages, {})),
        options.rounds,
    )
    made_of = {"floor": f"{floor_s:.1f} s", "ours": f"{ours_s:.1f} s"}
    beside = _lists_beside_packs(options.findings, options.rounds)
    lines = [
        Line("P10", "100 sheets in a slice / one by one", ratio, 0.55, **made_of),
        Line("P10", "memory of three slices", three, 350, unit="MB"),
        Line("P10", "memory of three slices / of one", three / one, 1.1),
        beside,
    ]
    return show("sheets", "sheets: a hundred score sheets, one file each", lines, said(options))
