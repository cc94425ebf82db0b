import base64
import hashlib
from datetime import timedelta

from psycopg2 import Error
from psycopg2.errors import CheckViolation, UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.http import Request
from odoo.service.model import call_kw
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from .common import WelfareCase, make_photo


class LogCase(WelfareCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Log = cls.env["welfare.facility.log"]
        cls.Photo = cls.env["welfare.facility.photo"]
        cls.colleague = cls._create_user(
            "manager", cls.county_a, login="test_colleague"
        )
        cls.home = cls._create_facility(
            cls.street_a, state="operating", date_state="2018-03-01"
        )
        cls.today = cls.Log._default_date()

    def _log(self, user=None, **vals):
        vals = self._prepare_log_vals(**{"facility_id": self.home.id, **vals})
        return self.Log.with_user(user or self.manager).create(vals)

    def _take(self, user=None, **photo):
        """Upload a photo as a telephone does, before the entry is saved."""
        return self.Photo.with_user(user or self.manager).create(
            {"name": "IMG_1.jpg", "image": base64.b64encode(make_photo(**photo))}
        )

    def _age(self, log, days=1):
        """Let an entry be some days old, as only time itself can make it."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            ALTER TABLE welfare_facility_log DISABLE TRIGGER USER;
            UPDATE welfare_facility_log
            SET create_date = create_date - %(days)s * INTERVAL '1 day'
            WHERE id = %(id)s;
            ALTER TABLE welfare_facility_log ENABLE TRIGGER USER
            """,
            {"days": days, "id": log.id},
        )
        self.env.invalidate_all()

    def assertRefusedByDatabase(self, query, *values):
        """Expect that not even a database user gets through."""
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(Error) as caught,
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(query, values)
        self.assertIsInstance(caught.exception, CheckViolation)


class TestFacilityLog(LogCase):
    """Entries: who writes them, and what becomes of them."""

    def test_a_visit_in_a_few_words(self):
        with Form(self.Log.with_user(self.manager)) as form:
            form.facility_id = self.home
            form.kind = "inspection"
            form.note = "消防通道畅通"
        log = form.record
        self.assertEqual(log.create_uid, self.manager)
        self.assertEqual(log.date, self.today)
        self.assertEqual(log.region_id, self.home.region_id)

    def test_the_own_facility_is_offered(self):
        self.assertEqual(self._default_facility(), self.home, "the only one there is")
        other = self._create_facility(self.street_a)
        self.assertFalse(self._default_facility())
        self._log(facility_id=other.id)
        self.assertEqual(self._default_facility(), other, "logged last")
        self.home.responsible_id = self.manager.partner_id
        self.assertEqual(self._default_facility(), self.home, "responsible for it")

    def _default_facility(self):
        return self.Log.with_user(self.manager)._default_facility_id()

    def test_author_and_time_are_never_typed(self):
        log = self._log(create_uid=self.colleague.id, create_date="2001-01-01 08:00:00")
        self.assertEqual(log.create_uid, self.manager)
        self.assertEqual(log.create_date.date(), fields.Datetime.now().date())
        self.env.cr.execute(
            """
            INSERT INTO welfare_facility_log
                (facility_id, kind, date, note, severity, currency_id, create_date)
            SELECT facility_id, kind, date, note, severity, currency_id, '2001-01-01'
            FROM welfare_facility_log WHERE id = %s RETURNING create_date
            """,
            [log.id],
        )
        self.assertGreater(self.env.cr.fetchone()[0].year, 2001, "raw SQL neither")

    def test_the_author_changes_it_on_the_day(self):
        log = self._log(note="3人")
        self.assertTrue(log.is_open)
        log.note = "5人"
        self.env.flush_all()
        self.assertEqual(log.note, "5人")

    def test_nobody_else_changes_it(self):
        log = self._log()
        seen = log.with_user(self.colleague)
        self.assertFalse(seen.is_open)
        root = self.env.ref("base.user_root")
        for other in (seen, seen.sudo(), log.with_user(root)):
            with self.subTest(user=other.env.user.login), self.assertRaises(UserError):
                other.note = "改"
        self.assertRefusedByDatabase(
            "UPDATE welfare_facility_log SET note = '改', write_uid = %s WHERE id = %s",
            self.colleague.id,
            log.id,
        )

    def test_nobody_changes_it_after_the_day(self):
        log = self._log()
        self._age(log)
        self.assertFalse(log.is_open)
        for call in (
            lambda: call_kw(log, "write", [log.ids, {"note": "改"}], {}),
            lambda: call_kw(log, "web_save", [log.ids, {"note": "改"}, {}], {}),
            lambda: log.sudo().write({"note": "改"}),
            lambda: log.with_context(install_mode=True).write({"note": "改"}),
        ):
            with self.assertRaises(UserError):
                call()
        for change in ("note = '改'", "date = date - 1", "create_date = now()"):
            with self.subTest(change=change):
                self.assertRefusedByDatabase(
                    f"UPDATE welfare_facility_log SET {change} WHERE id = %s", log.id
                )

    def test_the_day_is_that_of_china(self):
        """At 23:30 in China it is 15:30 UTC; at 00:30 still the UTC day before."""
        for moment, day in (
            ("2019-06-14 15:59:59", "2019-06-14"),
            ("2019-06-14 16:00:00", "2019-06-15"),
        ):
            self.env.cr.execute("SELECT welfare_local_day(%s)", [moment])
            self.assertEqual(str(self.env.cr.fetchone()[0]), day)

    def test_nothing_is_deleted(self):
        log = self._log()
        for user in (*self.user_by_role.values(), self.env.ref("base.user_root")):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                log.with_user(user).unlink()
        self.assertRefusedByDatabase(
            "DELETE FROM welfare_facility_log WHERE id = %s", log.id
        )
        self.assertRefusedByDatabase("TRUNCATE welfare_facility_log CASCADE")

    def test_a_facility_with_entries_is_not_deleted(self):
        plan = self._create_facility(self.street_a)
        self._log(facility_id=plan.id)
        with mute_logger("odoo.sql_db"), self.assertRaises(Error):
            plan.unlink()

    def test_an_entry_stays_with_its_facility(self):
        other = self._create_facility(self.street_a)
        log = self._log()
        with self.assertRaises(AccessError):
            log.facility_id = other
        self.assertRefusedByDatabase(
            "UPDATE welfare_facility_log SET facility_id = %s WHERE id = %s",
            other.id,
            log.id,
        )

    def test_only_managers_write(self):
        for role, user in self.user_by_role.items():
            if role != "manager":
                with self.subTest(role=role), self.assertRaises(AccessError):
                    self._log(user)

    # === CORRECTIONS === #

    def test_a_correction_after_the_day(self):
        wrong = self._log(kind="opening", hours_opened=8, children_served=120)
        self._age(wrong, days=3)
        action = wrong.with_user(self.colleague).action_correct()
        Log = self.Log.with_user(self.colleague).with_context(**action["context"])
        with Form(Log) as form:
            self.assertEqual(form.children_served, 120)
            form.children_served = 12
        right = form.record
        self.assertEqual(right.corrects_id, wrong)
        self.assertTrue(wrong.is_corrected)
        self.assertEqual(wrong.children_served, 120, "what was said stays readable")
        both = wrong + right
        domain = [("id", "in", both.ids)]
        found = self.Log.search([*domain, ("is_corrected", "=", False)])
        self.assertEqual(found, right)
        found = self.Log.search([*domain, ("is_corrected", "=", True)])
        self.assertEqual(found, wrong)

    def test_an_entry_is_corrected_once(self):
        wrong = self._log()
        self._log(corrects_id=wrong.id)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self._log(corrects_id=wrong.id)

    def test_a_correction_is_of_the_same_facility(self):
        wrong = self._log()
        other = self._create_facility(self.street_a)
        vals = {"corrects_id": wrong.id, "facility_id": other.id}
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self._log(**vals)

    # === BAD INPUT === #

    def test_what_cannot_be(self):
        tomorrow = self.today + timedelta(days=1)
        for vals in (
            {"hours_opened": 24.5},
            {"hours_opened": -1},
            {"children_served": -1},
            {"amount_fee": -1},
            {"date": tomorrow},
            {"note": False},
        ):
            with (
                self.subTest(vals=vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self._log(**vals)

    def test_a_day_has_24_hours_in_all_entries(self):
        self._log(kind="opening", hours_opened=20)
        with self.assertRaises(ValidationError):
            self._log(self.colleague, kind="opening", hours_opened=5)

    # === WHAT WATCHES === #

    def test_a_silent_facility_is_found(self):
        days = self.env["welfare.rule"]._get_value(
            "log_silent_days", self.home.region_id, self.today
        )
        self.assertTrue(self.home.is_silent, "nothing was ever logged")
        self._log(date=self.today - timedelta(days=days))
        self.assertTrue(self._found_silent())
        self._log(date=self.today - timedelta(days=days - 1))
        self.assertFalse(self._found_silent())
        self.assertFalse(self.home.is_silent)

    def test_what_is_not_live_is_not_silent(self):
        planned = self._create_facility(self.street_a, date_state="2018-01-01")
        begun = self._create_facility(self.street_a, state="operating")
        self.assertFalse(planned.is_silent)
        self.assertFalse(begun.is_silent, "since today")

    def _found_silent(self):
        self.env.invalidate_all()
        return self.Facility.search(
            [("is_silent", "=", True), ("id", "=", self.home.id)]
        )


class TestFacilityPhoto(LogCase):
    """Photos: what the server says of them, and what the camera says."""

    def test_a_photo_joins_its_entry(self):
        photo = self._take(taken="2019:06:14 15:30:00", place=(25.05, 102.7))
        log = self._log(photo_ids=[Command.link(photo.id)])
        self.assertEqual(log.photo_ids, photo)
        self.assertEqual(photo.create_uid, self.manager)
        self.assertEqual(str(photo.taken_at), "2019-06-14 07:30:00")
        self.assertEqual((photo.latitude, photo.longitude), (25.05, 102.7))
        self.assertEqual(photo.region_id, self.home.region_id)

    def test_a_large_photo_is_kept_as_the_camera_wrote_it(self):
        """Odoo would make it smaller, and lose what the camera wrote."""
        raw = make_photo(
            taken="2019:06:14 15:30:00", place=(25.05, 102.7), size=(4000, 3000)
        )
        photo = self.Photo.with_user(self.manager).create(
            {"name": "IMG.jpg", "image": base64.b64encode(raw)}
        )
        self.assertEqual(photo.sha256, hashlib.sha256(raw).hexdigest())
        self.env.invalidate_all()
        self.assertEqual(base64.b64decode(photo.image), raw)
        self.assertTrue(photo.taken_at)
        self.assertTrue(photo.has_place)

    def test_nothing_of_it_is_typed(self):
        image = base64.b64encode(make_photo())
        photo = self.Photo.with_user(self.manager).create(
            {
                "name": "IMG.jpg",
                "image": image,
                "sha256": "0" * 64,
                "taken_at": "2001-01-01",
                "has_place": True,
                "create_uid": self.colleague.id,
            }
        )
        self.assertNotEqual(photo.sha256, "0" * 64)
        self.assertFalse(photo.taken_at)
        self.assertFalse(photo.has_place)
        self.assertEqual(photo.create_uid, self.manager)
        with self.assertRaises(AccessError):
            photo.write({"sha256": "1" * 64})
        with self.assertRaises(AccessError):
            photo.sudo().write({"image": base64.b64encode(make_photo(color=9))})

    def test_a_photo_used_twice_is_flagged(self):
        first = self._log(photo_ids=[Command.link(self._take(color=7).id)])
        again = self._take(color=7)
        self.assertTrue(again.is_reused, "before the entry is saved")
        other = self._create_facility(self.street_a)
        second = self._log(
            facility_id=other.id, photo_ids=[Command.link(again.id)], note="又一次"
        )
        self.assertFalse(first.is_photo_reused)
        self.assertTrue(second.is_photo_reused)
        self.assertEqual(again.first_log_id, first)
        self.assertIn(first.display_name, again.caution)
        self.assertEqual(self.Photo.search([("is_reused", "=", True)]), again)
        domain = [("id", "in", (first + second).ids), ("is_photo_reused", "=", True)]
        self.assertEqual(self.Log.search(domain), second)

    def test_a_photo_of_another_county_is_flagged_and_not_shown(self):
        home = self._create_facility(self.county_b)
        image = base64.b64encode(make_photo(color=8))
        self._create_photo(log_id=self._create_log(facility_id=home.id).id, image=image)
        photo = self._take(color=8)
        self._log(photo_ids=[Command.link(photo.id)])
        self.assertTrue(photo.is_reused)
        self.assertFalse(photo.first_log_id)
        self.assertNotIn("乙", photo.caution)
        self.assertTrue(photo.caution)

    def test_a_correction_may_show_the_same_photo(self):
        wrong = self._log(photo_ids=[Command.link(self._take(color=6).id)])
        photo = self._take(color=6)
        self._log(corrects_id=wrong.id, photo_ids=[Command.link(photo.id)])
        self.assertFalse(photo.is_reused)

    def test_a_photo_from_elsewhere_and_another_day(self):
        self.home.write({"latitude": 25.05, "longitude": 102.7})
        day = self.today.strftime("%Y:%m:%d")
        near = self._take(color=1, taken=f"{day} 10:00:00", place=(25.051, 102.7))
        far = self._take(color=2, taken="2019:06:14 10:00:00", place=(25.2, 102.7))
        self._log(photo_ids=[Command.set((near + far).ids)])
        self.assertFalse(near.caution)
        self.assertAlmostEqual(far.distance_km, 16.7, places=1)
        self.assertEqual(far.caution.count("\n"), 1, "place and day")

    def test_a_photo_from_outside_the_region(self):
        """It warns, and is taken all the same."""
        self._create_facility(self.street_a, latitude=25.05, longitude=102.7)
        day = self.today.strftime("%Y:%m:%d")
        for color, place, words in (
            (11, (25.2, 102.7), False),
            (12, (39.9, 116.4), "outside 甲区: 20"),
            (13, None, False),
        ):
            photo = self._take(color=color, taken=f"{day} 10:00:00", place=place)
            self._log(photo_ids=[Command.link(photo.id)])
            with self.subTest(place=place):
                self.assertTrue(photo.log_id)
                if words:
                    self.assertIn(words, photo.caution)
                else:
                    self.assertFalse(photo.caution)

    def test_a_photo_stays_after_the_day(self):
        photo = self._take()
        log = self._log(photo_ids=[Command.link(photo.id)])
        log.photo_ids = [Command.unlink(photo.id)]
        self.assertFalse(log.photo_ids, "on the day its author takes it out")
        log.photo_ids = [Command.link(photo.id)]
        self._age(log)
        later = self._take(color=3)
        for command in (
            Command.unlink(photo.id),
            Command.link(later.id),
            Command.update(photo.id, {"note": "改"}),
        ):
            with self.subTest(command=command), self.assertRaises(UserError):
                log.write({"photo_ids": [command]})
        with self.assertRaises(UserError):
            later.log_id = log
        for query in (
            "UPDATE welfare_facility_photo SET log_id = NULL WHERE id = %s",
            "UPDATE welfare_facility_photo SET sha256 = repeat('0', 64) WHERE id = %s",
            "DELETE FROM welfare_facility_photo WHERE id = %s",
        ):
            with self.subTest(query=query):
                self.assertRefusedByDatabase(query, photo.id)

    def test_the_file_stays(self):
        photo = self._take()
        self._log(photo_ids=[Command.link(photo.id)])
        file = self.env["ir.attachment"].search(
            [
                ("res_model", "=", "welfare.facility.photo"),
                ("res_field", "=", "image"),
                ("res_id", "=", photo.id),
            ]
        )
        for attempt in (
            lambda: file.write({"raw": b"else"}),
            lambda: file.write({"res_id": 0}),
            lambda: file.unlink(),
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                attempt()

    def test_a_photo_of_another_is_not_taken(self):
        photo = self._take(self.colleague)
        with self.assertRaises(AccessError):
            self._log(photo_ids=[Command.link(photo.id)])

    def test_an_unused_photo_goes_after_some_days(self):
        photo = self._take()
        self.env.flush_all()
        self.env.cr.execute(
            """
            ALTER TABLE welfare_facility_photo DISABLE TRIGGER USER;
            UPDATE welfare_facility_photo
            SET create_date = create_date - INTERVAL '3 days' WHERE id = %s;
            ALTER TABLE welfare_facility_photo ENABLE TRIGGER USER
            """,
            [photo.id],
        )
        self.env.invalidate_all()
        kept = self._take(color=5)
        self.Photo._gc_photos_of_no_entry()
        self.assertFalse(photo.exists())
        self.assertTrue(kept.exists())

    def test_what_is_refused(self):
        for raw in (b"", b"%PDF-1.4", b"GIF89a", make_photo() + b"0" * (21 * 1024**2)):
            with self.subTest(raw=raw[:8]), self.assertRaises(ValidationError):
                self.Photo.with_user(self.manager).create(
                    {"name": "x.jpg", "image": base64.b64encode(raw)}
                )

    def test_a_photo_of_30_megabytes_and_another_file_are_refused_in_words(self):
        for raw, words in (
            (make_photo() + b"0" * (30 * 1024**2), "30.0 MB; up to 20 MB"),
            (b"%PDF-1.4", "JPEG and PNG"),
        ):
            with self.subTest(words), self.assertRaisesRegex(ValidationError, words):
                self.Photo.with_user(self.manager).create(
                    {"name": "x.jpg", "image": base64.b64encode(raw)}
                )

    def test_other_roles_upload_nothing(self):
        for role, user in self.user_by_role.items():
            if role != "manager":
                with self.subTest(role=role), self.assertRaises(AccessError):
                    self._take(user)


@tagged("post_install", "-at_install")
class TestPhotoUpload(LogCase, HttpCase):
    """What a telephone sends."""

    def _send(self, *files):
        return self.url_open(
            "/welfare_facility/photo",
            data={"csrf_token": Request.csrf_token(self)},
            files=[("ufile", file) for file in files],
        )

    def test_upload(self):
        self.authenticate(self.manager.login, self.manager.login)
        answer = self._send(
            ("现场.jpg", make_photo(taken="2019:06:14 15:30:00")), ("a.pdf", b"%PDF")
        ).json()
        photo = self.Photo.browse(answer[0]["id"])
        self.assertEqual((photo.name, photo.create_uid), ("现场.jpg", self.manager))
        self.assertTrue(photo.taken_at)
        self.assertIn("a.pdf", answer[1]["error"])
        # The picture is the author's alone until the entry is saved.
        path = f"/web/image/welfare.facility.photo/{photo.id}/image/32x24"
        self.assertEqual(self.url_open(path).headers["Content-Type"], "image/jpeg")
        placeholder = self.url_open(path.replace(str(photo.id), "999999999")).content
        own = self.url_open(path).content
        self.authenticate(self.colleague.login, self.colleague.login)
        self.assertEqual(self.url_open(path).content, placeholder)
        self.assertNotEqual(own, placeholder)

    def test_an_auditor_sends_nothing(self):
        self.authenticate(self.auditor.login, self.auditor.login)
        answer = self._send(("a.jpg", make_photo())).json()
        self.assertTrue(answer[0]["error"])
