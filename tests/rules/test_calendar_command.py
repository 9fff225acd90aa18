"""The pure command `calendar due`, and the calendar files it reads."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.core.errors import Invalid
from app.worktime import cli
from app.worktime.calendar_files import load, read_year

ROOT = Path(__file__).resolve().parents[2]


def due(*arguments):
    return CliRunner().invoke(cli.calendar, ["due", *arguments])


def test_json_gives_the_date_and_every_day():
    result = due("--from", "2026-09-19", "--workdays", "20", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert list(answer) == ["due", "provisional", "estimate", "days"]
    assert (answer["due"], answer["provisional"], answer["estimate"]) == ("2026-10-22", False, None)
    assert answer["days"][0] == {
        "date": "2026-09-20",
        "kind": "makeup",
        "counted": True,
        "why": "国庆节调休上班",
    }
    assert answer["days"][5] == {
        "date": "2026-09-25",
        "kind": "holiday",
        "counted": False,
        "why": "中秋节放假",
    }
    assert len(answer["days"]) == 33
    assert sum(day["counted"] for day in answer["days"]) == 20


def test_an_unpublished_year_is_provisional():
    answer = json.loads(due("--from", "2026-12-08", "--workdays", "20", "--json").stdout)
    assert (answer["due"], answer["provisional"], answer["estimate"]) == (None, True, "2027-01-05")
    assert "2027年" in answer["days"][-1]["why"]


def test_without_json_it_speaks_chinese():
    certain = due("--from", "2026-02-10", "--workdays", "20").stdout
    assert "到期日：2026-03-16 周一\n" in certain
    assert "2026-02-14 周六     4  春节调休上班\n" in certain
    assert "2026-02-15 周日     -  春节放假\n" in certain
    assert "暂定 2027-01-05 周二" in due("--from", "2026-12-08", "--workdays", "20").stdout


@pytest.mark.parametrize(
    ("day", "workdays", "complaint"),
    [
        ("2026-02-29", "20", "不是有效日期"),
        ("20260210", "20", "不是有效日期"),
        ("today", "20", "不是有效日期"),
        ("0001-01-01", "20", "不是有效日期"),
        ("9999-12-31", "20", "不是有效日期"),
        ("2026-02-10", "0", "1 到 3000"),
        ("2026-02-10", "-5", "1 到 3000"),
        ("2026-02-10", "3001", "1 到 3000"),
        ("2026-02-10", "9" * 5000, "1 到 3000"),
        ("2026-02-10", "2.5", "1 到 3000"),
        ("2026-02-10", "２０", "1 到 3000"),
    ],
)
def test_bad_input_is_refused_with_exit_code_2(day, workdays, complaint):
    result = due("--from", day, "--workdays", workdays)
    assert (result.exit_code, result.stdout) == (2, "")
    assert complaint in result.stderr


def test_the_longest_limit_is_still_answered():
    answer = json.loads(due("--from", "2019-01-01", "--workdays", "3000", "--json").stdout)
    assert sum(day["counted"] for day in answer["days"]) == 3000


def test_a_broken_calendar_is_said_plainly(monkeypatch, tmp_path):
    monkeypatch.setattr(cli, "CALENDARS", tmp_path)
    result = due("--from", "2026-02-10", "--workdays", "20")
    assert result.exit_code == 1
    assert "没有工作日历文件" in result.stderr


def test_the_command_loads_neither_framework_nor_database():
    program = """
import sys
from app.worktime import cli
cli.calendar(["due", "--from", "2026-02-10", "--workdays", "20", "--json"], standalone_mode=False)
print({"flask", "sqlalchemy", "jinja2", "werkzeug"} & set(sys.modules), file=sys.stderr)
"""
    clean = {"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=clean, capture_output=True, text=True)
    assert run.stderr == "set()\n"
    assert json.loads(run.stdout)["due"] == "2026-03-16"


HEAD = 'notice = "通知"\nsource = "来源"\n'


def written(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_year_is_read_as_written(tmp_path):
    text = HEAD + 'note = "说明"\n[holidays]\n2028-01-01 = "元旦"\n[makeups]\n2028-01-08 = "元旦"\n'
    table = read_year(written(tmp_path, "2028.toml", text))
    assert (table.year, table.notice, table.source, table.note) == (2028, "通知", "来源", "说明")
    assert table.holidays == {date(2028, 1, 1): "元旦"}
    assert table.makeups == {date(2028, 1, 8): "元旦"}
    assert list(load(tmp_path).years) == [2028]


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("2026.toml", '[holidays]\n2026-01-01 = "元旦"\n2026-01-01 = "春节"\n', "第 5 行：同一天.*写了两次"),
        ("2026.toml", '[holidays]\n2025-12-31 = "元旦"\n', "第 4 行：2025-12-31 不在 2026 年内"),
        ("2026.toml", '[makeups]\n2026-01-05 = "元旦"\n', "第 4 行：2026-01-05 不是周末"),
        (
            "2026.toml",
            '[holidays]\n2026-01-04 = "元旦"\n[makeups]\n2026-01-04 = "元旦"\n',
            "第 6 行：2026-01-04 既列为放假又列为调休",
        ),
        ("2026.toml", '[holidays]\n20260101 = "元旦"\n', "第 4 行：“20260101”不是日期"),
        ("2026.toml", '[holidays]\n2026-02-30 = "春节"\n', "“2026-02-30”不是日期"),
        ("2026.toml", "[holidays]\n2026-01-01 = 1\n", "2026-01-01应当是文字"),
        ("2026.toml", "holidays = 1\n", "应当是“日期 = 节日”的表"),
        ("2026.toml", '[holiday]\n2026-01-01 = "元旦"\n', "不认识的项目：holiday"),
        ("2026.toml", "[holidays\n", "写法有误"),
        ("next.toml", "", "文件名应当是四位年份"),
    ],
)
def test_a_faulty_file_is_refused_by_name_and_reason(tmp_path, name, body, reason):
    written(tmp_path, name, HEAD + body)
    with pytest.raises(Invalid, match=f"^{name}：.*{reason}"):
        load(tmp_path)


@pytest.mark.parametrize("head", ["", 'notice = "通知"\n', 'source = "来源"\n'])
def test_a_year_names_its_notice_and_source(tmp_path, head):
    with pytest.raises(Invalid, match="必须写明通知"):
        read_year(written(tmp_path, "2026.toml", head))


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "2026.toml"
    path.write_bytes('notice = "通知"\n'.encode("gbk"))
    with pytest.raises(Invalid, match=r"^2026\.toml："):
        read_year(path)
