"""The trail in people's words, and who reads what of it."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.audit_words import AuditWords
from .common import WelfareCase


class TestAuditReading(WelfareCase):
    """What an auditor reads."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["welfare.audit.event"].with_user(cls.auditor)
        cls.Snapshot = cls.env["welfare.audit.snapshot"].with_user(cls.auditor)
        cls.facility = cls._create_facility(cls.community_a, name="甲之家")
        cls.env.flush_all()

    def _last(self, record):
        return self.Event.browse(self._events(record)[-1:].id)

    def _now(self):
        self.env.flush_all()
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        return self.env.cr.fetchone()[0]

    def _history(self, record):
        action = self.Event.action_open_history(record._name, record.id)
        return self.Event.search(action["domain"])

    # === WORDS === #

    def test_a_change_in_words(self):
        partner = self.env["res.partner"].create({"name": "新机构"})
        self.facility.write(
            {"operator_id": partner.id, "premises": "rented", "area_indoor": 120.5}
        )
        lines = self._last(self.facility).changes.splitlines()
        names = self.facility._fields
        label = names["operator_id"]._description_string(self.env)
        self.assertIn(f"{label}: (empty) → 新机构", lines)
        label = names["premises"]._description_string(self.env)
        self.assertIn(f"{label}: (empty) → Rented", lines)
        area = next(line for line in lines if "m²" in line)
        self.assertTrue(area.endswith("→ 120.50"), area)
        self.assertNotIn("{", self._last(self.facility).changes)

    def test_no_event_shows_what_is_stored(self):
        """Neither JSON, nor names of columns, for any event of any model."""
        for event in self.Event.search([]):
            for line in (event.changes or "").splitlines():
                with self.subTest(event=event.id, kind=event.kind):
                    self.assertNotRegex(line, r"^\w+_\w+:|: [{\[]\"|None|no longer in")

    def test_every_type_has_words(self):
        words = AuditWords(self.env)
        for model, field, stored, told in (
            ("welfare.fund.entry", "posted_at", "2026-01-02T03:04:05.678", "2026"),
            ("welfare.fund.entry", "posted_at", "2026-01-02T03:04:05", "2026"),
            ("welfare.fund.entry", "date", "2026-01-02", "01/02/2026"),
            ("welfare.fund.entry", "amount", 1234567.5, "1,234,567.50"),
            ("welfare.fund.entry", "kind", "receive", "Received"),
            ("welfare.fund.entry", "kind", "long gone", "long gone"),
            ("welfare.fund.entry", "res_model", "welfare.allotment", "Allotment"),
            ("welfare.rule", "active", False, "No"),
            ("welfare.fund.source", "name", {"en_US": "County"}, "County"),
            ("welfare.fund.source", "a_column_of_the_past", 7, "7"),
            ("welfare.facility", "name", None, ""),
        ):
            with self.subTest(field=field, stored=stored):
                self.assertIn(told, words.value(model, field, stored))

    def test_a_deleted_name_is_kept(self):
        partner = self.env["res.partner"].create({"name": "旧机构"})
        self.facility.operator_id = partner
        self.env.flush_all()
        event = self._last(self.facility)
        self.facility.operator_id = False
        self.env.flush_all()
        partner.unlink()
        self.env.invalidate_all()
        self.assertIn("旧机构", event.changes)

    def test_a_deleted_record_can_be_read(self):
        facility = self._create_facility(self.street_a, name="被删之家")
        before = self._now()
        # The screen counts seconds.
        self.env.cr.execute("SELECT pg_sleep(1)")
        before = before.replace(microsecond=0) + timedelta(seconds=1)
        facility.unlink()
        self.env.flush_all()
        action = self.env.ref("welfare_facility.welfare_audit_event_deleted_action")
        deleted = self.Event.search(
            [
                ("operation", "=", "delete"),
                ("parent_id", "=", False),
                ("is_relation", "=", False),
            ],
            limit=1,
        )
        self.assertIn("is_relation", action.domain)
        self.assertEqual(deleted.subject, "被删之家")
        history = self.Event.search(deleted.action_open_record_history()["domain"])
        self.assertLessEqual({"insert", "delete"}, set(history.mapped("operation")))
        snapshot = self.Snapshot.create(
            {"res_model": facility._name, "res_id": facility.id, "date": before}
        )
        self.assertIn("被删之家", snapshot.contents)
        snapshot.date = fields.Datetime.add(before, minutes=1)
        self.assertFalse(snapshot.contents)

    def test_the_history_has_lines_and_files(self):
        self.env["ir.attachment"].create(
            {
                "name": "照片.txt",
                "raw": b"1",
                "res_model": self.facility._name,
                "res_id": self.facility.id,
            }
        )
        self.env.flush_all()
        models = set(self._history(self.facility).mapped("model"))
        self.assertEqual(
            models, {"welfare.facility", "welfare.facility.status", "ir.attachment"}
        )

    def test_direct_sql_says_so(self):
        self.env.cr.execute("RESET welfare.actor")
        self.env.cr.execute(
            "UPDATE welfare_facility SET plan_year = 2030 WHERE id = %s",
            [self.facility.id],
        )
        event = self._last(self.facility)
        self.assertIn(event.db_user, event.actor)
        self.assertFalse(event.user_id)
        self.assertIn(event, self.Event.search([("user_id", "=", False)]))

    def test_a_deleted_user_is_named(self):
        self.env.flush_all()
        self.env.cr.execute("SET welfare.actor = '999999999 10.1.2.3'")
        self.env.cr.execute(
            "UPDATE welfare_facility SET plan_year = 2030 WHERE id = %s",
            [self.facility.id],
        )
        event = self._last(self.facility)
        self.assertIn("999999999", event.actor)
        self.assertEqual(event.request_address, "10.1.2.3")
        # The screens read it as they read any other.
        self.Event.search([("id", "=", event.id)]).web_read(
            {"actor": {}, "act": {}, "subject": {}, "changes": {}, "changes_html": {}}
        )

    # === AS IT STOOD === #

    def test_a_record_as_it_stood(self):
        first = self._now()
        self.facility.write({"name": "乙之家", "plan_year": 2020})
        second = self._now()
        self.facility.write({"name": "丙之家"})
        self.env.flush_all()
        at = self.Event._find_values
        self.assertEqual(
            at(self.facility._name, self.facility.id, first)["name"], "甲之家"
        )
        values = at(self.facility._name, self.facility.id, second)
        self.assertEqual((values["name"], values["plan_year"]), ("乙之家", 2020))
        self.assertEqual(
            at(self.facility._name, self.facility.id, self._now())["name"], "丙之家"
        )
        self.assertIsNone(
            at(
                self.facility._name,
                self.facility.id,
                fields.Datetime.from_string("2001-01-01 00:00:00"),
            )
        )

    def test_relations_as_they_stood(self):
        before = self._now()
        self.manager.write({"welfare_region_ids": [Command.set(self.county_b.ids)]})
        self.env.flush_all()
        self.manager.write({"welfare_region_ids": [Command.clear()]})
        self.env.flush_all()
        values = self.Event._find_values("res.users", self.manager.id, before)
        self.assertEqual(values["welfare_region_ids"], (self.county_a.id,))

    # === WHO READS WHAT === #

    def _open_snapshot(self, record):
        vals = {"res_model": record._name, "res_id": record.id}
        return self.Snapshot.create(vals).contents

    def test_events_of_other_counties_are_not_seen(self):
        other = self._create_facility(self.street_b, name="乙县之家")
        self.env.flush_all()
        self.assertFalse(
            self.Event.search([("model", "=", other._name), ("res_id", "=", other.id)])
        )
        with self.assertRaises(AccessError):
            self.Event.action_open_history(other._name, other.id)
        with self.assertRaises(AccessError):
            self._open_snapshot(other)
        other.unlink()
        self.env.flush_all()
        with self.assertRaises(AccessError):
            self._open_snapshot(other)
        with self.assertRaises(AccessError):
            self.Event.action_open_history(other._name, other.id)

    def test_the_history_of_a_key(self):
        """The address holds nothing but the key: it finds what the page has shown."""
        shown = self._history(self.facility)
        key = self.Event._make_key(self.facility._name, self.facility.id)
        self.assertTrue(shown)
        for value in (key, str(key)):
            self.assertEqual(self.Event.search([("history_of", "=", value)]), shown)
        self.assertLess(key, 2**53, "JavaScript would round it")
        wizard = self.Event.with_context(welfare_history=key).action_open_snapshot()
        self.assertEqual(
            (
                wizard["context"]["default_res_model"],
                wizard["context"]["default_res_id"],
            ),
            (self.facility._name, self.facility.id),
        )
        for value in ("x", 0, -7, False, "1,2", self.facility.id):
            self.assertFalse(self.Event.search([("history_of", "=", value)]))

    def test_other_models_have_no_history(self):
        for model in ("res.company", "no.such.model", "ir.config_parameter"):
            with self.assertRaises(AccessError):
                self.Event.action_open_history(model, 1)

    def test_rules_are_seen_by_every_auditor(self):
        rule = self.env["welfare.rule"].search([], limit=1)
        rule.is_verified = True
        self.env.flush_all()
        self.assertTrue(self._last(rule).changes)

    def test_other_roles_read_nothing(self):
        for role in ("finance", "procurement", "manager", "approver"):
            with self.assertRaises(AccessError):
                self.Event.with_user(self.user_by_role[role]).action_open_history(
                    self.facility._name, self.facility.id
                )

    # === PRINTS AND EXPORTS === #

    def test_an_export_is_recorded(self):
        facility = self.facility.with_user(self.manager)
        facility.export_data(["name"])
        event = self._last(self.facility)
        self.assertEqual(event.operation, "export")
        self.assertEqual(event.region_id, self.community_a)

    def test_a_large_export_is_one_event(self):
        days = self.env["welfare.workday.exception"].create(
            [
                {"date": f"203{year}-{month:02}-{day:02}", "name": "试"}
                for year in range(2)
                for month in range(1, 13)
                for day in range(1, 6)
            ]
        )
        days.export_data(["name"])
        event = self.Event.search([("operation", "=", "export")], limit=1)
        self.assertEqual(event.new_values["ids"], days.ids)


@tagged("post_install", "-at_install")
class TestAuditRequests(WelfareCase, HttpCase):
    """Through HTTP, as people work."""

    def test_a_request_has_a_user_and_an_address(self):
        facility = self._create_facility(self.street_a)
        self.authenticate(self.manager.login, self.manager.login)
        self.make_jsonrpc_request(
            "/web/dataset/call_kw/welfare.facility/write",
            {
                "model": "welfare.facility",
                "method": "write",
                "args": [facility.ids, {"plan_year": 2044}],
                "kwargs": {"context": {"tracking_disable": True, "no_audit": 1}},
            },
        )
        event = self._events(facility)[-1:]
        self.assertEqual(event.new_values, {"plan_year": 2044})
        self.assertEqual(event.user_id, self.manager)
        self.assertEqual(event.request_address, "127.0.0.1")

    def test_a_call_creates_a_record_of_any_model(self):
        """Every model's create() goes through ours: it must stay what it is to RPC."""
        employee = self._create_user("administrator", self.county_a, login="rpc")
        self.authenticate(employee.login, employee.login)
        created = self.make_jsonrpc_request(
            "/web/dataset/call_kw/welfare.facility.type/create",
            {
                "model": "welfare.facility.type",
                "method": "create",
                "args": [{"name": "试验类型", "code": "rpc_test"}],
                "kwargs": {},
            },
        )
        self.assertTrue(self.env["welfare.facility.type"].browse(created).exists())

    def test_a_call_has_a_user(self):
        facility = self._create_facility(self.street_a)
        # Odoo warns that this way in will go.
        with mute_logger("odoo.addons.rpc.controllers.xmlrpc"):
            self.xmlrpc_object.execute_kw(
                self.env.cr.dbname,
                self.manager.id,
                self.manager.login,
                "welfare.facility",
                "write",
                [facility.ids, {"plan_year": 2045}],
            )
        self.assertEqual(self._events(facility)[-1:].user_id, self.manager)

    def test_a_print_is_recorded(self):
        self.authenticate(self.auditor.login, self.auditor.login)
        report = self.env["ir.actions.report"].search(
            [("model", "=", "welfare.facility"), ("report_type", "=", "reportlab-pdf")],
            limit=1,
        )
        facility = self._create_facility(self.street_a)
        response = self.url_open(
            f"/report/reportlab/{report.report_name}/{facility.id}"
        )
        self.assertEqual(response.status_code, 200)
        event = self._events(facility, operation="print")
        self.env["welfare.audit.event"]._record("print", "welfare.audit.seal")
        kind = self.env["welfare.audit.event"].search([], limit=1).kind
        self.assertEqual(kind, self.env["ir.model"]._get("welfare.audit.seal").name)
        self.assertEqual(event.user_id, self.auditor)
        self.assertTrue(event.note)

    def test_workbooks_that_are_taken_are_recorded(self):
        self.authenticate(self.manager.login, self.manager.login)
        ledger = self._create_facility_import()
        Event = self.env["welfare.audit.event"]
        for path, record in (
            ("import/template", None),
            ("standard/template", None),
            (f"import/{ledger.id}/errors", ledger.id),
        ):
            with self.subTest(path=path):
                response = self.url_open(f"/welfare_facility/{path}")
                self.assertEqual(response.status_code, 200)
                event = Event.search([("operation", "=", "export")], limit=1)
                self.assertEqual(event.user_id, self.manager)
                self.assertEqual(event.res_id or None, record)
                self.assertTrue(event.note.endswith(".xlsx"), event.note)
