"""The tables of places and people that can be taken in."""

from __future__ import annotations

from app.core.i18n import N_
from app.organisation.models import (
    Department,
    OpeningHours,
    PatrolPoint,
    Posting,
    ServedDepartment,
    StaffMember,
    Zone,
)
from app.organisation.point_imports import PointChecker, apply_points
from app.organisation.staff_imports import StaffChecker, apply_staff, prepare_staff
from app.permissions import Permission
from app.transfers.importing import Field, Import

IMPORTS = (
    Import(
        name="patrol-points",
        title=N_("巡查点"),
        page="organisation.points",
        permission=Permission.ORGANISATION_MANAGE,
        fields=(
            Field(
                "number",
                N_("编号"),
                ("窗口编号", "窗口号", "巡查点编号", "代码"),
                required=True,
                example="A01",
            ),
            Field(
                "name",
                N_("名称"),
                ("窗口名称", "窗口", "巡查点", "巡查点名称"),
                required=True,
                example="企业开办",
            ),
            Field("zone_id", N_("区域"), ("所在区域", "大厅", "分区"), required=True, example="一楼大厅"),
            Field("kind", N_("类别"), ("类型", "种类"), example="窗口"),
            Field("department_id", N_("进驻部门"), ("部门", "单位", "责任单位", "所属部门"), width=24),
            Field("comprehensive", N_("综合窗口"), ("是否综合窗口", "综合")),
            Field("served", N_("受理部门"), ("受理单位",), many=True, width=30),
            Field("walking_order", N_("巡查顺序"), ("顺序", "序号", "排序")),
            Field("opened_on", N_("启用日期"), ("启用时间", "开设日期"), example="2026-01-04"),
            Field(
                "hours",
                N_("开放时间"),
                ("服务时间", "办公时间"),
                example="周一至周五 09:00-12:00 13:30-17:00",
                width=40,
            ),
        ),
        watched=(PatrolPoint, Zone, Department, OpeningHours, ServedDepartment),
        check=PointChecker,
        apply=apply_points,
    ),
    Import(
        name="staff",
        title=N_("人员"),
        page="organisation.staff",
        permission=Permission.ORGANISATION_MANAGE,
        fields=(
            Field("staff_number", N_("工号"), ("编号", "人员编号", "胸牌号"), required=True, example="1001"),
            Field("name", N_("姓名"), ("名字", "人员姓名", "工作人员"), required=True, example="张小明"),
            Field("kind", N_("类别"), ("类型", "人员类别", "身份"), example="窗口工作人员"),
            Field("department_id", N_("进驻部门"), ("部门", "单位", "派驻单位", "所属部门"), width=24),
            Field("title", N_("职务"), ("职称", "岗位职务")),
            Field("joined_on", N_("到岗日期"), ("入职日期", "进驻日期", "到岗时间"), example="2026-01-04"),
            Field("point", N_("窗口"), ("窗口编号", "窗口号", "巡查点"), example="A01"),
            Field("post", N_("岗位"), ("岗位名称",)),
            Field("role", N_("角色"), ("AB角", "A/B角", "AB岗"), example="A"),
            Field("from_on", N_("岗位起始日期"), ("上岗日期", "自")),
        ),
        watched=(StaffMember, Posting, PatrolPoint, Department),
        check=StaffChecker,
        apply=apply_staff,
        prepare=prepare_staff,
    ),
)
