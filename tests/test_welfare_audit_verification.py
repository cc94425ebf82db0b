import io
import os
import re
import tempfile
import zipfile
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfReader

from ..reports import layout
from ..tools import audit_key
from ..verifier import welfare_verify as verifier
from .common import WelfareCase


class AuditCase(WelfareCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Seal = cls.env["welfare.audit.seal"]
        cls.Verification = cls.env["welfare.audit.verification"].with_user(cls.auditor)

    def _verify(self, **vals):
        verification = self.Verification.create(vals)
        verification.action_verify()
        return verification

    def _print(self, report, records, user=None):
        Report = self.env["ir.actions.report"].with_user(user or self.auditor)
        content, _kind = Report._render_reportlab_pdf(
            f"welfare_facility.{report}", records.ids
        )
        pages = PdfReader(io.BytesIO(content)).pages
        return [re.sub(r"\s", "", page.extract_text()) for page in pages]


@tagged("post_install", "-at_install")
class TestVerification(AuditCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry_enter_test_mode_cls()

    def test_a_sound_trail(self):
        self._create_facility()
        self.env.flush_all()
        verification = self._verify()
        self.assertFalse(verification.verdict)
        self.assertEqual(verification.state, "sound")
        last = self.Seal._get_last()
        self.assertEqual(verification.head, last._make_head())
        self.assertEqual(verification.event_count, last.last_n)
        self.assertEqual(verification.waiting_count, 0)
        self.assertGreater(verification.record_count, 0)
        self.assertTrue(verification.first_event_at <= verification.last_event_at)
        again = self._verify(printed_head=verification.head)
        self.assertEqual(again.state, "sound")
        self.assertIn(f"seal {last.id} is in the chain", again.verdict)

    def test_faults_are_told_in_the_language_of_the_reader(self):
        rule = self.env["welfare.rule"].create(
            {
                **{"code": "x", "name": "x", "unit": "x", "value": 1, "state": "draft"},
                **{"date_from": "2020-01-01", "source": "x"},
            }
        )
        self.env.flush_all()
        self.env.cr.execute(
            """
            SET CONSTRAINTS ALL IMMEDIATE;
            UPDATE welfare_rule SET value = value + 1 WHERE id = %(id)s;
            ALTER TABLE welfare_rule DISABLE TRIGGER welfare_audit_update;
            UPDATE welfare_rule SET value = value + 1 WHERE id = %(id)s;
            ALTER TABLE welfare_rule ENABLE ALWAYS TRIGGER welfare_audit_update;
            """,
            {"id": rule.id},
        )
        verification = self._verify()
        self.assertEqual((verification.state, verification.fault_count), ("faulty", 1))
        self.assertEqual(
            verification.verdict,
            f"welfare_rule, record {rule.id}: value changed without a trace.",
        )
        self.env["res.lang"]._activate_lang("zh_CN")
        chinese = self.Verification.with_context(lang="zh_CN").create({})
        chinese.action_verify()
        self.assertIn("未留痕被修改", chinese.verdict)
        self.assertTrue(self._print("welfare_audit_verification_report", verification))

    def test_a_trigger_is_missing(self):
        self.env.cr.execute(
            "SET CONSTRAINTS ALL IMMEDIATE;"
            "DROP TRIGGER welfare_audit_update ON welfare_workday_exception"
        )
        verification = self._verify()
        self.assertEqual(
            verification.verdict,
            "welfare_workday_exception is not recorded: the trigger is missing.",
        )
        self.env.cr.execute(
            "SET CONSTRAINTS ALL IMMEDIATE;"
            "ALTER FUNCTION welfare_audit_of_welfare_rule() SET DateStyle = 'German'"
        )
        self.assertIn(
            "The function welfare_audit_of_welfare_rule is not", self._verify().verdict
        )

    def test_a_verdict_stays_as_it_is(self):
        verification = self._verify()
        for write in (
            verification.action_verify,
            lambda: verification.write({"printed_head": "1:" + "a" * 64}),
            lambda: verification.write({"state": "draft"}),
            lambda: verification.write({"verdict": "fine"}),
            lambda: self.Verification.create({"state": "sound"}),
            lambda: self.Verification.create({"fault_count": 0}),
        ):
            with self.assertRaises(UserError):
                write()
        with self.assertRaises(AccessError):
            verification.unlink()

    def test_what_is_no_head_is_refused(self):
        for text in ("x", "12", "1:abc"):
            with self.subTest(text=text), self.assertRaises(ValidationError):
                self.Verification.create({"printed_head": text})

    def test_a_head_of_another_trail(self):
        verification = self._verify(printed_head="1:" + "0" * 64)
        self.assertEqual(verification.state, "faulty")
        self.assertIn("written anew", verification.verdict)
        verification = self._verify(printed_head="999999:" + "0" * 64)
        self.assertIn("cut off", verification.verdict)

    def test_the_report(self):
        verification = self._verify(printed_head=self._verify().head)
        (page,) = self._print("welfare_audit_verification_report", verification)
        for text in (
            "NothingWrong",
            f"{verification.event_count:,}",
            self.auditor.name,
        ):
            self.assertIn(text.replace(" ", ""), page)
        self.assertIn(verification.head, page)


@tagged("post_install", "-at_install")
class TestSealBook(AuditCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry_enter_test_mode_cls()

    def test_every_page_bears_the_head(self):
        facility = self._create_facility()
        self.env.flush_all()
        for record, report in (
            (facility, "welfare_facility_report"),
            (self.county_a, "welfare_coverage_region_report"),
        ):
            pages = self._print(report, record)
            last = self.Seal._get_last()
            for page in pages:
                self.assertIn(last._make_mark().replace(" ", ""), page)
        self.assertEqual(
            verifier.read_head(self.Seal._get_print_mark().qr_text),
            (self.Seal._get_last().id, self.Seal._get_last().hash),
        )

    def test_the_mark_does_not_stay(self):
        with layout.marked(layout.Mark("head", "X")):
            marked = layout.build_document([], title="t")
        plain = layout.build_document([], title="t")
        texts = [
            PdfReader(io.BytesIO(content)).pages[0].extract_text()
            for content in (marked, plain)
        ]
        self.assertIn("head", texts[0])
        self.assertNotIn("head", texts[1])

    def test_the_book(self):
        self.Seal._seal_events()
        self._create_facility()
        self.env.flush_all()
        self.Seal._seal_events()
        seals = self.Seal.with_user(self.auditor).search([], limit=2)
        (page,) = self._print("welfare_audit_seal_report", seals)
        for seal in seals:
            self.assertIn(seal.hash, page)

    def test_nobody_writes_seals(self):
        self.Seal._seal_events()
        seal = self.Seal._get_last()
        for user in (*self.user_by_role.values(), self.env.user):
            for refuse in (
                lambda seal: seal.write({"hash": "x"}),
                lambda seal: seal.unlink(),
                lambda seal: seal.create({"hash": "x"}),
            ):
                with self.assertRaises(AccessError):
                    refuse(seal.with_user(user))

    def test_the_head_is_mailed_outside(self):
        Mail = self.env["mail.mail"]
        self.Seal._cron_mail_head()
        self.assertFalse(Mail.search([("email_to", "=", "keeper@example.com")]))
        self.env["ir.config_parameter"].sudo().set_param(
            "welfare_facility.audit_digest_email", "keeper@example.com"
        )
        self.Seal._cron_mail_head()
        mail = Mail.search([("email_to", "=", "keeper@example.com")])
        self.assertEqual(len(mail), 1)
        self.assertIn(self.Seal._get_last().hash, mail.body_html)

    def test_the_folder_of_archives(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        settings = folder / "odoo.conf"
        for name in ("2027.zip", "2026.zip", "note.txt"):
            (folder / name).touch()
        settings.write_text(f"[welfare_facility]\naudit_archives = {folder}\n")
        self.assertEqual(audit_key.find_archives(), [])
        self.assertEqual(
            audit_key.find_archives(settings),
            [str(folder / "2026.zip"), str(folder / "2027.zip")],
        )
        settings.write_text("[welfare_facility]\naudit_archives = /nowhere\n")
        with self.assertRaises(OSError):
            audit_key.find_archives(settings)

    def test_the_key(self):
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519

        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        private, settings = folder / "key.pem", folder / "odoo.conf"
        private.write_bytes(
            ed25519.Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        settings.write_text(f"[options]\n[welfare_facility]\naudit_key = {private}\n")
        self.assertIsNone(audit_key.find_key_file())
        self.assertEqual(audit_key.find_key_file(settings), str(private))
        self._create_facility()
        self.env.flush_all()
        with patch.dict(os.environ, {audit_key.VARIABLE: str(private)}):
            self.Seal._seal_events()
            seal = self.Seal._get_last()
            self.assertTrue(seal.signature)
            public = verifier.read_public_key(private)
            self.assertEqual(seal.key_id, verifier.make_key_id(public))
        with (
            patch.dict(os.environ, {audit_key.VARIABLE: str(folder / "gone")}),
            self.assertRaises(OSError),
        ):
            self.Seal._seal_events()


@tagged("post_install", "-at_install")
class TestArchiveDownload(AuditCase, HttpCase):
    def test_an_auditor_of_all_regions(self):
        everywhere = self.env["welfare.region"].search([("parent_id", "=", False)])
        user = self._create_user("auditor", everywhere, login="test_all")
        self._create_facility()
        self.env.flush_all()
        self.authenticate(user.login, user.login)
        response = self.url_open("/welfare_facility/audit/archive")
        self.assertEqual(response.status_code, 200)
        content = io.BytesIO(response.content)
        with zipfile.ZipFile(content) as archive:
            self.assertIn("manifest.json", archive.namelist())
        verdict = verifier.verify(verifier.Archive(content))
        self.assertEqual(verdict.faults, [])
        self.assertGreater(verdict.total, 0)

    @mute_logger("odoo.http")
    def test_others_get_nothing(self):
        for role in ("auditor", "administrator", "finance"):
            user = self.user_by_role[role]
            self.authenticate(user.login, user.login)
            response = self.url_open("/welfare_facility/audit/archive")
            self.assertEqual(response.status_code, 403)
            with self.assertRaises(AccessError):
                self.Seal.with_user(user).action_export()


@tagged("post_install", "-at_install")
class TestAuditTour(AuditCase, HttpCase):
    def test_an_auditor_verifies(self):
        self._create_facility()
        self.env.flush_all()
        self.Seal._seal_events()
        self.start_tour("/odoo", "welfare_audit_verification", login=self.auditor.login)
        verification = self.Verification.search([], limit=1)
        self.assertEqual(verification.state, "sound")
        self.assertEqual(verification.create_uid, self.auditor)
