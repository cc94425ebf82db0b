from datetime import timedelta

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import mute_logger

from .test_welfare_facility_log import LogCase


class TestRectification(LogCase):
    """A defect is found by one and closed by another than the one who fixed it."""

    def _find(self, **vals):
        vals = {"kind": "defect", "note": "插座外露", **vals}
        return self._log(**vals).rectification_ids

    def _fix(self, defect, user=None, **vals):
        photo = self._take(user, color=next(self._numbers["fix"]))
        return self._log(
            user,
            note="已装防护盖",
            fixes_id=defect.id,
            photo_ids=[Command.link(photo.id)],
            **vals,
        )

    def test_found_fixed_and_closed(self):
        before = self._take(color=200)
        defect = self._find(
            responsible_id=self.colleague.id, photo_ids=[Command.link(before.id)]
        )
        self.assertEqual(
            (defect.state, defect.responsible_id), ("open", self.colleague)
        )
        self.assertEqual(defect.activity_ids.user_id, self.colleague)
        self.assertEqual(defect.activity_ids.date_deadline, defect.date_due)
        action = defect.with_user(self.colleague).action_report_fixed()
        Log = self.Log.with_user(self.colleague).with_context(**action["context"])
        after = self._take(self.colleague, color=201)
        Log.create({"note": "已装防护盖", "photo_ids": [Command.link(after.id)]})
        self.assertEqual((defect.state, defect.fixed_by_id), ("fixed", self.colleague))
        self.assertEqual((defect.photo_ids, defect.fix_photo_ids), (before, after))
        self.assertEqual(
            defect.activity_ids.user_id, self.manager, "who found it looks"
        )
        defect.with_user(self.manager).action_close()
        self.assertEqual((defect.state, defect.closed_by_id), ("closed", self.manager))
        self.assertFalse(defect.activity_ids)

    def test_the_due_day_follows_the_rule(self):
        ordinary = self._find(date=self.today - timedelta(days=1))
        self.assertEqual((ordinary.date_due - ordinary.date_found).days, 30)
        hazard = self._find(severity="hazard")
        self.assertEqual((hazard.date_due - self.today).days, 7)
        log = ordinary.log_id
        log.severity = "hazard"
        self.assertEqual((ordinary.date_due - ordinary.date_found).days, 7)

    def test_who_fixed_it_does_not_close_it(self):
        defect = self._find()
        self._fix(defect)
        with self.assertRaises(UserError):
            defect.with_user(self.manager).action_close()
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.env.cr.savepoint(),
        ):
            defect.with_user(self.manager)._set_state("closed")
        self.env.invalidate_all()
        self.assertRefusedByDatabase(
            "UPDATE welfare_rectification SET state = 'closed', closed_by_id = "
            "fixed_by_id WHERE id = %s",
            defect.id,
        )
        self.assertRefusedByDatabase(
            "UPDATE welfare_rectification SET fixed_by_id = %s WHERE id = %s",
            self.colleague.id,
            defect.id,
        )
        defect.with_user(self.colleague).action_close()
        self.assertRefusedByDatabase(
            "UPDATE welfare_rectification SET closed_by_id = %s WHERE id = %s",
            self.auditor.id,
            defect.id,
        )

    def test_nothing_is_closed_before_it_was_fixed(self):
        defect = self._find()
        with self.assertRaises(UserError):
            defect.with_user(self.colleague).action_close()
        with self.assertRaises(UserError):
            defect.sudo().write({"state": "closed"})
        self.assertRefusedByDatabase(
            "UPDATE welfare_rectification SET state = 'closed' WHERE id = %s", defect.id
        )

    def test_fixing_is_shown_by_a_photo(self):
        defect = self._find()
        with self.assertRaises(UserError):
            self._log(fixes_id=defect.id)
        self.assertEqual(defect.state, "open")

    def test_a_fix_is_of_the_same_facility(self):
        other = self._create_facility(self.street_a)
        defect = self._find()
        with self.assertRaises(UserError):
            self._fix(defect, facility_id=other.id)

    def test_what_is_not_fixed_is_sent_back(self):
        defect = self._find()
        first = self._fix(defect)
        seen = defect.with_user(self.colleague)
        with self.assertRaises(UserError):
            seen.action_send_back()
        seen.review = "盖子松动"
        seen.action_send_back()
        self.assertEqual(defect.state, "open")
        self.assertFalse(defect.fixed_by_id)
        second = self._fix(defect)
        self.assertEqual(defect.fix_log_ids, first + second)
        seen.action_close()

    def test_an_approver_closes_and_no_other_role(self):
        defect = self._find()
        self._fix(defect)
        for role in ("finance", "procurement", "auditor", "administrator"):
            with self.subTest(role=role), self.assertRaises(AccessError):
                defect.with_user(self.user_by_role[role]).action_close()
        defect.with_user(self.user_by_role["approver"]).action_close()
        self.assertEqual(defect.state, "closed")

    def test_it_is_opened_by_the_log_alone(self):
        log = self._log()
        for user in (self.manager, self.user_by_role["approver"]):
            with self.assertRaises(AccessError):
                self.env["welfare.rectification"].with_user(user).create(
                    {
                        "log_id": log.id,
                        "facility_id": self.home.id,
                        "date_due": self.today,
                        "responsible_id": user.id,
                    }
                )

    def test_an_inspection_may_become_a_defect_and_not_back(self):
        log = self._log()
        log.kind = "defect"
        self.assertTrue(log.rectification_ids)
        with self.assertRaises(UserError):
            log.kind = "inspection"

    def test_a_corrected_defect_opens_no_second_one(self):
        defect = self._find()
        again = self._log(kind="defect", note="两处", corrects_id=defect.log_id.id)
        self.assertFalse(again.rectification_ids)

    def test_nothing_is_deleted(self):
        defect = self._find()
        with self.assertRaises(UserError):
            defect.sudo().unlink()
        self.assertRefusedByDatabase(
            "DELETE FROM welfare_rectification WHERE id = %s", defect.id
        )

    def test_what_is_overdue_is_recalled(self):
        late = self._find(date=self.today - timedelta(days=40))
        soon = self._find()
        domain = [("state", "=", "open"), ("date_due", "<", "today")]
        Rectification = self.env["welfare.rectification"]
        self.assertEqual(Rectification.search(domain), late)
        self.assertEqual(late.days_late, 10)

        def count(record):
            return self.env["mail.message"].search_count(
                [
                    ("model", "=", record._name),
                    ("res_id", "=", record.id),
                    ("message_type", "=", "user_notification"),
                ]
            )

        Rectification._cron_remind()
        Rectification._cron_remind()
        self.assertEqual((count(late), count(soon)), (1, 0), "once in a week")

    def test_people_are_told_in_their_own_language(self):
        """Whoever is at work: a colleague who reads English, or a job of the night."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.colleague.lang = "zh_CN"
        late = self._find(
            date=self.today - timedelta(days=40), responsible_id=self.colleague.id
        )
        self.assertRegex(late.activity_ids.summary, "[\u4e00-\u9fff]")
        self.env["welfare.rectification"]._cron_remind()
        subjects = {
            user: self.env["mail.message"]
            .search(
                [
                    ("model", "=", late._name),
                    ("res_id", "=", late.id),
                    ("message_type", "=", "user_notification"),
                    ("notified_partner_ids", "in", user.partner_id.ids),
                ],
                order="id desc",
                limit=1,
            )
            .subject
            for user in (self.colleague, self.manager)
        }
        self.assertRegex(subjects[self.colleague], "^[\u4e00-\u9fff]")
        self.assertIn("Overdue", subjects[self.manager])

    def test_more_time_with_a_reason_by_another(self):
        defect = self._find(responsible_id=self.colleague.id)
        log = defect.log_id
        before = defect.date_due
        later = before + timedelta(days=10)
        Extension = self.env["welfare.rectification.extension"]
        vals = {"rectification_id": defect.id, "date_due": later, "reason": "等配件"}
        with self.assertRaisesRegex(UserError, "another person"):
            defect.with_user(self.colleague).action_extend()
        with self.assertRaisesRegex(UserError, "another person"):
            Extension.with_user(self.colleague).create(vals)
        with self.assertRaises(AccessError):
            Extension.with_user(self.user_by_role["finance"]).create(vals)
        approver = self.user_by_role["approver"]
        for wrong in ({"reason": " "}, {"date_due": before}):
            with (
                self.subTest(wrong=wrong),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                Extension.with_user(approver).create({**vals, **wrong})
        action = defect.with_user(approver).action_extend()
        form = Extension.with_user(approver).with_context(**action["context"])
        extension = form.create({"date_due": later, "reason": "等配件"})
        self.assertEqual((defect.date_due, extension.date_before), (later, before))
        self.assertEqual(defect.activity_ids.date_deadline, later)
        self.assertIn("等配件", defect.message_ids[:1].body)
        log.severity = "hazard"
        self.assertEqual(defect.date_due, later, "the extension holds")
        with self.assertRaises(AccessError):
            extension.with_user(approver).reason = "另一个理由"
        self._age(log)
        self.assertRefusedByDatabase(
            "UPDATE welfare_rectification SET date_due = date_due + 1 WHERE id = %s",
            defect.id,
        )
        self.assertRefusedByDatabase(
            "INSERT INTO welfare_rectification_extension "
            "(rectification_id, date_before, date_due, reason, create_uid) "
            "VALUES (%s, %s, %s, 'x', %s)",
            defect.id,
            later,
            later + timedelta(days=1),
            self.colleague.id,
        )
        self._fix(defect)
        with self.assertRaisesRegex(UserError, "waits for no fixing"):
            Extension.with_user(approver).create(vals)

    def test_the_responsible_person_changes(self):
        defect = self._find()
        defect.with_user(self.manager).responsible_id = self.colleague
        self.assertEqual(defect.activity_ids.user_id, self.colleague)


class TestSilence(LogCase):
    def test_the_watcher_is_asked_once(self):
        self.home.responsible_id = self.manager.partner_id
        self.Facility._cron_watch_sites()
        self.Facility._cron_watch_sites()
        self.assertEqual(self.home.activity_ids.user_id, self.manager)
        self.assertEqual(len(self.home.activity_ids), 1)

    def test_the_watcher_is_asked_in_his_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.manager.lang = "zh_CN"
        self.home.responsible_id = self.manager.partner_id
        self.Facility._cron_watch_sites()
        self.assertRegex(self.home.activity_ids.summary, "[\u4e00-\u9fff]")
