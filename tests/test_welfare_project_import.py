from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from .common import make_ledger
from .test_welfare_facility_import import LedgerCase
from .test_welfare_facility_log import LogCase

PLACE = ["华山街道", "翠湖西路社区", "530102001001"]


class TestLedgerOfProjects(LedgerCase):
    """The yearly ledger beside projects that are under way."""

    def _status(self, state, day):
        return make_ledger([[*PLACE, state, day, "", ""]])

    def test_what_a_project_builds_is_not_accepted_by_a_ledger(self):
        planned = self._check(make_ledger([[*PLACE, "计划", "2019.1.1", "", ""]]))
        planned.action_apply()
        home = self._home(PLACE[2])
        self.assertEqual(home.state, "planned")
        built = self._status("已建成", "2019.10.1")
        before = self._check(built)
        self.assertEqual((before.change_count, before.error_count), (1, 0))
        project = self._create_project(
            self.district, state="construction", facility_ids=[Command.link(home.id)]
        )
        ledger = self._check(built)
        self.assertEqual((ledger.change_count, ledger.error_count), (0, 1))
        self.assertIn(project.number, ledger.line_ids.message)
        # A project that was begun since the check makes it out of date.
        with self.assertRaises(UserError):
            before.action_apply()
        self.assertEqual(home.state, "under_construction")

        # Its acceptance opens the home; the ledger then finds nothing to change.
        while project.state != "handover":
            self._fulfil_gates(project)
            project._complete_stage(self._today())
        again = self._check(self._status("已建成", ""), date=self._today())
        self.assertEqual((again.unchanged_count, again.error_count), (1, 0))
        history = home.status_ids
        again.action_apply()
        self.assertEqual(home.status_ids, history, "the same ledger changes nothing")

    def _today(self):
        return self.env["welfare.facility.log"]._default_date()


class TestLogOfProjects(LogCase):
    """What the site log tells of a project."""

    def test_progress_shows_at_the_project(self):
        home = self._create_facility(self.street_a, date_state="2019-01-01")
        project = self._create_project(
            state="construction", facility_ids=[Command.link(home.id)]
        )
        self.env.flush_all()
        entry = self.Log.with_user(self.manager).new(
            {"facility_id": home.id, "kind": "progress"}
        )
        entry._onchange_project()
        self.assertEqual(entry.project_id._origin, project)
        log = self._log(
            facility_id=home.id,
            kind="progress",
            note="吊顶完成",
            project_id=project.id,
        )
        self.env.invalidate_all()
        self.assertEqual(project.with_user(self.auditor).log_ids, log)
        with self.assertRaisesRegex(ValidationError, "does not build"):
            self._log(kind="progress", note="别处", project_id=project.id)
