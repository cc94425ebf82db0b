import base64
import hashlib
import io
from unittest.mock import patch

import openpyxl
from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open, mute_logger
from odoo.tools.pdf import PdfReader

from ..models import ledger_planner
from ..tools import workbook
from .common import LEDGER_HEADING, WelfareCase, make_ledger

LEDGER = "五华区儿童之家台账.xls"
REGIONS = "五华区行政区划.xlsx"


def read_sample(name):
    with file_open(f"welfare_facility/tests/data/{name}", "rb") as file:
        return file.read()


class LedgerCase(WelfareCase):
    """五华区 with its real streets and communities, and its facility manager."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        wizard = cls.env["welfare.region.import"].create(
            {
                "source": "list",
                "filename": REGIONS,
                "file": base64.b64encode(read_sample(REGIONS)),
            }
        )
        wizard.action_load()
        cls.district = cls.Region.search([("code", "=", "530102000000")])
        cls.officer = cls._create_user("manager", cls.district, login="wuhua_manager")

    def _check(self, content, filename=LEDGER, user=None, **vals):
        """Upload a ledger as the facility manager and check it."""
        ledger = (
            self.env["welfare.facility.import"]
            .with_user(user or self.officer)
            .create(
                {
                    "region_id": self.district.id,
                    "filename": filename,
                    "file": base64.b64encode(content),
                    **vals,
                }
            )
        )
        ledger.action_check()
        return ledger

    def _encode(self, content):
        return base64.b64encode(content)

    def _count(self, ledger):
        return {
            status: ledger[f"{status}_count"]
            for status in ("create", "change", "unchanged", "skip", "warning", "error")
        }

    def _home(self, code):
        region = self.Region.search([("code", "=", code)])
        return self.Facility.search([("region_id", "=", region.id)])


class TestLedgerScenario(LedgerCase):
    """What the district's office does once a year."""

    def test_year(self):
        """The ledger comes in, two rows are mended, and the coverage is read."""
        content = read_sample(LEDGER)

        ledger = self._check(content)
        self.assertEqual(
            self._count(ledger),
            {
                "create": 65,
                "change": 0,
                "unchanged": 0,
                "skip": 27,
                "warning": 0,
                "error": 0,
            },
            "52 homes that are built and 13 that are planned; 20 not built, 7 unit "
            "communities",
        )
        self.assertFalse(self.Facility.search([]), "a check writes nothing")
        self.assertEqual(ledger.amount_fund, ledger.amount_fund_stated)
        self.assertEqual(len(ledger.fund_ids), 9)

        before = fields.Datetime.now()
        ledger.action_apply()
        homes = self.Facility.search([])
        self.assertEqual(len(homes), 65)
        self.assertEqual(ledger.applied_uid, self.officer)
        self.assertTrue(before <= ledger.date_applied <= fields.Datetime.now())
        self.assertEqual(ledger.sha256, hashlib.sha256(content).hexdigest())
        self.assertEqual(base64.b64decode(ledger.file), content)
        first = self._home("530102001001")
        self.assertEqual(first.state, "operating")
        self.assertEqual(first.date_state.isoformat(), "2018-10-09")
        self.assertFalse(first.is_date_state_approximate)
        self.assertEqual(first.area_indoor, 40.5)
        self.assertEqual(first.hours_weekly, 10)
        self.assertEqual(first.amount_district_stated, 41000)
        self.assertEqual(first.import_line_id.row, 5)
        self.assertEqual(first.import_line_id.facility_id, first)
        in_words = self._home("530102002001")
        self.assertEqual(in_words.hours_note, "随居委会上班时间")
        by_month = self._home("530102002005")
        self.assertEqual(by_month.date_state.isoformat(), "2015-07-01")
        self.assertTrue(by_month.is_date_state_approximate)
        planned = self._home("530102001003")
        self.assertEqual((planned.state, planned.plan_year), ("planned", 2019))
        in_office = self._home("530102001002")
        self.assertEqual(in_office.premises, "community_office")
        self.assertAlmostEqual(sum(homes.mapped("amount_district_stated")), 1_900_000)
        self.assertAlmostEqual(sum(homes.mapped("amount_lottery_stated")), 450_000)

        again = self._check(content)
        self.assertEqual(
            (again.create_count, again.change_count, again.unchanged_count), (0, 0, 65)
        )
        self.assertEqual(again.fund_count, 0)
        self.assertEqual(again.sha256, ledger.sha256)

        # One home was measured anew, and one that was planned has been built.
        mended = make_ledger(
            [
                [
                    "华山街道",
                    "翠湖西路",
                    530102001001,
                    "已建成",
                    "2018-10-09",
                    45.5,
                    10,
                ],
                ["华山街道", "五华山", "530102001003", "已建成", "2019.5.6", 30, 20],
            ]
        )
        change = self._check(mended, "更正.xlsx")
        self.assertEqual(change.change_count, 2, change.line_ids.mapped("message"))
        change.action_apply()
        self.assertEqual(first.area_indoor, 45.5)
        self.assertEqual(planned.state, "operating")
        self.assertEqual(planned.date_state.isoformat(), "2019-05-06")
        self.assertEqual(
            planned.status_ids.sorted().mapped("state"),
            ["operating", "accepted", "planned"],
        )

        target = self._create_target(
            self.district, date="2018-12-31", stated_value=62.2, stated_gap=33
        ).with_user(self.officer)
        self.assertEqual(
            (target.total_count, target.excluded_count, target.denominator), (92, 7, 85)
        )
        self.assertEqual((target.numerator, target.rate), (52, 61.18))
        self.assertEqual((target.required_count, target.gap), (77, 25))
        self.assertTrue(target.is_flagged)
        for year, built in ((2014, 0), (2015, 19), (2016, 30), (2017, 41), (2018, 52)):
            target = self._create_target(self.district, date=f"{year}-12-31")
            self.assertEqual(target.numerator, built, year)
        target = self._create_target(self.district, date="2019-12-31")
        self.assertEqual(target.numerator, 53)
        self._print_2018()

    def _print_2018(self):
        """Print the table of the district, as paper and as a workbook."""
        Report = self.env["ir.actions.report"].with_user(self.officer)
        name, data = "welfare_facility.welfare_coverage_region_", {"date": "2018-12-31"}
        pdf, _kind = Report._render_reportlab_pdf(
            f"{name}report", self.district.ids, data=data
        )
        pages = PdfReader(io.BytesIO(pdf)).pages
        text = "".join("".join(page.extract_text() for page in pages).split())
        for part in ("五华区", "华山街道", "92", "85", "52", "61.18", "77", "25"):
            self.assertIn(part, text)
        xlsx, _kind = Report._render_xlsxwriter_xlsx(
            f"{name}workbook", self.district.ids, data=data
        )
        sheet = openpyxl.load_workbook(io.BytesIO(xlsx)).worksheets[0]
        rows = [row for row in sheet.iter_rows(min_row=5, values_only=True) if row[2]]
        self.assertEqual(len(rows), 11, "ten streets and the total")
        self.assertEqual(rows[-1][2:9], (92, 7, 85, 52, 13, 33, 61.18))


class TestLedgerRefusals(LedgerCase):
    """Bad rows are named with their cell, and nothing is saved."""

    def _check_refused(self, row, cell, **options):
        ledger = self._check(make_ledger([row], **options), "台账.xlsx")
        self.assertEqual(ledger.error_count, 1, ledger.line_ids.mapped("message"))
        errors = ledger.line_ids.filtered(lambda line: line.status == "error")
        self.assertEqual(errors.cell, cell)
        self.assertTrue(errors.message)
        with self.assertRaises(UserError):
            ledger.action_apply()
        self.assertFalse(self.Facility.search([]))

    def test_unknown_code(self):
        self._check_refused(
            ["华山街道", "某某社区", "530102001099", "已建成", "2018", 1, 1], "C2"
        )

    def test_code_of_another_community(self):
        self._check_refused(
            ["华山街道", "翠湖西路社区", "530102001002", "已建成", "2018", 1, 1], "B2"
        )

    def test_unknown_community(self):
        self._check_refused(["华山街道", "某某社区", "", "已建成", "2018", 1, 1], "B2")

    def test_unknown_state(self):
        self._check_refused(
            ["华山街道", "翠湖西路社区", "530102001001", "大概", "2018", 1, 1], "D2"
        )

    def test_impossible_date(self):
        self._check_refused(
            ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018.13.1", 1, 1],
            "E2",
        )

    def test_future_date(self):
        self._check_refused(
            ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2999.1.1", 1, 1],
            "E2",
        )

    def test_negative_area(self):
        self._check_refused(
            ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018", -1, 1], "F2"
        )

    def test_text_for_area(self):
        self._check_refused(
            ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018", "很大", 1],
            "F2",
        )

    def test_hours_beyond_a_week(self):
        self._check_refused(
            ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018", 1, 200], "G2"
        )

    def test_home_in_unit_community(self):
        self._check_refused(
            ["华山街道", "翠湖社区", "530102001007", "已建成", "2018", 1, 1], "D2"
        )

    def test_no_date_at_all(self):
        """Without a day the home cannot be placed in time; the ledger's day helps."""
        row = ["华山街道", "翠湖西路社区", "530102001001", "已建成", "", 1, 1]
        self._check_refused(row, "E2")
        ledger = self._check(make_ledger([row]), "台账.xlsx", date="2018-12-31")
        self.assertEqual(ledger.create_count, 1)

    def test_not_a_workbook(self):
        for content in (
            b"",
            b"<html><table></table></html>",
            b"a,b\n1,2\n",
            b"%PDF-1.4",
        ):
            with self.assertRaises(UserError):
                self._check(content, "台账.xls")

    def test_wrong_sheet(self):
        with self.assertRaises(UserError):
            self._check(make_ledger([[1, 2]], heading=["甲", "乙"]), "台账.xlsx")

    def test_going_back(self):
        """A ledger cannot unbuild what the register has as built."""
        built = ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018.5.1", 1, 1]
        self._check(make_ledger([built])).action_apply()
        planned = [*built[:3], "2019年计划", "", "", ""]
        ledger = self._check(make_ledger([planned]), date="2019-01-01")
        self.assertEqual(ledger.error_count, 1)

    def test_none_built_but_registered(self):
        """The contradiction is shown, and the register stays as it is."""
        built = ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018.5.1", 1, 1]
        self._check(make_ledger([built])).action_apply()
        ledger = self._check(
            make_ledger([[*built[:3], "未建", "", "", ""]]), date="2019-01-01"
        )
        self.assertEqual((ledger.warning_count, ledger.error_count), (1, 0))

    def test_correct_the_day(self):
        """A corrected day is kept beside the one that it replaces."""
        row = ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018.5.1", 1, 1]
        self._check(make_ledger([row])).action_apply()
        row[4] = "2017.12.1"
        ledger = self._check(make_ledger([row]))
        self.assertEqual(ledger.change_count, 1)
        ledger.action_apply()
        home = self._home("530102001001")
        self.assertEqual(home.date_state.isoformat(), "2017-12-01")
        self.assertEqual(
            home.status_ids.sorted("id").mapped("is_corrected"), [True, False]
        )
        target = self._create_target(self.district, date="2017-12-31")
        self.assertEqual(target.numerator, 1)


class TestLedgerDays(LedgerCase):
    """The day to which a ledger speaks, where its rows name none."""

    ROWS = (
        ("华山街道", "翠湖西路社区", "530102001001", "已建成", "", 1, 1),
        ("华山街道", "水晶宫社区", "530102001002", "已建成", "", 1, 1),
        ("华山街道", "五华山社区", "530102001003", "已建成", "", 1, 1),
    )

    def _make(self, *days):
        """Return a workbook with a row on each sheet, and a day above it if any."""
        sheets = [
            [[f"截止日期：{day}"], LEDGER_HEADING, row]
            for day, row in zip(days, self.ROWS, strict=False)
        ]
        title, heading, *rows = sheets[0]
        more = list(zip(("二", "三"), sheets[1:], strict=False))
        return make_ledger(rows, heading=heading, title=title, more=more)

    def _days(self, ledger):
        rows = ledger.line_ids.filtered("code").sorted("code")
        return [row.date.isoformat() for row in rows]

    def test_one_day(self):
        """The day of one sheet is that of the others that name none."""
        ledger = self._check(self._make("2018年12月31日", "", "2018-12-31"))
        self.assertEqual(self._days(ledger), ["2018-12-31"] * 3)
        self.assertEqual(ledger.date.isoformat(), "2018-12-31")
        self.assertEqual(ledger.warning_count, 0)

    def test_different_days(self):
        """Each row follows its own sheet, and it is said."""
        ledger = self._check(self._make("2018年12月31日", "2019-06-30"))
        self.assertEqual(self._days(ledger), ["2018-12-31", "2019-06-30"])
        self.assertFalse(ledger.date)
        self.assertEqual(ledger.warning_count, 1)
        ledger.action_check_again()
        self.assertEqual(self._days(ledger), ["2018-12-31", "2019-06-30"])
        ledger.action_apply()
        self.assertEqual(
            self._home("530102001002").date_state.isoformat(), "2019-06-30"
        )

    def test_sheet_without_a_day_beside_different_days(self):
        """Nobody knows which of them is meant."""
        ledger = self._check(self._make("2018年12月31日", "2019-06-30", ""))
        self.assertEqual((ledger.create_count, ledger.error_count), (2, 1))

    def test_day_by_hand(self):
        """It holds for all sheets."""
        ledger = self._check(
            self._make("2018年12月31日", "2019-06-30", ""), date="2019-01-01"
        )
        self.assertEqual(self._days(ledger), ["2019-01-01"] * 3)
        self.assertEqual(ledger.warning_count, 0)

    def test_unit_community_of_the_day(self):
        """A mark counts while it holds."""
        community = self.Region.search([("code", "=", "530102001001")])
        community.write(
            {
                "is_unit_community": True,
                "unit_community_reason": "家属区",
                "date_unit_start": "2019-01-01",
            }
        )
        before = self._check(self._make("2018年12月31日"))
        self.assertEqual((before.create_count, before.error_count), (1, 0))
        after = self._check(self._make("2019年12月31日"))
        self.assertEqual((after.create_count, after.error_count), (0, 1))


class TestLedgerRecord(LedgerCase):
    """The record of an import is evidence: what was applied stays as it was."""

    def setUp(self):
        super().setUp()
        row = ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018.5.1", 1, 1]
        self.content = make_ledger([row])
        self.ledger = self._check(self.content)

    def test_applied_is_kept(self):
        self.ledger.action_apply()
        with self.assertRaises(UserError):
            self.ledger.filename = "另一.xls"
        with self.assertRaises(UserError):
            self.ledger.unlink()
        with self.assertRaises(UserError):
            self.ledger.action_apply()
        with self.assertRaises(AccessError):
            self.ledger.line_ids.sudo().unlink()
        with self.assertRaises(AccessError):
            self.ledger.line_ids.sudo().write({"message": "改"})

    def test_applied_file_is_kept(self):
        """Neither exchanged nor deleted nor covered by another, by any way."""
        Attachment = self.env["ir.attachment"]
        place = {
            "res_model": self.ledger._name,
            "res_field": "file",
            "res_id": self.ledger.id,
        }
        file = Attachment.search([(name, "=", each) for name, each in place.items()])
        self.assertEqual(file.raw, self.content)
        self.ledger.action_apply()
        other = {"name": "另一.xlsx", "raw": b"other"}
        for attempt in (
            lambda: file.write({"raw": b"other"}),
            lambda: file.write({"datas": base64.b64encode(b"other")}),
            lambda: file.write({"res_id": 0}),
            lambda: file.write({"res_field": False}),
            lambda: file.unlink(),
            lambda: Attachment.create({**other, **place}),
            lambda: self.ledger.sudo().write({"file": False}),
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                attempt()
        stray = Attachment.create(other)
        for query in (
            "UPDATE ir_attachment SET store_fname = 'other' WHERE id = %(file)s",
            "UPDATE ir_attachment SET res_id = 0 WHERE id = %(file)s",
            "DELETE FROM ir_attachment WHERE id = %(file)s",
            "UPDATE ir_attachment SET res_model = 'welfare.facility.import', "
            "res_field = 'file', res_id = %(ledger)s WHERE id = %(stray)s",
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                self.cr.execute(
                    query,
                    {"file": file.id, "stray": stray.id, "ledger": self.ledger.id},
                )
        self.env.invalidate_all()
        self.assertEqual(hashlib.sha256(file.raw).hexdigest(), self.ledger.sha256)
        stray.unlink()

    def test_file_may_be_exchanged_before(self):
        self.ledger.file = base64.b64encode(make_ledger([]))
        self.ledger.unlink()

    def test_no_forged_origin(self):
        """Who applied it, its hash and a facility's origin are not to be filled in."""
        for name, value in (
            ("state", "applied"),
            ("sha256", "0" * 64),
            ("applied_uid", self.env.uid),
        ):
            with self.assertRaises(UserError):
                self.ledger.sudo().write({name: value})
        self.ledger.action_apply()
        home = self._home("530102001001").with_user(self.officer)
        with self.assertRaises(UserError):
            home.write({"import_line_id": False})
        with self.assertRaises(UserError):
            self._create_facility(import_line_id=self.ledger.line_ids.id)
        forged = self.Facility.with_context(
            default_import_line_id=self.ledger.line_ids.id
        ).create(self._prepare_facility_vals())
        self.assertFalse(forged.import_line_id)

    def test_new_file_is_checked_at_once(self):
        """What was shown of the former file is gone."""
        self.ledger.file = base64.b64encode(make_ledger([]))
        self.assertEqual(self.ledger.state, "checked")
        self.assertFalse(self.ledger.line_ids)

    def test_what_was_checked_no_longer_holds(self):
        """Another day, type or region asks for a new check."""
        self.ledger.date = "2019-01-01"
        self.assertEqual(self.ledger.state, "draft")
        self.assertFalse(self.ledger.line_ids)
        with self.assertRaises(UserError):
            self.ledger.action_apply()

    def test_file_is_read_once(self):
        """Saved, checked and applied: three requests, one reading."""
        read = "odoo.addons.welfare_facility.models.welfare_import_column.read_workbook"
        with patch(read, side_effect=workbook.read_workbook) as reading:
            self._check(self.content).action_apply()
        self.assertEqual(reading.call_count, 1)

    def test_file_is_not_kept_in_memory(self):
        """Once its cells are read, nothing of it stays until the request ends."""
        kept = [self.ledger._fields["file"]]
        Attachment = self.env["ir.attachment"]
        kept += [Attachment._fields[name] for name in ("raw", "datas", "db_datas")]
        self.env.invalidate_all()
        self.ledger.file = self._encode(make_ledger([]))
        self.ledger.action_check_again()
        for field in kept:
            with self.subTest(field=field.name):
                self.assertFalse(any(field._get_cache(self.ledger.env).values()))

    def test_register_changed_since_check(self):
        """What is applied is what was shown."""
        other = self._check(self.content)
        other.action_apply()
        with self.assertRaises(UserError):
            self.ledger.action_apply()
        self.ledger.action_check_again()
        self.assertEqual(self.ledger.unchanged_count, 1)

    def test_roles(self):
        """Only facility managers of the region import into it."""
        stranger = self._create_user("manager", self.county_a, login="stranger")
        with self.assertRaises(AccessError):
            self._check(self.content, user=stranger)
        auditor = self._create_user("auditor", self.district, login="wuhua_auditor")
        with self.assertRaises(AccessError):
            self._check(self.content, user=auditor)
        with self.assertRaises(AccessError):
            self.ledger.with_user(auditor).action_apply()

    def test_all_or_nothing(self):
        """A failure in the middle of applying leaves nothing."""
        Fund = self.env.registry["welfare.facility.import.fund"]
        with (
            patch.object(Fund, "_take_over", side_effect=ValueError("stop")),
            self.assertRaises(ValueError),
            self.cr.savepoint(),
        ):
            self.ledger.action_apply()
        self.assertFalse(self.Facility.search([]))
        self.assertEqual(self.ledger.state, "checked")


class TestLedgerProgress(LedgerCase):
    """How far a long request is, on the screen of who waits for it."""

    def _say(self, moments, *steps):
        """Return what the screen is told, when the steps are made at these moments."""
        # One whom this test has made is unknown to the transaction of the message.
        user = self.env.ref("base.user_admin")
        Import = self.env["welfare.facility.import"].with_user(user)
        Bus = self.env.registry["bus.bus"]
        clock = "odoo.addons.welfare_facility.models.welfare_progress_mixin.time"
        with (
            patch.object(Bus, "_sendone") as send,
            patch(f"{clock}.monotonic", side_effect=moments),
        ):
            report = Import._progress("台账.xls")
            for step in steps:
                report(*step)
        calls = send.call_args_list
        for call in calls:
            self.assertEqual(call.args[0], user.partner_id)
            self.assertEqual(call.args[1], "welfare_facility.progress")
            self.assertEqual(call.args[2]["label"], "台账.xls")
        return [(call.args[2]["done"], call.args[2]["total"]) for call in calls]

    def test_the_screen_is_told_now_and_then(self):
        """Twice a second, and at the end."""
        steps = [(done, 65000) for done in (2000, 4000, 6000, 8000, 65000)]
        said = self._say([0, 0.1, 0.6, 0.7, 1.2, 1.3], *steps)
        self.assertEqual(said, [(4000, 65000), (8000, 65000), (65000, 65000)])

    def test_what_is_quick_says_nothing(self):
        self.assertEqual(self._say([0, 0.1, 0.2], (2000, 4000), (4000, 4000)), [])

    def test_both_halves_report(self):
        """The check and the application, by the rows of the file."""
        row = ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018.5.1", 1, 1]
        other = [row[0], "水晶宫社区", "530102001002", *row[3:]]
        said = []
        Import = self.env.registry["welfare.facility.import"]
        self.patch(Import, "_progress", lambda *_args: lambda *step: said.append(step))
        self.patch(ledger_planner, "BATCH", 1)
        ledger = self._check(make_ledger([row, other]))
        self.assertEqual(said, [(2, 3), (3, 3)])
        ledger.action_apply()
        self.assertEqual(said[2:], [(2, 2)])
