"""Tables taken in: dry run, bad rows with their reasons, one transaction, and hostile files."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from app import clock as office
from app.audit.models import AuditEntry
from app.core.errors import Invalid, NotFound, Stale
from app.db.drafts import Draft
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.jobs import worker
from app.jobs.models import Job
from app.jobs.rules import JobState
from app.organisation import change_services, list_queries, queries
from app.organisation.models import OpeningHours, PatrolPoint, Posting, StaffMember
from app.transfers import importing, intake, reading, services, sheets
from app.transfers.models import Batch
from app.transfers.rules import APPLY_JOB, CHECK_JOB
from tests.cast import NOW, actor
from tests.factories import tables
from tests.factories.tables import person, point

pytestmark = pytest.mark.both_databases
POINTS, STAFF = "patrol-points", "staff"


class Intake:
    """A table on its way in, as the system administrator hands it in."""

    def __init__(self, site: Any, kind: str, content: bytes, name: str = tables.XLSX) -> None:
        self.site, self.kind = site, importing.every()[kind]
        intake.begin(site.settings, actor("sysadmin"), self.kind, io.BytesIO(content), name, NOW)

    @property
    def draft(self) -> Draft:
        end_reading()
        return intake.get(actor("sysadmin"), self.kind)

    def check(self) -> dict[str, int]:
        self.report = intake.check(self.site.settings, self.kind, self.draft)
        return {name: count for name, count in self.report.counts.items() if count}

    def faults(self) -> list[tuple[int, str, str, str, str]]:
        """Return what is wrong, after a check: row, column, its head, the value, the reason."""
        self.check()
        found = intake.faults_of(self.site.settings, self.kind, self.draft)
        return [(each.row, each.column, each.label, each.value, str(each.reason)) for each in found]

    def apply(self, *, skip_bad: bool = False) -> Batch:
        draft_id = self.draft.id
        self.check()
        self.kind.prepare(self.report.judged)
        with unit_of_work(actor("sysadmin"), office.now()) as uow:
            return services.apply_table(uow, self.kind, draft_id, self.report, skip_bad=skip_bad)


@pytest.fixture
def take(db_context: Any, site: Any) -> Callable[..., Intake]:
    return lambda kind, content, name=tables.XLSX: Intake(site, kind, content, name)


def number_of(model: Any) -> int:
    end_reading()
    return db.session.query(model).count()


# --- the main path --------------------------------------------------------------------------------


def test_windows_are_taken_in_with_one_entry(take, cast):
    hours = ("周一至周五 09:00-12:00 13:30-17:00",)
    head = (*tables.POINT_HEAD, "开放时间", "综合窗口", "受理部门")
    rows = [
        (*point("C01"), *hours, "否", ""),
        (*point("C02", "综合", 进驻部门=""), "", "是", "市场监管局、住房保障局"),
    ]
    table = take(POINTS, tables.workbook([head, *rows]))
    assert table.check() == {"new": 2}
    batch = table.apply()
    end_reading()
    first, second = (
        db.session.scalars(db.select(PatrolPoint).where(PatrolPoint.number == number)).one()
        for number in ("C01", "C02")
    )
    assert (first.name, first.opened_on, first.initials) == ("社保", date(2026, 1, 4), "sb")
    assert (first.zone_id, first.department_id, first.walking_order) == (cast.zone, cast.department_a, 4)
    assert (second.comprehensive, second.department_id, second.walking_order) == (True, None, 5)
    assert len(queries.hours_of_point(db.session(), first.id, office.today())) == 10
    served = queries.departments_of_point(db.session(), second, office.today())
    assert {row.id for row in served} == {cast.department_a, cast.department_b}
    entries = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action == "table.imported")).all()
    assert len(entries) == 1
    said = json.loads(entries[0].payload)["changes"]
    assert said["sha256"] == [None, batch.sha256]
    assert (said["added"], said["file_name"]) == ([None, 2], [None, "***"])
    assert number_of(Draft) == 0


def test_people_are_taken_in_with_their_first_posting_and_are_found(take, cast):
    take(STAFF, tables.staff(person("3001", "曾钱多", 窗口="a01"), person("3002", "孙少"))).apply()
    end_reading()
    member = db.session.scalars(db.select(StaffMember).where(StaffMember.staff_number == "3001")).one()
    assert (member.department_id, member.title, member.initials) == (cast.department_a, "科员", "zqd")
    posting = db.session.scalars(db.select(Posting).where(Posting.staff_member_id == member.id)).one()
    assert (posting.patrol_point_id, posting.role, posting.from_on) == (cast.point_a, "A", date(2026, 1, 4))
    for words in ("曾钱", "zqd", "3001"):
        found = list_queries.list_staff(actor("wang"), {"q": words}, office.today())
        assert [row.id for row in found.page.rows] == [member.id]


def test_what_is_there_already_is_changed_where_it_differs_and_says_so(take, cast):
    rows = [
        point("A01", "企业开办", 启用日期=date(2024, 1, 2)),
        point("B01", "公积金提取", 进驻部门="住房保障局", 启用日期=""),
    ]
    table = take(POINTS, tables.points(*rows))
    assert table.check() == {"unchanged": 1, "changed": 1}
    table.apply()
    end_reading()
    row = db.session.get_one(PatrolPoint, cast.point_b)
    assert (row.name, row.opened_on) == ("公积金提取", date(2024, 1, 2)), "an empty cell changes nothing"
    entry = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action == "patrol_point.changed")).one()
    assert json.loads(entry.payload)["changes"]["name"] == ["公积金", "公积金提取"]


def test_the_same_file_again_changes_nothing(take):
    content = tables.staff(person("3001", 窗口="A01"), person("3002"))
    take(STAFF, content).apply()
    again = take(STAFF, content)
    assert again.check() == {"unchanged": 2}
    with pytest.raises(Invalid, match="没有需要写入的行"):
        again.apply()
    assert number_of(Batch) == 1


def test_a_person_who_is_there_gets_a_posting(take, cast):
    head = ("工号", "姓名", "窗口")
    table = take(STAFF, tables.workbook([head, ("1001", "李首信", "A01")]))
    assert table.check() == {"changed": 1}
    table.apply()
    end_reading()
    found = queries.postings_of_staff(db.session(), cast.chief_a_staff)
    assert [posting.patrol_point_id for posting, _ in found] == [cast.point_a]
    assert found[0][0].from_on == office.today()


# --- columns --------------------------------------------------------------------------------------


def test_columns_are_guessed_from_heads_and_synonyms_below_a_title(take):
    rows = [
        ("云栖市政务服务中心窗口一览表",),
        ("窗口号", "窗口名称", "备注", "所在区域", "单 位"),
        ("C01", "社保", "x", "一楼大厅", "住房保障局"),
    ]
    table = take(POINTS, tables.workbook(rows, lambda book: book.active.merge_cells("A1:E1")))
    content = table.draft.content
    assert content["mapping"] == {"number": 0, "name": 1, "zone_id": 3, "department_id": 4}
    assert (content["head"], content["rows"]) == (2, 1)
    assert table.check() == {"new": 1}


def test_columns_that_were_chosen_are_remembered_for_the_centre(take):
    rows = [("编号", "叫什么", "区域"), ("C01", "社保", "一楼大厅")]
    table = take(POINTS, tables.workbook(rows))
    assert table.draft.content["mapping"] == {"number": 0, "zone_id": 2}
    intake.save(table.draft.id, NOW, mapping={"number": 0, "name": 1, "zone_id": 2})
    table.apply()
    rows = [("叫什么", "编号", "区域"), ("医保", "C02", "一楼大厅")]
    assert take(POINTS, tables.workbook(rows)).draft.content["mapping"] == {
        "number": 1,
        "name": 0,
        "zone_id": 2,
    }


@pytest.mark.parametrize(
    ("mapping", "said"),
    [({"number": 0, "zone_id": 2}, "请选择“名称”"), ({"number": 0, "name": 0, "zone_id": 2}, "同一列")],
)
def test_columns_that_cannot_be_are_refused(db_context, mapping, said):
    with pytest.raises(Invalid, match=said):
        importing.check_mapping(importing.every()[POINTS], mapping)


# --- bad rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (point(""), "A 编号", "请填写此项。"),
        (point("C" * 21), "A 编号", "最多 20 个字，现在是 21 个字。"),
        (
            point("C01", "坏\x01字".replace("\x01", "\x7f")),
            "B 名称",
            "第 2 个字符是无法保存的控制字符，请删除后重试。",
        ),
        (point(区域="三楼"), "C 区域", "没有“三楼”，可以填：一楼大厅。"),
        (point(类别="柜台"), "D 类别", "没有“柜台”，可以填：窗口、等候区、导询台、自助终端、便民服务点。"),
        (point(进驻部门="税务局"), "E 进驻部门", "没有“税务局”，可以填：市场监管局、住房保障局。"),
        (point(启用日期="下个月"), "F 启用日期", "日期不对，请写成 2026-11-22 或 1122。"),
        (point(启用日期=date(2036, 1, 1)), "F 启用日期", "2036-01-01 在一年以后，请核对年份。"),
        (point(启用日期=date(2023, 1, 1)), "E 进驻部门", "这个部门 2024-01-02 才进驻。"),
    ],
)
def test_a_bad_place_is_named_with_its_reason(take, row, column, reason):
    faults = take(POINTS, tables.points(point("C09"), row)).faults()
    assert [(f"{letter} {label}", said) for _, letter, label, _, said in faults] == [(column, reason)]
    assert faults[0][0] == 3


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (person(窗口="Z99"), "G 窗口", "没有“Z99”，可以填：A01、B01、K01。"),
        (
            person("2002", "𠮷㛃伟", 窗口="A01", 进驻部门="", 到岗日期=""),
            "G 窗口",
            "自 2024-01-02 起是 B01 的 A 角，不能同时在两处；请先在人员页面调岗。",
        ),
        (person(到岗日期=datetime(2023, 6, 1), 窗口="A01"), "岗位起始日期", "A01 2024-01-02 才启用。"),
    ],
)
def test_a_bad_person_is_named_with_the_reason(take, row, column, reason):
    (fault,) = take(STAFF, tables.staff(row)).faults()
    assert (f"{fault[1]} {fault[2]}".strip(), fault[4]) == (column, reason)


def test_two_rows_of_one_key_and_one_person_in_two_places(take):
    table = take(POINTS, tables.points(point("C01"), point("c01", "医保")))
    assert [(row, said) for row, _, _, _, said in table.faults()] == [(3, "与第 2 行重复。")]
    table = take(STAFF, tables.staff(person(窗口="A01"), person(窗口="B01"), person("3002")))
    faults = table.faults()
    assert [(row, said) for row, _, _, _, said in faults] == [
        (3, "第 2 行已安排到 A01，同一人不能同时在两处。")
    ]
    assert table.check() == {"new": 2, "bad": 1, "faults": 1}


def test_with_a_bad_row_nothing_is_written_unless_it_is_skipped(take):
    before = number_of(PatrolPoint)
    table = take(POINTS, tables.points(point("C01"), point("C02", 区域="三楼")))
    with pytest.raises(Invalid, match="还有 1 行有问题"):
        table.apply()
    assert (number_of(PatrolPoint), number_of(Batch)) == (before, 0)
    batch = table.apply(skip_bad=True)
    assert (batch.added, batch.skipped, number_of(PatrolPoint)) == (1, 1, before + 1)


def test_an_import_that_fails_half_way_leaves_nothing(take, monkeypatch):
    before = [number_of(model) for model in (PatrolPoint, OpeningHours, Batch, AuditEntry)]
    table = take(POINTS, tables.points(point("C01"), point("A01", "改名", 启用日期="")))

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(change_services, "change_point", fail)
    with pytest.raises(ZeroDivisionError):
        table.apply()
    assert [number_of(model) for model in (PatrolPoint, OpeningHours, Batch, AuditEntry)] == before
    assert table.draft, "it can be tried again"


def test_what_changed_since_the_check_is_noticed(take, cast):
    table = take(POINTS, tables.points(point("C01")))
    draft_id = table.draft.id
    table.check()
    with unit_of_work(actor("sysadmin"), NOW) as uow:
        row = uow.get(PatrolPoint, cast.point_a)
        change_services.change_point(uow, row.id, row.version, {"name": "企业注销"})
    with pytest.raises(Stale), unit_of_work(actor("sysadmin"), NOW) as uow:
        services.apply_table(uow, table.kind, draft_id, table.report, skip_bad=False)
    assert number_of(Batch) == 0


# --- what stands in cells -------------------------------------------------------------------------


def test_text_stays_text_and_dates_are_read_however_they_stand(take):
    def unformatted(book: Workbook) -> None:
        book.active["F5"].number_format = "General"
        book.active["F5"] = 46026  # 2026-01-04 as a workbook counts

    rows = [
        person("007", 到岗日期="2026年1月4日"),
        person(8, 到岗日期="20260104"),
        person("9", 到岗日期=20260104),
        person("10"),
    ]
    take(STAFF, tables.staff(*rows, change=unformatted)).apply()
    end_reading()
    found = db.session.scalars(db.select(StaffMember).where(StaffMember.name == "钱多")).all()
    assert {row.staff_number for row in found} == {"007", "8", "9", "10"}
    assert {row.joined_on for row in found} == {date(2026, 1, 4)}


def test_a_formula_gives_what_was_saved_and_is_said(take):
    content = tables.rezipped(
        tables.points(point("C01", "=1+1")),
        lambda name, old: old.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>"),
    )
    table = take(POINTS, content)
    facts = table.draft.content["facts"]
    assert (facts["formulas"], facts["formula"]) == (1, "B2")
    table.apply()
    end_reading()
    assert db.session.scalars(db.select(PatrolPoint).where(PatrolPoint.number == "C01")).one().name == "2"


def test_hidden_columns_and_rows_are_read_and_said(take):
    def hide(book: Workbook) -> None:
        book.active.column_dimensions["B"].hidden = True
        book.active.row_dimensions[2].hidden = True

    table = take(POINTS, tables.points(point("C01"), point("C02"), change=hide))
    facts = table.draft.content["facts"]
    assert (facts["hidden"], facts["hidden_rows"]) == (["B"], 1)
    assert table.check() == {"new": 2}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_comma_separated_values_are_read(take, encoding):
    rows = [("编号", "名称", "区域"), ("C01", "社保", "一楼大厅"), ("", "", ""), ("007", "医保", "一楼大厅")]
    table = take(POINTS, tables.csv(rows, encoding), "表.csv")
    assert table.check() == {"new": 2}


# --- files that are not taken ---------------------------------------------------------------------


def two_sheets() -> bytes:
    return tables.points(point(), change=lambda book: book.create_sheet("另一张").append(["x"]))


def merged() -> bytes:
    return tables.points(point(), point("C02"), change=lambda book: book.active.merge_cells("C2:C3"))


HOSTILE: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "empty file": (b"", "文件是空的"),
    "empty sheet": (lambda: tables.workbook([]), "文件是空的"),
    "head only": (lambda: tables.points(), "表头下面没有数据"),
    "wrong heads": (lambda: tables.workbook([("甲", "乙"), ("1", "2")]), "没有找到表头"),
    "merged": (merged, "有合并单元格：C2:C3"),
    "two sheets": (two_sheets, "有内容的工作表不止一个：Sheet、另一张"),
    "bomb": (tables.bomb, "异常庞大"),
    "far out": (tables.far_out, "表格范围异常：XFD1048576"),
    "too wide": (lambda: tables.workbook([range(101)]), "表格范围异常：CW1"),
    "old": (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "旧版 .xls"),
    "password": (
        bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"),
        "密码保护",
    ),
    "programme": (b"MZ\x90\0\x03\0\0\0" + b"\0" * 500, "不是 Excel 工作簿"),
    "picture": (b"\x89PNG\r\n\x1a\n\x01\x02", "不是 Excel 工作簿"),
    "cut off": (lambda: tables.points(point())[:-300], "不完整或已损坏"),
    "another zip": (
        lambda: _zip(),
        "不是 Excel 工作簿",
    ),
    "entities": (
        lambda: tables.rezipped(
            tables.points(point()),
            lambda name, old: b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + old if name == "xl/workbook.xml" else old,
        ),
        "不完整或已损坏",
    ),
}


def _zip() -> bytes:
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "x")
    return file.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_table_is_refused_with_what_to_do(take, site, name):
    content, said = HOSTILE[name]
    with pytest.raises(Invalid) as refused:
        take(POINTS, content if isinstance(content, bytes) else content())
    assert said in str(refused.value)
    assert number_of(Draft) == 0
    assert not list((site.settings.instance / "imports").iterdir()), "no file is left"


def test_a_reader_that_dies_takes_nobody_down(take, monkeypatch):
    real = subprocess.run
    monkeypatch.setattr(
        reading.subprocess,
        "run",
        lambda _args, **options: real([sys.executable, "-c", "import os; os.abort()"], **options),
    )
    with pytest.raises(Invalid, match="读取失败或超时"):
        take(POINTS, tables.points(point()))


def test_too_large_a_file_is_not_kept(take, site, monkeypatch):
    monkeypatch.setattr(reading, "FILE_MAX", 1000)
    with pytest.raises(Invalid, match="文件超过"):
        take(POINTS, tables.points(point()))


def test_the_limits_hold_without_the_look_ahead(tmp_path, monkeypatch):
    """Where a cell's place is hidden from the look-ahead, the limit on memory holds."""
    path = tmp_path / "far.xlsx"
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row><c  r ="XFD1048576"><v>1</v></c></row>'
    sheet = b"<sheetData>%s</sheetData>" % cells
    path.write_bytes(tables.with_sheet(sheet))
    with pytest.raises(Invalid):
        reading.read(path, tmp_path / "rows")


# --- long tables, templates, leftovers ------------------------------------------------------------


def test_a_long_table_is_checked_and_taken_in_by_the_worker(app, site, cast):
    kind = importing.every()[STAFF]
    with app.app_context():
        table = Intake(site, STAFF, tables.staff(person("3001"), person("3002")))
        draft_id = table.draft.id
        with unit_of_work(actor("sysadmin"), NOW) as uow:
            services.ask_import(uow, CHECK_JOB, kind, draft_id)
    worker.run_due(app)
    with app.app_context():
        assert intake.get(actor("sysadmin"), kind).content["check"]["counts"]["new"] == 2
        with unit_of_work(actor("sysadmin"), NOW) as uow:
            job_id = services.ask_import(uow, APPLY_JOB, kind, draft_id)
    worker.run_due(app)
    with app.app_context():
        job, batch = db.session.get_one(Job, job_id), db.session.query(Batch).one()
        assert (job.state, job.result["values"], job.result["rows"]) == (
            JobState.DONE,
            {"batch_id": batch.id},
            2,
        )
        assert batch.applied_by_id == cast.users["sysadmin"]
        assert job.title == "人员"


def test_a_worker_killed_after_taking_a_table_in_does_not_take_it_in_twice(app, site, clock):
    from app.jobs.rules import LOST_AFTER
    from app.transfers import jobs

    class Killed(BaseException):
        pass

    real = jobs.HANDLERS[APPLY_JOB]

    def die(task: worker.Task) -> None:
        real(task)
        raise Killed

    kind = importing.every()[STAFF]
    with app.app_context():
        table = Intake(site, STAFF, tables.staff(person("3001")))
        table.check()
        intake.save(table.draft.id, NOW, check=table.report.as_json(NOW))
        draft_id = table.draft.id
        with unit_of_work(actor("sysadmin"), NOW) as uow:
            services.ask_import(uow, APPLY_JOB, kind, draft_id)
    jobs.HANDLERS[APPLY_JOB] = die
    try:
        with pytest.raises(Killed):
            worker.run_due(app)
    finally:
        jobs.HANDLERS[APPLY_JOB] = real
    clock.now += LOST_AFTER * 2
    assert worker.run_due(app) == 0
    with app.app_context():
        assert (number_of(Batch), db.session.query(Job).one().state) == (1, JobState.DONE)


@pytest.mark.parametrize("kind", [POINTS, STAFF])
def test_a_template_offers_choices_and_its_example_is_not_taken_in(take, db_context, cast, kind):
    file, wanted = io.BytesIO(), importing.every()[kind]
    sheets.write_template(file, wanted, wanted.check(cast.centre, office.today()))
    sheet = load_workbook(file)[wanted.title]
    assert [cell.value for cell in sheet[1]] == [each.label for each in wanted.fields]
    assert sheet["A2"].value.startswith("示例")
    assert sheet.data_validations.dataValidation
    table = take(kind, file.getvalue())
    assert set(table.draft.content["mapping"]) == {each.name for each in wanted.fields}
    assert table.check() == {}


def test_bad_rows_come_back_with_their_reasons_and_can_be_mended(take, site):
    table = take(POINTS, tables.points(point("C01"), point("C02", 区域="三楼", 类别="柜台")))
    table.check()
    file = io.BytesIO()
    heads = table.draft.content["heads"]
    sheets.write_problems(file, table.kind, heads, intake.bad_rows(site.settings, table.kind, table.draft))
    head, row = list(load_workbook(file).active.iter_rows(values_only=True))[:2]
    assert (head[-1], row[0], row[2]) == ("问题", "C02", "三楼")
    assert row[-1].startswith("区域：没有“三楼”，可以填：一楼大厅。 类别：没有“柜台”，可以填：窗口、")
    again = take(POINTS, file.getvalue())
    assert len(again.faults()) == 2


def test_what_is_left_of_uploads_is_removed(take, site, clock):
    table = take(POINTS, tables.points(point()))
    place = intake.folder(site.settings, table.draft.id)
    stray = place.with_name("999")
    stray.mkdir()
    intake.remove_old(site.settings, clock.now)
    assert place.exists()
    clock.now += intake.KEPT
    intake.remove_old(site.settings, clock.now)
    assert not place.exists()
    with pytest.raises(NotFound):
        intake.kind_of(actor("sysadmin"), "nonsense")
