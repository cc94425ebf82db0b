from odoo.exceptions import AccessError
from odoo.fields import Command

from .common import ROLES, WelfareCase


class TestUsers(WelfareCase):
    def test_nobody_widens_the_own_view(self):
        for role, user in self.user_by_role.items():
            with self.subTest(role=role), self.assertRaises(AccessError):
                user.with_user(user).write(
                    {"welfare_region_ids": [Command.link(self.county_b.id)]}
                )

    def test_nobody_takes_another_role(self):
        approver = self.env.ref("welfare_facility.welfare_group_approver")
        for role, user in self.user_by_role.items():
            with self.subTest(role=role), self.assertRaises(AccessError):
                user.with_user(user).write({"group_ids": [Command.link(approver.id)]})

    def test_nobody_widens_the_view_through_the_region(self):
        """The regions of a user are no field of the region."""
        users = [
            field
            for field in self.Region._fields.values()
            if field.comodel_name == "res.users"
            and field.name not in ("create_uid", "write_uid")
        ]
        self.assertFalse(users)

    def _give_access(self, caller, **vals):
        access = self.env["welfare.user.access"].with_user(caller).create(vals)
        access.action_apply()
        return access

    def test_the_administrator_keeps_the_users(self):
        """Who works for the bureau, in which roles and regions."""
        finance = self.env.ref("welfare_facility.welfare_group_finance")
        auditor = self.env.ref("welfare_facility.welfare_group_auditor")
        self._give_access(
            self.administrator,
            name="新人",
            login="test_new",
            role_ids=[Command.set(auditor.ids)],
            region_ids=[Command.set(self.county_b.ids)],
        )
        user = self.env["res.users"].search([("login", "=", "test_new")])
        self.assertEqual(user.welfare_region_ids, self.county_b)
        self.assertTrue(user.has_group("welfare_facility.welfare_group_auditor"))
        self.assertTrue(user.has_group("base.group_user"))
        self._give_access(
            self.administrator,
            user_id=user.id,
            role_ids=[Command.set(finance.ids)],
            region_ids=[Command.set(self.county_a.ids)],
        )
        self.assertTrue(user.has_group("welfare_facility.welfare_group_finance"))
        self.assertFalse(user.has_group("welfare_facility.welfare_group_auditor"))
        self.assertEqual(self.Region.with_user(user).search([])[:1], self.county_a)

    def test_whom_the_administrator_cannot_change(self):
        """Neither himself, nor the server's own keepers, nor any other right."""
        finance = self.env.ref("welfare_facility.welfare_group_finance")
        system = self.env.ref("base.group_system")
        for vals in (
            {"user_id": self.administrator.id, "role_ids": [Command.set(finance.ids)]},
            {
                "user_id": self.env.ref("base.user_admin").id,
                "role_ids": [Command.set(finance.ids)],
            },
            {"user_id": self.auditor.id, "role_ids": [Command.set(system.ids)]},
        ):
            with self.assertRaises(AccessError):
                self._give_access(self.administrator, **vals)
        with self.assertRaises(AccessError):
            self._give_access(self.manager, user_id=self.auditor.id)

    def test_a_user_reads_the_own_regions(self):
        user = self.auditor.with_user(self.auditor)
        self.assertEqual(user.welfare_region_ids, self.county_a)

    def test_a_role_that_is_taken_away_ends_at_once(self):
        facility = self._create_facility()
        self.assertTrue(facility.with_user(self.manager).has_access("write"))
        self.manager.group_ids -= self.env.ref("welfare_facility.welfare_group_manager")
        self.assertFalse(facility.with_user(self.manager).has_access("write"))
        self.assertFalse(facility.with_user(self.manager).has_access("read"))

    def test_a_region_that_is_deleted_leaves_its_users_without(self):
        county = self._create_region(self.prefecture)
        user = self._create_user("auditor", regions=county, login="test_short")
        self.env.flush_all()
        county.unlink()
        self.env.invalidate_all()
        self.assertFalse(user.welfare_region_ids)
        self.assertEqual(self.Region.with_user(user).search_count([]), 0)

    def test_regions_may_lie_within_each_other(self):
        user = self._create_user(
            "auditor", regions=self.county_a + self.street_a, login="test_nested"
        )
        Region = self.Region.with_user(user)
        self.assertEqual(
            Region.search([("id", "child_of", self.county_a.id)]),
            self.county_a + self.street_a + self.community_a,
        )

    def test_two_regions_are_seen_both(self):
        user = self._create_user(
            "auditor", regions=self.street_a + self.street_b, login="test_two"
        )
        self.assertEqual(
            self.Region.with_user(user).search([]),
            self.street_a + self.community_a + self.street_b + self.community_b,
        )

    def test_one_person_may_have_two_roles(self):
        user = self._create_user("finance", login="test_both")
        user.group_ids += self.env.ref("welfare_facility.welfare_group_procurement")
        for role in ("finance", "procurement"):
            self.assertTrue(user.has_group(f"welfare_facility.welfare_group_{role}"))

    def test_no_role_implies_another(self):
        for role, user in self.user_by_role.items():
            held = [
                other
                for other in ROLES
                if user.has_group(f"welfare_facility.welfare_group_{other}")
            ]
            self.assertEqual(held, [role])

    def test_the_menu_is_for_those_with_a_role(self):
        root = self.env.ref("welfare_facility.welfare_menu_root").id
        employee = self._create_user(None)
        for user in self.user_by_role.values():
            menus = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            self.assertIn(root, menus, user.login)
        menus = self.env["ir.ui.menu"].with_user(employee)._visible_menu_ids()
        self.assertNotIn(root, menus)

    def test_configuration_is_for_the_administrator(self):
        menu = self.env.ref("welfare_facility.welfare_menu_configuration").id
        for role, user in self.user_by_role.items():
            menus = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            self.assertEqual(menu in menus, role == "administrator", role)

    def test_each_begins_at_the_own_work(self):
        """The first app is ours, and opens what the role works with."""
        keeper = self._create_user("manager", self.community_a, login="keeper")
        start = self.env.ref("welfare_facility.welfare_start_action")
        expected = {
            self.user_by_role["approver"]: "welfare_inbox_action",
            self.user_by_role["finance"]: "welfare_fund_position_action",
            self.user_by_role["manager"]: "welfare_facility_action",
            self.user_by_role["auditor"]: "welfare_audit_event_action",
            self.user_by_role["administrator"]: "welfare_region_action",
            self.user_by_role["procurement"]: "welfare_facility_action",
            keeper: "welfare_facility_log_action",
        }
        for user, name in expected.items():
            with self.subTest(login=user.login):
                menus = self.env["ir.ui.menu"].with_user(user).load_web_menus(False)
                first = menus[menus["root"]["children"][0]]
                self.assertEqual(first["xmlid"], "welfare_facility.welfare_menu_root")
                self.assertEqual(first["actionID"], start.id)
                action = start.with_user(user).run()
                self.assertEqual(action["xml_id"], f"welfare_facility.{name}")
