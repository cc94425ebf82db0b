import base64
import io
from collections import defaultdict
from datetime import date, timedelta
from itertools import count

import xlsxwriter
from PIL import Image

from odoo import fields
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import date_utils

from ..tools.division_code import LEVEL_DIGITS, level_of

#: The roles, in the order of the permission matrix.
ROLES = (
    "finance",
    "procurement",
    "manager",
    "approver",
    "auditor",
    "administrator",
)


#: Who asks for the approval of what is not money.
ROLE_BY_MODEL = {
    "welfare.fiscal.year": "administrator",
    "welfare.duty.exception": "administrator",
    "welfare.rule": "administrator",
    "welfare.fund.norm": "administrator",
    "welfare.fund.carry.rule": "administrator",
    "welfare.fund.transfer.rule": "administrator",
    "welfare.approval.tier": "administrator",
    "welfare.duty.conflict": "administrator",
}

#: Headings that every ledger of facilities has.
LEDGER_HEADING = (
    "街道",
    "社区名称",
    "统计用区划代码",
    "状态",
    "建成时间",
    "室内面积（㎡）",
    "每周开放时间（小时）",
)


def make_ledger(rows=(), heading=LEDGER_HEADING, title=(), sheet="台账", more=()):
    """Return an .xlsx workbook with a ledger.

    :param rows: the cells of each row.
    :param heading: the cells of the row of headings.
    :param title: lines above the headings.
    :param more: further sheets: pairs of a name and their rows.
    :rtype: bytes
    """
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        sheets = [(sheet, [*([title] if title else []), heading, *rows]), *more]
        for name, lines in sheets:
            worksheet = workbook.add_worksheet(name)
            for number, line in enumerate(lines):
                worksheet.write_row(number, 0, line)
    return stream.getvalue()


def make_photo(color=0, taken=None, place=None, size=(64, 48), offset="+08:00"):
    """Return a photo as a telephone's camera writes it.

    :param int color: makes one photo differ from the next.
    :param str taken: when, ``YYYY:MM:DD HH:MM:SS``.
    :param place: latitude and longitude in degrees, north and east positive.
    :rtype: bytes
    """
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769).update({0x9003: taken, 0x9011: offset})
    if place:
        latitude, longitude = place
        exif.get_ifd(0x8825).update(
            {
                1: "N" if latitude >= 0 else "S",
                2: (abs(latitude), 0.0, 0.0),
                3: "E" if longitude >= 0 else "W",
                4: (abs(longitude), 0.0, 0.0),
            }
        )
    stream = io.BytesIO()
    tint = (color % 256, color // 256 % 256, 99)
    Image.new("RGB", size, tint).save(stream, "JPEG", exif=exif)
    # A comment after the end, which viewers ignore: near colours come out the same.
    return stream.getvalue() + str(color).encode()


def approve(documents, **given):
    """Have documents approved in the ordinary way, by people made for that.

    :param documents: records that take ``welfare.approval.mixin``. Those that are
        approved already stay as they are.
    :param given: what the step asks for besides, such as the reason of a reversal.
    :return: the same documents, to be posted.
    """
    asked = documents
    documents = documents.sudo()
    env = documents.env
    Request = env["welfare.approval.request"]
    documents -= documents.browse(
        Request._get_open(documents)
        .filtered(lambda request: request.state == "granted")
        .mapped("res_id")
    )
    if not documents:
        return asked
    regions = _get_roots(documents)
    role = ROLE_BY_MODEL.get(documents._name, "finance")
    requester = _get_person(env, f"welfare_group_{role}", regions)
    make_approvers(env, regions)
    for document in documents:
        if document.state == "draft" and document._get_approval_amount() >= 1_000_000:
            env["ir.attachment"].create(
                {
                    "name": "会议纪要.txt",
                    "raw": b"-",
                    "res_model": document._name,
                    "res_id": document.id,
                }
            )
    documents.with_user(requester)._ask_approval(**given)
    decide(documents)
    return asked


def reverse(document, reason="更正", date=None):
    """Have a posted document reversed, with approval."""
    date = date or max(fields.Date.context_today(document), document.date)
    approve(document, reversal_reason=reason, date_reversed=date).action_reverse()


def decide(documents):
    """Have what was submitted approved, by people made for that."""
    documents = documents.sudo()
    Request = documents.env["welfare.approval.request"]
    requests = Request._get_open(documents)
    for approver in make_approvers(documents.env, _get_roots(documents)):
        open_requests = requests.filtered(
            lambda request, who=approver: (
                request.state == "pending" and request.current_step_id._is_for(who)
            )
        )
        shown = [(request.id, request.fingerprint) for request in open_requests]
        Request.with_user(approver).action_approve_shown(shown)


def make_approvers(env, regions):
    """Return a section head, a deputy and a head of the bureau of some regions."""
    return [
        _get_person(env, f"welfare_group_approver_{post}", regions)
        for post in ("section", "deputy", "head")
    ]


def _get_person(env, group, regions):
    """Return the user of a group who works in some regions, among others."""
    login = f"test_person_{group}"
    user = env["res.users"].sudo().search([("login", "=", login)])
    if not user:
        user = new_test_user(
            env,
            login=login,
            groups=f"welfare_facility.{group}",
            context={"no_reset_password": True},
        ).sudo()
    if regions - user.welfare_region_ids:
        user.welfare_region_ids |= regions
    return user


def _get_roots(documents):
    """Return the regions at the top of those in which documents lie."""
    regions = documents.env["welfare.region"]
    for document in documents:
        region = document._get_approval_region() or regions.search([], limit=1)
        regions |= regions.browse(int(region.parent_path.split("/")[0]))
    return regions


class WelfareCase(TransactionCase):
    """A province with two counties, and a user of each role in the first of them.

    The province's code is used by no real one, so that the regions of a database with
    data do not get in the way.

    Each model has a pair of helpers: ``_prepare_<thing>_vals`` completes the values of
    a record that can be created as it is, and ``_create_<thing>`` creates it. Both take
    ``place``, the region in which the record lies (county A by default), and any value
    of the model.
    """

    #: How the tests of the permission matrix prepare a record of each model that
    #: belongs to a region.
    VALS_BY_MODEL = {
        "welfare.region": "_prepare_region_vals",
        "welfare.facility": "_prepare_facility_vals",
        "welfare.facility.status": "_prepare_facility_status_vals",
        "welfare.facility.transition": "_prepare_facility_transition_vals",
        "welfare.facility.import": "_prepare_facility_import_vals",
        "welfare.facility.import.line": "_prepare_facility_import_line_vals",
        "welfare.facility.import.heading": "_prepare_facility_import_heading_vals",
        "welfare.facility.import.fund": "_prepare_facility_import_fund_vals",
        "welfare.import.mapping": "_prepare_import_mapping_vals",
        "welfare.facility.measurement": "_prepare_measurement_vals",
        "welfare.compliance.check": "_prepare_compliance_check_vals",
        "welfare.standard.plan": "_prepare_standard_plan_vals",
        "welfare.coverage.target": "_prepare_target_vals",
        "welfare.facility.log": "_prepare_log_vals",
        "welfare.facility.photo": "_prepare_photo_vals",
        "welfare.rectification": "_prepare_rectification_vals",
        "welfare.rectification.extension": "_prepare_extension_vals",
        "welfare.facility.activity": "_prepare_activity_vals",
        "welfare.facility.opening": "_prepare_opening_vals",
        "welfare.staff": "_prepare_staff_vals",
        "welfare.staff.post": "_prepare_post_vals",
        "welfare.staff.record": "_prepare_record_vals",
        "welfare.project": "_prepare_project_vals",
        "welfare.project.plan": "_prepare_plan_vals",
        "welfare.project.requirement": "_prepare_requirement_vals",
        "welfare.project.date": "_prepare_project_date_vals",
        "welfare.project.estimate": "_prepare_estimate_vals",
        "welfare.project.milestone": "_prepare_milestone_vals",
        "welfare.project.measurement": "_prepare_site_measurement_vals",
        "welfare.project.check": "_prepare_check_vals",
        "welfare.project.step": "_prepare_step_vals",
        "welfare.project.plan.fund": "_prepare_plan_fund_vals",
        "welfare.facility.closure": "_prepare_closure_vals",
        "welfare.project.deadline": "_prepare_project_vals",
        "welfare.appropriation": "_prepare_appropriation_vals",
        "welfare.appropriation.adjustment": "_prepare_adjustment_vals",
        "welfare.fund.account": "_prepare_account_vals",
        "welfare.allotment": "_prepare_allotment_vals",
        "welfare.allotment.line": "_prepare_allotment_line_vals",
        "welfare.fund.period": "_prepare_period_vals",
        "welfare.fund.carry": "_prepare_carry_vals",
        "welfare.fund.reconciliation": "_prepare_reconciliation_vals",
        "welfare.fund.reconciliation.line": "_prepare_reconciliation_line_vals",
        "welfare.fund.carry.line": "_prepare_carry_line_vals",
        "welfare.duty.exception": "_prepare_duty_exception_vals",
    }
    #: The same for models whose records are not created by their values.
    CREATE_BY_MODEL = {
        "welfare.facility.log": "_create_log",
        "welfare.facility.photo": "_create_photo",
        "welfare.rectification": "_create_rectification",
        "welfare.facility.use": "_create_use",
        "welfare.coverage.need": "_create_need",
        "welfare.project.requirement": "_create_requirement",
        "welfare.project.deadline": "_create_deadline",
        "welfare.fund.entry": "_create_entry",
        "welfare.fund.position": "_create_position",
        "welfare.audit.event": "_create_event",
        "welfare.approval.request": "_create_approval_request",
        "welfare.approval.step": "_create_approval_step",
        "welfare.approval.decision": "_create_approval_decision",
        "welfare.facility.occupancy": "_create_occupancy",
        "welfare.compliance": "_create_compliance",
        "welfare.compliance.line": "_create_compliance_line",
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._numbers = defaultdict(lambda: count(1))
        cls.Region = cls.env["welfare.region"]
        cls.Facility = cls.env["welfare.facility"]
        cls.home_type = cls.env.ref("welfare_facility.facility_type_children_home")
        cls.home_measure = cls.env.ref("welfare_facility.coverage_measure_home_built")
        cls.province = cls.Region.create({"code": "990000000000", "name": "试验省"})
        cls.prefecture = cls._create_region(cls.province, name="试验市")
        cls.county_a = cls._create_region(cls.prefecture, name="甲区")
        cls.county_b = cls._create_region(cls.prefecture, name="乙区")
        cls.street_a = cls._create_region(cls.county_a, name="甲区一街道")
        cls.street_b = cls._create_region(cls.county_b, name="乙区一街道")
        cls.community_a = cls._create_region(cls.street_a, name="甲社区")
        cls.community_b = cls._create_region(cls.street_b, name="乙社区")
        cls.user_by_role = {
            role: cls._create_user(role, regions=cls.county_a) for role in ROLES
        }
        cls.manager = cls.user_by_role["manager"]
        cls.auditor = cls.user_by_role["auditor"]
        cls.administrator = cls.user_by_role["administrator"]

    # === PEOPLE === #

    @classmethod
    def _create_user(cls, role, regions=None, login=None, groups=(), **vals):
        """Create a user with a role.

        :param str role: one of :data:`ROLES`, or empty for an employee without any.
        :param regions: ``welfare.region`` records.
        :param groups: XML ids of further groups.
        :return: the user; the password is the login.
        """
        groups = [f"welfare_facility.welfare_group_{role}"] if role else []
        login = login or f"test_{role or 'employee'}"
        return new_test_user(
            cls.env,
            login=login,
            groups=",".join(groups or ["base.group_user"]),
            context={"no_reset_password": True},
            password=login,
            welfare_region_ids=[Command.set(regions.ids if regions else [])],
            **vals,
        )

    # === REGIONS === #

    @classmethod
    def _prepare_region_vals(cls, place=None, **vals):
        """Complete the values of a region that is part of ``place``."""
        place = place or cls.county_a
        if "code" not in vals:
            levels = list(LEVEL_DIGITS)
            digits = LEVEL_DIGITS[level_of(place.code)]
            level = levels[levels.index(level_of(place.code)) + 1]
            number = next(cls._numbers[place.id])
            code = place.code[:digits] + str(number).zfill(LEVEL_DIGITS[level] - digits)
            vals["code"] = code.ljust(12, "0")
        return {
            "name": f"区划{vals['code'].rstrip('0')}",
            "parent_id": place.id,
            **vals,
        }

    @classmethod
    def _create_region(cls, place=None, **vals):
        return cls.Region.create(cls._prepare_region_vals(place, **vals))

    @classmethod
    def _create_communities(cls, street, number, **vals):
        """Create communities in a street."""
        return cls.Region.create(
            [cls._prepare_region_vals(street, **vals) for _index in range(number)]
        )

    @classmethod
    def _get_new_community(cls, place):
        """Return a community in a county or street that has nothing in it yet."""
        place = place or cls.county_a
        if place.level == "county":
            place = place.child_ids[:1] or cls._create_region(place)
        return place if place.level == "village" else cls._create_region(place)

    # === FACILITIES === #

    @classmethod
    def _prepare_facility_vals(cls, place=None, **vals):
        """Complete the values of a planned home in a community that has none."""
        if "region_id" not in vals:
            vals["region_id"] = cls._get_new_community(place).id
        return {"name": "儿童之家", "type_id": cls.home_type.id, **vals}

    @classmethod
    def _create_facility(cls, place=None, **vals):
        return cls.Facility.create(cls._prepare_facility_vals(place, **vals))

    @classmethod
    def _create_homes(cls, communities, **vals):
        """Create a children's home in each community."""
        return cls.Facility.create(
            [
                cls._prepare_facility_vals(region_id=community.id, **vals)
                for community in communities
            ]
        )

    @classmethod
    def _prepare_facility_status_vals(cls, place=None, **vals):
        if "facility_id" not in vals:
            vals["facility_id"] = cls._create_facility(place).id
        return {"reason": "登记", "state": "planned", "date": "2020-01-01", **vals}

    @classmethod
    def _prepare_facility_transition_vals(cls, place=None, **vals):
        if "facility_id" not in vals:
            vals["facility_id"] = cls._create_facility(place).id
        return {"reason": "开工", "state": "under_construction", **vals}

    @classmethod
    def _prepare_facility_import_vals(cls, place=None, **vals):
        return {
            "file": base64.b64encode(make_ledger()),
            "filename": "台账.xlsx",
            "region_id": (place or cls.county_a).id,
            **vals,
        }

    @classmethod
    def _prepare_facility_import_line_vals(cls, place=None, **vals):
        if "import_id" not in vals:
            vals["import_id"] = (
                cls.env["welfare.facility.import"]
                .create(cls._prepare_facility_import_vals(place))
                .id
            )
        return {"place": "一街道 一社区", "row": 1, "status": "error", **vals}

    @classmethod
    def _create_facility_import(cls, place=None, **vals):
        return cls.env["welfare.facility.import"].create(
            cls._prepare_facility_import_vals(place, **vals)
        )

    @classmethod
    def _prepare_facility_import_heading_vals(cls, place=None, **vals):
        if "import_id" not in vals:
            vals["import_id"] = cls._create_facility_import(place).id
        return {"name": "进度", "table_type": "facility", **vals}

    @classmethod
    def _prepare_facility_import_fund_vals(cls, place=None, **vals):
        if "import_id" not in vals:
            vals["import_id"] = cls._create_facility_import(place).id
        return {"number": "财〔2018〕1号", "amount": 50000, "status": "create", **vals}

    @classmethod
    def _prepare_import_mapping_vals(cls, place=None, **vals):
        return {
            "heading": "进度",
            "table_type": "facility",
            "region_id": (place or cls.county_a).id,
            **vals,
        }

    # === MEASUREMENTS AND STANDARDS === #

    @classmethod
    def _prepare_institution_vals(cls, place=None, **vals):
        """Complete the values of an operating institution of a county."""
        institution = cls.env.ref("welfare_facility.facility_type_welfare_institution")
        return {
            "name": "儿童福利院",
            "type_id": institution.id,
            "region_id": (place or cls.county_a).id,
            "state": "operating",
            "date_state": "2012-01-01",
            **vals,
        }

    @classmethod
    def _create_institution(cls, place=None, **vals):
        return cls.Facility.create(cls._prepare_institution_vals(place, **vals))

    @classmethod
    def _prepare_measurement_vals(cls, place=None, metric="beds_built", **vals):
        """Complete the values of a measurement; areas are in m²."""
        if "facility_id" not in vals:
            vals["facility_id"] = cls._create_institution(place).id
        record = cls.env.ref(f"welfare_facility.metric_{metric}")
        if record.kind == "area":
            vals.setdefault("unit", "m2")
        return {
            "metric_id": record.id,
            "amount": 100,
            "date": "2020-12-31",
            "measured_by": "测绘队",
            **vals,
        }

    @classmethod
    def _measure(cls, facility, date="2020-12-31", **figures):
        """Record figures of a facility, by the codes of their metrics."""
        return cls.env["welfare.facility.measurement"].create(
            [
                cls._prepare_measurement_vals(
                    facility_id=facility.id, metric=code, amount=amount, date=date
                )
                for code, amount in figures.items()
            ]
        )

    # === PROJECTS === #

    @classmethod
    def _prepare_project_vals(cls, place=None, **vals):
        """Complete the values of a fitting out that has no facilities yet."""
        return {
            "name": "儿童之家建设",
            "kind_id": cls.env.ref("welfare_facility.project_kind_fit_out").id,
            "region_id": (place or cls.county_a).id,
            "date_start": "2019-01-05",
            **vals,
        }

    @classmethod
    def _create_project(cls, place=None, state="initiation", **vals):
        """Create a project and bring it to a state, with all evidence on the way."""
        project = cls.env["welfare.project"].create(
            cls._prepare_project_vals(place, **vals)
        )
        day = date(2019, 1, 10)
        while project.state != state:
            cls._fulfil_gates(project, day)
            project._complete_stage(day)
            day += timedelta(days=20)
        return project

    @classmethod
    def _fulfil_gates(cls, project, day=None):
        """Record the evidence that the present stage of a project needs."""
        day = day or date(2019, 1, 10)
        rows = project.requirement_ids.filtered(lambda row: row.stage == project.state)
        for row in rows:
            getattr(cls, f"_fulfil_{row.evidence}")(project, row, day)

    @classmethod
    def _fulfil_document(cls, project, row, day):
        row.write(
            {
                "number": "示〔2019〕1号",
                "date_document": day,
                "signatory": "张工" if row.needs_signatory else False,
                "attachment_ids": [
                    Command.create({"name": "文件.txt", "raw": "文件".encode()})
                ],
            }
        )

    @classmethod
    def _fulfil_figure(cls, project, row, day):
        row.figure = 50_000

    @classmethod
    def _fulfil_estimate(cls, project, row, day):
        if not project.estimate_ids:
            vals = cls._prepare_estimate_vals(project_id=project.id, date=day)
            cls.env["welfare.project.estimate"].create(vals)

    @classmethod
    def _fulfil_milestones(cls, project, row, day):
        if not project.milestone_ids:
            vals = cls._prepare_milestone_vals(project_id=project.id, weight=100)
            cls.env["welfare.project.milestone"].create(vals)

    @classmethod
    def _fulfil_progress(cls, project, row, day):
        for milestone in project.milestone_ids:
            cls._measure_site(milestone, 100, day)

    @classmethod
    def _fulfil_checklist(cls, project, row, day):
        if not project.check_ids:
            cls.env["welfare.project.check"].create(
                cls._prepare_check_vals(project_id=project.id)
            )
        project.check_ids.result = "pass"

    @classmethod
    def _measure_site(cls, milestone, percent, day, **vals):
        """Record what was found on the site."""
        return cls.env["welfare.project.measurement"].create(
            {
                "milestone_id": milestone.id,
                "percent": percent,
                "date": day,
                **vals,
            }
        )

    @classmethod
    def _prepare_requirement_vals(cls, place=None, **vals):
        if "project_id" not in vals:
            vals["project_id"] = cls._create_project(place).id
        return {"number": "示〔2019〕2号", **vals}

    @classmethod
    def _create_requirement(cls, place=None):
        """Have a project: it has a row for each gate from the beginning."""
        return cls._create_project(place).requirement_ids[0]

    @classmethod
    def _create_deadline(cls, place=None):
        """Have a project with a planned day: its time table is a view."""
        project = cls._create_project(place)
        project._plan_stages({"approval": date(2019, 3, 1)}, None)
        return cls.env["welfare.project.deadline"].search(
            [("project_id", "=", project.id)]
        )

    @classmethod
    def _prepare_project_date_vals(cls, place=None, **vals):
        if "project_id" not in vals:
            vals["project_id"] = cls._create_project(place).id
        return {"stage": "approval", "kind": "plan", "date": "2019-03-01", **vals}

    @classmethod
    def _prepare_estimate_vals(cls, place=None, **vals):
        if "project_id" not in vals:
            vals["project_id"] = cls._create_project(place).id
        return {
            "number": "批〔2019〕1号",
            "date": "2019-01-20",
            "amount": 50_000,
            **vals,
        }

    @classmethod
    def _prepare_milestone_vals(cls, place=None, **vals):
        if "project_id" not in vals:
            vals["project_id"] = cls._create_project(place).id
        return {"name": "装修", "weight": 40, **vals}

    @classmethod
    def _prepare_site_measurement_vals(cls, place=None, **vals):
        if "milestone_id" not in vals:
            project = cls._create_project(place, state="construction")
            vals["milestone_id"] = project.milestone_ids.id
        return {"percent": 30, "date": "2019-04-01", **vals}

    @classmethod
    def _prepare_check_vals(cls, place=None, **vals):
        if "project_id" not in vals:
            vals["project_id"] = cls._create_project(place).id
        return {"name": "室内面积不少于40㎡", "found": "52㎡", **vals}

    @classmethod
    def _prepare_step_vals(cls, place=None, **vals):
        if "project_id" not in vals:
            vals["project_id"] = cls._create_project(place).id
        return {"step": "complete", "reason": "说明", **vals}

    @classmethod
    def _prepare_plan_vals(cls, place=None, **vals):
        return {
            "name": "2019年儿童之家建设",
            "year": 2019,
            "region_id": (place or cls.county_a).id,
            "facility_type_id": cls.home_type.id,
            "home_count": 13,
            **vals,
        }

    @classmethod
    def _create_occupancy(cls, place=None):
        """Measure open beds: the occupancy is a view of the measurements."""
        row = cls._measure(cls._create_institution(place), beds_open=100)
        cls.env.flush_all()
        return cls.env["welfare.facility.occupancy"].browse(row.id)

    @classmethod
    def _create_compliance(cls, place=None, **vals):
        """Check an institution: results are never entered."""
        institution = cls._create_institution(
            place, **{"date_approved": "2015-01-01", **vals}
        )
        day = cls.env["welfare.facility.measurement"]._default_date()
        return cls.env["welfare.compliance"]._keep(institution.ids, day)

    @classmethod
    def _create_compliance_line(cls, place=None):
        return cls._create_compliance(place).line_ids[:1]

    @classmethod
    def _prepare_standard_plan_vals(cls, place=None, **vals):
        return {"region_id": (place or cls.county_a).id, "beds": 700, **vals}

    @classmethod
    def _prepare_compliance_check_vals(cls, place=None, **vals):
        if "facility_id" not in vals:
            vals["facility_id"] = cls._create_institution(place).id
        return vals

    @classmethod
    def _prepare_plan_fund_vals(cls, place=None, **vals):
        if "plan_id" not in vals:
            plan_vals = cls._prepare_plan_vals(place)
            vals["plan_id"] = cls.env["welfare.project.plan"].create(plan_vals).id
        return {
            "source_id": cls.env.ref("welfare_facility.fund_source_county").id,
            "number": "试财〔2019〕1号",
            "date": "2019-03-15",
            "amount": 400_000,
            **vals,
        }

    @classmethod
    def _prepare_closure_vals(cls, place=None, **vals):
        if "facility_id" not in vals:
            vals["facility_id"] = cls._create_facility(place).id
        return {
            "date": "2019-06-01",
            "reason": "社区撤并",
            "fate": "transferred",
            **vals,
        }

    # === FUNDS === #

    @classmethod
    def _prepare_appropriation_vals(cls, place=None, **vals):
        """Complete the values of an appropriation that ``place`` holds."""
        return {
            "number": f"试财〔2019〕{next(cls._numbers['appropriation'])}号",
            "year": 2019,
            "date": "2019-03-15",
            "source_id": cls.env.ref("welfare_facility.fund_source_county").id,
            "region_id": (place or cls.county_a).id,
            "amount_initial": 100_000,
            **vals,
        }

    @classmethod
    def _create_appropriation(cls, place=None, **vals):
        return cls.env["welfare.appropriation"].create(
            cls._prepare_appropriation_vals(place, **vals)
        )

    @classmethod
    def _prepare_adjustment_vals(cls, place=None, **vals):
        if "appropriation_id" not in vals:
            vals["appropriation_id"] = cls._create_appropriation(place).id
        return {"number": "追加", "date": "2019-05-01", "amount": 1_000, **vals}

    @classmethod
    def _prepare_account_vals(cls, place=None, **vals):
        """Complete the values of an account without money."""
        place = place or cls.county_a
        if "appropriation_id" not in vals:
            vals["appropriation_id"] = cls._create_appropriation(place).id
        return {"year": 2019, "region_id": place.id, **vals}

    @classmethod
    def _create_entry(cls, place=None):
        """Post an entry: they are never created otherwise."""
        appropriation = cls._create_appropriation(place)
        approve(appropriation).action_register()
        return appropriation.account_ids.entry_ids

    @classmethod
    def _prepare_allotment_vals(cls, place=None, **vals):
        if "account_id" not in vals:
            account_vals = cls._prepare_account_vals(place)
            vals["account_id"] = cls.env["welfare.fund.account"].create(account_vals).id
        return {"number": "下达", "date": "2019-06-01", **vals}

    @classmethod
    def _prepare_allotment_line_vals(cls, place=None, **vals):
        if "allotment_id" not in vals:
            allotment_vals = cls._prepare_allotment_vals(place)
            allotment = cls.env["welfare.allotment"].create(allotment_vals)
            vals["allotment_id"] = allotment.id
        upper = cls.env["welfare.allotment"].browse(vals["allotment_id"]).region_id
        return {"facility_id": cls._create_facility(upper).id, "amount": 1_000, **vals}

    @classmethod
    def _create_position(cls, place=None):
        """Have an account: its position is a view of it."""
        account = cls._create_entry(place).account_id
        return cls.env["welfare.fund.position"].browse(account.id)

    @classmethod
    def _prepare_period_vals(cls, place=None, **vals):
        """Complete the values of a month, each time a later one."""
        months = next(cls._numbers["period"])
        day = date_utils.add(date(2000, 1, 1), months=months)
        return {"region_id": (place or cls.county_a).id, "date_from": day, **vals}

    @classmethod
    def _create_period(cls, place=None, **vals):
        vals = cls._prepare_period_vals(place, **vals)
        return cls.env["welfare.fund.period"].create(vals)

    @classmethod
    def _prepare_carry_vals(cls, place=None, **vals):
        return {"year": 2019, "region_id": (place or cls.county_a).id, **vals}

    @classmethod
    def _prepare_carry_line_vals(cls, place=None, **vals):
        if "carry_id" not in vals:
            carry = cls.env["welfare.fund.carry"].create(cls._prepare_carry_vals(place))
            vals["carry_id"] = carry.id
        if "account_id" not in vals:
            account_vals = cls._prepare_account_vals(place)
            vals["account_id"] = cls.env["welfare.fund.account"].create(account_vals).id
        return {"reason": "说明", **vals}

    @classmethod
    def _prepare_reconciliation_vals(cls, place=None, **vals):
        """Complete the values of a reconciliation of 2019, with a list of nothing."""
        heading = ("指标ID", "指标文号", "指标金额", "已支出金额")
        return {
            "year": 2019,
            "date": "2019-12-31",
            "region_id": (place or cls.county_a).id,
            "filename": "指标.xlsx",
            "file": base64.b64encode(make_ledger(heading=heading)),
            **vals,
        }

    @classmethod
    def _prepare_reconciliation_line_vals(cls, place=None, **vals):
        if "reconciliation_id" not in vals:
            record = cls.env["welfare.fund.reconciliation"].create(
                cls._prepare_reconciliation_vals(place)
            )
            vals["reconciliation_id"] = record.id
        return {"kind": "equal", "number": "试财〔2019〕1号", **vals}

    # === AUDIT === #

    @classmethod
    def _events(cls, record, **vals):
        """Return the events of records, from the first one on."""
        cls.env.flush_all()
        domain = [("model", "=", record._name), ("res_id", "in", record.ids)]
        domain += [(name, "=", value) for name, value in vals.items()]
        return cls.env["welfare.audit.event"].search(domain, order="id")

    @classmethod
    def _create_event(cls, place=None):
        """Have a facility: that it was created is an event."""
        return cls._events(cls._create_facility(place))[:1]

    # === APPROVAL === #

    @classmethod
    def _prepare_duty_exception_vals(cls, place=None, **vals):
        """Complete the values of an exception for a person nobody else is."""
        if "user_id" not in vals:
            number = next(cls._numbers["person"])
            person = cls._create_user("manager", login=f"test_tiny_{number}")
            vals["user_id"] = person.id
        return {
            "conflict_id": cls.env.ref(
                "welfare_facility.duty_conflict_approve_approve"
            ).id,
            "region_id": (place or cls.county_a).id,
            "date_from": "2026-01-01",
            "date_to": "2026-12-31",
            "reason": "只有两人",
            **vals,
        }

    @classmethod
    def _create_approval_request(cls, place=None):
        """Have an exception approved: requests are never created otherwise."""
        exception = cls.env["welfare.duty.exception"].create(
            cls._prepare_duty_exception_vals(place)
        )
        approve(exception)
        return exception.approval_request_id

    @classmethod
    def _create_approval_step(cls, place=None):
        return cls._create_approval_request(place).step_ids[:1]

    @classmethod
    def _create_approval_decision(cls, place=None):
        return cls._create_approval_request(place).decision_ids[:1]

    # === COVERAGE === #

    @classmethod
    def _prepare_target_vals(cls, place=None, **vals):
        """Complete the values of a target for ``place`` at the end of 2018."""
        return {
            "date": "2018-12-31",
            "measure_id": cls.home_measure.id,
            "region_id": (place or cls.county_a).id,
            "target_value": 90,
            **vals,
        }

    @classmethod
    def _create_target(cls, place=None, **vals):
        return cls.env["welfare.coverage.target"].create(
            cls._prepare_target_vals(place, **vals)
        )

    @classmethod
    def _create_need(cls, place=None):
        """Have a target for a place and a part of it: the need is a view of them."""
        place = place or cls.county_a
        part = place if place.level == "village" else cls._create_region(place)
        target = cls._create_target(place, target_year=2030)
        cls.env.flush_all()
        return cls.env["welfare.coverage.need"].search(
            [("target_id", "=", target.id), ("region_id", "=", part.id)]
        )

    # === SITE LOG === #

    @classmethod
    def _prepare_log_vals(cls, place=None, **vals):
        if "facility_id" not in vals:
            vals["facility_id"] = cls._create_facility(place).id
        return {"kind": "inspection", "note": "看过", **vals}

    @classmethod
    def _create_log(cls, place=None, **vals):
        """Write an entry as the manager, who alone may change it afterwards."""
        Log = cls.env["welfare.facility.log"].with_user(cls.manager).sudo()
        return Log.create(cls._prepare_log_vals(place, **vals)).with_env(cls.env)

    @classmethod
    def _prepare_rectification_vals(cls, place=None, **vals):
        log = cls._create_log(place)
        return {
            "log_id": log.id,
            "facility_id": log.facility_id.id,
            "date_due": log.date,
            "responsible_id": cls.manager.id,
            **vals,
        }

    @classmethod
    def _create_rectification(cls, place=None, **vals):
        """Log a defect, which opens one."""
        log = cls._create_log(place, kind="defect", note="插座外露", **vals)
        return log.rectification_ids

    @classmethod
    def _prepare_extension_vals(cls, place=None, **vals):
        if "rectification_id" not in vals:
            # Whoever is responsible gives himself no more time.
            responsible_id = cls.env.ref("base.user_admin").id
            record = cls._create_rectification(place, responsible_id=responsible_id)
            vals["rectification_id"] = record.id
        record = cls.env["welfare.rectification"].browse(vals["rectification_id"])
        later = record.date_due + timedelta(days=14)
        return {"date_due": later, "reason": "等候配件", **vals}

    @classmethod
    def _prepare_photo_vals(cls, place=None, **vals):
        if "log_id" not in vals:
            vals["log_id"] = cls._create_log(place).id
        return {
            "name": "照片.jpg",
            "image": base64.b64encode(make_photo(color=next(cls._numbers["photo"]))),
            **vals,
        }

    @classmethod
    def _create_photo(cls, place=None, **vals):
        Photo = cls.env["welfare.facility.photo"].with_user(cls.manager).sudo()
        return Photo.create(cls._prepare_photo_vals(place, **vals)).with_env(cls.env)

    # === OPERATION === #

    @classmethod
    def _prepare_activity_vals(cls, place=None, **vals):
        if "facility_id" not in vals:
            vals["facility_id"] = cls._create_facility(place).id
        return {"name": "绘本阅读", "date": "2019-06-01", **vals}

    @classmethod
    def _prepare_opening_vals(cls, place=None, **vals):
        if "facility_id" not in vals:
            vals["facility_id"] = cls._create_facility(place).id
        return {"weekday": "1", "hour_from": 15.5, "hour_to": 17.5, **vals}

    @classmethod
    def _create_use(cls, place=None):
        """Have a home that operates since yesterday: its use is a view of it."""
        day = fields.Date.add(cls.env["welfare.facility.log"]._default_date(), days=-1)
        home = cls._create_facility(place, state="operating", date_state=day)
        return cls.env["welfare.facility.use"].search([("facility_id", "=", home.id)])

    # === STAFF === #

    @classmethod
    def _prepare_staff_vals(cls, place=None, **vals):
        return {"name": "李某", "region_id": (place or cls.county_a).id, **vals}

    @classmethod
    def _create_staff(cls, place=None, **vals):
        return cls.env["welfare.staff"].create(cls._prepare_staff_vals(place, **vals))

    @classmethod
    def _prepare_post_vals(cls, place=None, **vals):
        place = place or cls.county_a
        if "staff_id" not in vals:
            vals["staff_id"] = cls._create_staff(place).id
        return {
            "kind": "social_worker",
            "region_id": place.id,
            "date_from": "2018-01-01",
            **vals,
        }

    @classmethod
    def _create_post(cls, place=None, **vals):
        post_vals = cls._prepare_post_vals(place, **vals)
        return cls.env["welfare.staff.post"].create(post_vals)

    @classmethod
    def _prepare_record_vals(cls, place=None, **vals):
        if "staff_id" not in vals:
            vals["staff_id"] = cls._create_staff(place).id
        return {"kind": "training", "date": "2019-03-01", **vals}
