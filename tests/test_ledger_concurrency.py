import base64
import threading
from functools import partial
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import DummyRLock, Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from ..models.ledger_writer import LedgerWriter
from .common import make_ledger

HOMES = 65
SECONDS = 30  # after which a thread is taken to be stuck


@tagged("post_install", "-at_install")
class TestTwoAtOnce(BaseCase):
    """Two people at once, on connections of their own, as two requests are.

    What they work on is committed, and deleted again at the end.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        # The test runner holds the lock of the registries; other threads need it.
        cls.startClassPatcher(patch.object(Registry, "_lock", DummyRLock()))
        cls.startClassPatcher(
            # How long Odoo waits before it runs a request again.
            patch("odoo.service.model.random.uniform", return_value=0.01)
        )
        cls.addClassCleanup(cls._delete)
        with cls.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            cls._create(env)

    @classmethod
    def _create(cls, env):
        Region = env["welfare.region"]
        county = Region.create({"code": "970101000000", "name": "并行区"})
        street = Region.create(
            {"code": "970101001000", "name": "一街道", "parent_id": county.id}
        )
        communities = Region.create(
            [
                {
                    "code": f"970101001{number:03}",
                    "name": f"第{number}社区",
                    "parent_id": street.id,
                }
                for number in range(1, HOMES + 1)
            ]
        )
        users = env["res.users"].create(
            [
                {
                    "name": login,
                    "login": login,
                    "group_ids": [
                        Command.link(
                            env.ref("welfare_facility.welfare_group_manager").id
                        )
                    ],
                    "welfare_region_ids": [Command.link(county.id)],
                }
                for login in ("at_once_first", "at_once_second")
            ]
        )
        cls.county_id, cls.user_ids = county.id, users.ids
        rows = [
            ["一街道", region.name, region.code, "已建成", "2018-10-09", 40, 10]
            for region in communities
        ]
        cls.content = base64.b64encode(make_ledger(rows))

    @classmethod
    def _delete(cls):
        with cls.registry.cursor() as cr:
            cls._delete_imports(cr)
            env = api.Environment(cr, SUPERUSER_ID, {})
            users = env["res.users"].browse(cls.user_ids)
            partners = users.partner_id
            users.unlink()
            partners.unlink()
            Region = env["welfare.region"]
            for level in ("village", "township", "county"):
                Region.search(
                    [("id", "child_of", cls.county_id), ("level", "=", level)]
                ).unlink()

    @classmethod
    def _delete_imports(cls, cr):
        """Take the homes and imports away, as no user can."""
        cr.execute(
            """
            DELETE FROM welfare_facility WHERE region_id IN (
                SELECT id FROM welfare_region WHERE code LIKE '970101%%'
            );
            DELETE FROM welfare_facility_import WHERE region_id = %s
            """,
            [cls.county_id],
        )

    def setUp(self):
        super().setUp()
        self.addCleanup(self._clean)

    def _clean(self):
        with self.registry.cursor() as cr:
            self._delete_imports(cr)

    def _check(self, user_id):
        """Check the ledger as a user; return the id of the import."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, user_id, {})
            ledger = env["welfare.facility.import"].create(
                {
                    "region_id": self.county_id,
                    "filename": "台账.xlsx",
                    "file": self.content,
                }
            )
            ledger.action_check()
            self.assertEqual(ledger.create_count, HOMES)
            return ledger.id

    def _apply(self, user_id, ledger_id, outcomes):
        """Apply an import as a request does, and note how it ends."""
        try:
            with self.registry.cursor() as cr:
                env = api.Environment(cr, user_id, {})
                ledger = env["welfare.facility.import"].browse(ledger_id)
                retrying(partial(ledger.action_apply), env)
                # A connection of its own, as a request has.
                cr.commit()  # pylint: disable=invalid-commit
            outcomes.append("applied")
        except UserError as error:
            outcomes.append(str(error))

    def _count(self):
        """Return how many homes there are, and how many entries their history has."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            homes = env["welfare.facility"].search(
                [("region_id", "child_of", self.county_id)]
            )
            return len(homes), len(homes.status_ids)

    def test_same_ledger(self):
        """Both have checked it and apply it in the same moment: no home is doubled."""
        ledger_ids = [self._check(user_id) for user_id in self.user_ids]
        both_are_in = threading.Barrier(2, timeout=SECONDS)
        waiting = [1, 2]
        apply = LedgerWriter.apply

        def apply_together(writer, progress=None):
            if waiting:
                # Both have found the register as it was, and none has written yet.
                waiting.pop()
                both_are_in.wait()
            return apply(writer, progress)

        outcomes = []
        threads = [
            threading.Thread(target=self._apply, args=(user_id, ledger_id, outcomes))
            for user_id, ledger_id in zip(self.user_ids, ledger_ids, strict=True)
        ]
        with (
            patch.object(LedgerWriter, "apply", apply_together),
            mute_logger("odoo.sql_db", "odoo.service.model"),
        ):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(SECONDS)
        self.assertEqual(len(outcomes), 2)
        self.assertEqual(outcomes.count("applied"), 1, outcomes)
        self.assertEqual(self._count(), (HOMES, HOMES))
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            ledgers = env["welfare.facility.import"].browse(ledger_ids)
            self.assertEqual(sorted(ledgers.mapped("state")), ["applied", "checked"])
            late = ledgers.filtered(lambda ledger: ledger.state == "checked")
            late.action_check_again()
            self.assertEqual((late.create_count, late.unchanged_count), (0, HOMES))

    def test_double_click(self):
        """The second click is told that the first one is at work, or was."""
        ledger_id = self._check(self.user_ids[0])
        is_at_work, may_go_on = threading.Event(), threading.Event()
        apply = LedgerWriter.apply

        def apply_slowly(writer, progress=None):
            is_at_work.set()
            self.assertTrue(may_go_on.wait(SECONDS))
            return apply(writer, progress)

        first, second, third = [], [], []
        thread = threading.Thread(
            target=self._apply, args=(self.user_ids[0], ledger_id, first)
        )
        with patch.object(LedgerWriter, "apply", apply_slowly):
            thread.start()
            self.assertTrue(is_at_work.wait(SECONDS))
            self._apply(self.user_ids[0], ledger_id, second)
            may_go_on.set()
            thread.join(SECONDS)
            self._apply(self.user_ids[0], ledger_id, third)
        self.assertEqual(first, ["applied"])
        self.assertNotIn("applied", second + third)
        self.assertNotEqual(second, third, "each is told what is the matter")
        self.assertEqual(self._count(), (HOMES, HOMES))
