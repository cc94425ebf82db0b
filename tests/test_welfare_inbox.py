import io

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools.pdf import PdfReader

from .common import WelfareCase, approve


class InboxCase(WelfareCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator.welfare_region_ids = cls.province
        cls.head = cls._create_user("approver_head", cls.province, login="bureau_head")

    def _submit_exceptions(self, *reasons):
        documents = self.env["welfare.duty.exception"].create(
            [
                self._prepare_duty_exception_vals(
                    reason=reason,
                    user_id=user.id,
                )
                for reason, user in zip(
                    reasons, self.user_by_role.values(), strict=False
                )
            ]
        )
        documents.with_user(self.administrator).action_submit()
        return documents


class TestInbox(InboxCase):
    """What an approver sees, what is printed, and who reads of incompatible duties."""

    def _get_inbox(self, user):
        return self.env["welfare.approval.request"].with_user(user).get_inbox()

    def test_an_inbox_shows_what_waits_and_empties(self):
        self._submit_exceptions("甲", "乙", "丙")
        Request = self.env["welfare.approval.request"].with_user(self.head)
        page = self._get_inbox(self.head)
        self.assertEqual(page["length"], 3)
        first, second, third = page["records"]
        details = Request.browse(first["id"]).get_details()
        self.assertEqual(details["requester"], self.administrator.name)
        self.assertEqual([step["state"] for step in details["steps"]][0], "current")
        Request.browse(first["id"]).action_approve(first["fingerprint"])
        Request.action_approve_shown(
            [[row["id"], row["fingerprint"]] for row in (second, third)]
        )
        self.assertEqual(self._get_inbox(self.head)["length"], 0)

    def test_what_was_not_shown_is_not_approved(self):
        self._submit_exceptions("甲", "乙")
        first, second = self._get_inbox(self.head)["records"]
        with self.assertRaises(UserError):
            self.env["welfare.approval.request"].with_user(
                self.head
            ).action_approve_shown(
                [[first["id"], first["fingerprint"]], [second["id"], "0" * 64]]
            )
        self.assertEqual(self._get_inbox(self.head)["length"], 2)

    def test_details_are_for_who_may_read(self):
        document = self._submit_exceptions("甲")
        foreign = self._create_user("approver", self.county_b, login="foreign")
        with self.assertRaises(AccessError):
            document.approval_request_id.with_user(foreign).get_details()

    def test_a_sheet_names_people_times_and_fingerprint(self):
        document = self._submit_exceptions("只有两个人")
        request = document.approval_request_id
        request.with_user(self.head).action_return(request.fingerprint, "写清到何时")
        document.reason = "只有两个人，到年底"
        approve(document)
        text = self._print(
            "welfare_approval_sheet_report", document.approval_request_id
        )
        approved = document.approval_request_id
        for part in (
            document.display_name,
            approved.fingerprint[:32],
            approved.decision_ids.user_id.name,
            "写清到何时",
            "只有两个人，到年底",
        ):
            self.assertIn("".join(part.split()), text)

    def test_a_sheet_of_money(self):
        """The amount in figures and in capitals (大写)."""
        appropriation = self._create_appropriation(amount_initial=450_000)
        approve(appropriation)
        text = self._print(
            "welfare_approval_sheet_report", appropriation.approval_request_id
        )
        for part in ("450,000.00", "人民币肆拾伍万元整", appropriation.number):
            self.assertIn(part, text)

    def test_the_duty_report_is_for_auditors(self):
        Report = self.env["welfare.duty.report"]
        for role, user in self.user_by_role.items():
            report = Report.with_user(user)
            if role in ("auditor", "administrator"):
                self.assertIn("roles", report.get_report())
            else:
                with self.assertRaises(AccessError):
                    report.get_report()

    def test_the_duty_report_names_conflicts_and_exceptions(self):
        both = self._create_user("finance", self.county_a, login="both")
        both.write({"name": "一人两岗"})
        row = (
            self.env["welfare.duty.conflict"]
            .search(
                [("duty_id.group_id", "!=", False), ("other_id.group_id", "!=", False)]
            )
            .filtered(lambda row: row.duty_id.group_id != row.other_id.group_id)[:1]
        )
        both.group_ids |= row.duty_id.group_id | row.other_id.group_id
        document = self.env["welfare.duty.exception"].create(
            self._prepare_duty_exception_vals(
                user_id=both.id,
                conflict_id=row.id,
                date_from=fields.Date.today(),
                date_to=fields.Date.add(fields.Date.today(), months=3),
            )
        )
        report = self.env["welfare.duty.report"].with_user(self.auditor)
        found = [
            line
            for line in report.get_report()["roles"]
            if line["user"] == both.name and line["duties"] == row.display_name
        ]
        self.assertEqual([line["exception"] for line in found], [""])
        approve(document).action_put_into_effect()
        data = report.get_report()
        found = [
            line
            for line in data["roles"]
            if line["user"] == both.name and line["duties"] == row.display_name
        ]
        self.assertIn("只有两人", found[0]["exception"])
        self.assertEqual([line["user"] for line in data["exceptions"]], [both.name])
        text = self._print(
            "welfare_duty_report", self.env["welfare.duty.conflict"].search([])
        )
        for part in (both.name, "只有两人"):
            self.assertIn(part, text)

    def test_a_day_of_the_duty_report_is_the_readers(self):
        report = self.env["welfare.duty.report"].with_context(tz="Asia/Shanghai")
        midnight = report._get_midnight(fields.Date.to_date("2024-01-01"))
        self.assertEqual(str(midnight), "2023-12-31 16:00:00")

    def _print(self, name, records):
        Report = self.env["ir.actions.report"].with_user(self.auditor)
        content, _extension = Report._render_reportlab_pdf(
            f"welfare_facility.{name}", records.ids
        )
        pages = PdfReader(io.BytesIO(content)).pages
        return "".join("".join(page.extract_text().split()) for page in pages)


@tagged("post_install", "-at_install")
class TestInboxTour(InboxCase, HttpCase):
    """An approver decides on a phone."""

    browser_size = "390x844"
    touch_enabled = True

    def test_inbox(self):
        documents = self._submit_exceptions("甲", "乙", "丙", "丁")
        self.start_tour("/odoo/welfare-inbox", "welfare_inbox", login=self.head.login)
        states = documents.mapped("approval_request_id").sorted("id").mapped("state")
        self.assertEqual(states, ["granted", "returned", "granted", "granted"])
