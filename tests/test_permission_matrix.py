"""Who may do what, and where: generated from ``security/permission_matrix.csv``.

The file has a row for each model. A cell names what the role may do with its records,
``crud`` for create, read, update and delete, with ``-`` for what is refused;
``region_path`` leads from a record to its region.
"""

import csv

from odoo.exceptions import AccessError
from odoo.fields import Command, Domain
from odoo.service.model import call_kw
from odoo.tests import new_test_user
from odoo.tools import file_path, mute_logger

from .common import ROLES, WelfareCase

OPERATIONS = {"c": "create", "r": "read", "u": "write", "d": "unlink"}
NOTHING = "-" * len(OPERATIONS)


def _read_matrix():
    path = file_path("welfare_facility/security/permission_matrix.csv")
    with open(path, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


MATRIX = _read_matrix()
ROW_BY_MODEL = {row["model"]: row for row in MATRIX}


class PermissionCase(WelfareCase):
    """Users who may export, so that the region alone decides what they get."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        export = cls.env.ref("base.group_allow_export")
        for user in cls.user_by_role.values():
            user.group_ids += export

    def _roles_with(self, row, operation):
        """Yield the roles that may do something, with their users.

        The administrator keeps the whole tree of regions, whatever the own regions are.
        """
        for role in ROLES:
            exempt = row["model"] == "welfare.region" and role == "administrator"
            if operation in row[role] and not exempt:
                yield role, self.user_by_role[role]

    def _prepare_vals(self, row, place):
        return getattr(self, self.VALS_BY_MODEL[row["model"]])(place)

    def _create_in(self, row, place):
        if row["model"] in self.CREATE_BY_MODEL:
            return getattr(self, self.CREATE_BY_MODEL[row["model"]])(place)
        return self.env[row["model"]].create(self._prepare_vals(row, place))

    def _own_and_foreign(self, row):
        """Return a record of the users' county, and one of the county beside it."""
        return self._create_in(row, self.county_a), self._create_in(row, self.county_b)

    def _harmless_vals(self, record):
        """Return values that change nothing: those of the first field to fill in."""
        name = next(
            name
            for name, field in record._fields.items()
            if field.type in ("char", "date") and field.store and not field.readonly
        )
        return {name: record[name]}


class TestPermissionMatrix(PermissionCase):
    """The file is complete, and says what Odoo does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strangers = {
            "employee": cls._create_user(None),
            "system": cls._create_stranger("system"),
            "portal": cls._create_stranger("portal"),
            "public": cls._create_stranger("public"),
        }

    @classmethod
    def _create_stranger(cls, group):
        return new_test_user(
            cls.env,
            login=f"test_{group}",
            groups=f"base.group_{group}",
            context={"no_reset_password": True},
        )

    @property
    def models(self):
        """The models of this module that have records."""
        return {
            name: model
            for name, model in self.registry.items()
            if model._original_module == "welfare_facility" and not model._abstract
        }

    def test_every_model_has_a_row(self):
        missing = sorted(self.models.keys() - ROW_BY_MODEL.keys())
        self.assertFalse(missing, "Add a row for these to permission_matrix.csv")

    def test_every_row_has_a_model(self):
        unknown = sorted(ROW_BY_MODEL.keys() - self.models.keys())
        self.assertFalse(unknown, "Take these out of permission_matrix.csv")
        self.assertEqual(len(ROW_BY_MODEL), len(MATRIX), "A model has two rows")

    def test_cells_are_well_formed(self):
        for row in MATRIX:
            for column in (*ROLES, "none"):
                with self.subTest(model=row["model"], role=column):
                    self.assertEqual(len(row[column]), len(OPERATIONS))
                    for cell, letter in zip(row[column], OPERATIONS, strict=True):
                        self.assertIn(cell, (letter, "-"))
            self.assertEqual(row["none"], NOTHING, row["model"])

    def test_every_model_with_a_region_is_scoped(self):
        unscoped = [
            name
            for name, model in self.models.items()
            if "region_id" in model._fields
            and not ROW_BY_MODEL.get(name, {}).get("region_path")
        ]
        self.assertFalse(unscoped, "Give these a region_path in permission_matrix.csv")

    def test_region_paths_lead_to_a_region(self):
        for row in MATRIX:
            model = self.env[row["model"]]
            for name in filter(None, row["region_path"].split(".")):
                model = model[name]
            if row["region_path"]:
                with self.subTest(model=row["model"]):
                    expected = (
                        row["model"] if row["region_path"] == "id" else model._name
                    )
                    self.assertEqual(expected, "welfare.region")

    def test_every_model_with_a_region_has_a_factory(self):
        scoped = {row["model"] for row in MATRIX if row["region_path"]}
        self.assertFalse(
            sorted(scoped - self.VALS_BY_MODEL.keys() - self.CREATE_BY_MODEL.keys()),
            "Write _prepare_…_vals() for these in tests/common.py and name it in "
            "VALS_BY_MODEL, so that the tests can make records",
        )

    def _check_operations(self, row):
        """Compare the cells of a row with what Odoo answers to real users."""
        cells = {self.user_by_role[role]: row[role] for role in ROLES}
        cells.update(dict.fromkeys(self.strangers.values(), row["none"]))
        for user, cell in cells.items():
            Model = self.env[row["model"]].with_user(user)
            for letter, operation in OPERATIONS.items():
                with self.subTest(user=user.login, operation=operation):
                    self.assertEqual(Model.has_access(operation), letter in cell)

    def _check_global_rule(self, row):
        """No group, of whatever module, may widen what a user sees."""
        rules = self.env["ir.rule"].search(
            [("model_id.model", "=", row["model"]), ("groups", "=", False)]
        )
        for operation in OPERATIONS.values():
            with self.subTest(operation=operation):
                self.assertTrue(rules.filtered(f"perm_{operation}"))


class TestRegionScope(PermissionCase):
    """Records of the county beside the own one do not exist for a user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(mute_logger("odoo.addons.base.models.ir_rule"))

    def _check_lists(self, row):
        own, foreign = self._own_and_foreign(row)
        domain = [("id", "in", (own + foreign).ids)]
        group = "id" if row["region_path"] == "id" else row["region_path"].split(".")[0]
        for role, user in self._roles_with(row, "r"):
            Model = self.env[row["model"]].with_user(user)
            with self.subTest(role=role):
                self.assertEqual(Model.search(domain), own)
                self.assertNotIn(foreign, Model.search([]))
                self.assertEqual(Model.search_count(domain), 1)
                self.assertEqual(
                    [found[0] for found in Model.name_search("", domain)], own.ids
                )
                self.assertEqual(Model._read_group(domain, [], ["__count"]), [(1,)])
                groups = Model.formatted_read_group(domain, [group], ["__count"])
                self.assertEqual([found["__count"] for found in groups], [1])
                found = Model.web_search_read(domain, {"display_name": {}})
                self.assertEqual(found["length"], 1)
                self.assertEqual([record["id"] for record in found["records"]], own.ids)

    def _check_search_by_name(self, row):
        """A foreign record is not found, however well its name is guessed."""
        own, foreign = self._own_and_foreign(row)
        name = own._rec_name
        if not name:
            return
        for role, user in self._roles_with(row, "r"):
            Model = self.env[row["model"]].with_user(user)
            with self.subTest(role=role):
                found = [found[0] for found in Model.name_search(own[name], limit=None)]
                self.assertIn(own.id, found)
                self.assertNotIn(foreign.id, found)
                found = Model.name_search(foreign[name], limit=None)
                self.assertNotIn(foreign.id, [found[0] for found in found])

    def _check_reading(self, row):
        own, foreign = self._own_and_foreign(row)
        for role, user in self._roles_with(row, "r"):
            own_seen, foreign_seen = own.with_user(user), foreign.with_user(user)
            with self.subTest(role=role):
                self.env.invalidate_all()
                self.assertTrue(own_seen.read(["display_name"]))
                self.assertTrue(own_seen.export_data(["display_name"])["datas"])
                for read in (
                    lambda seen: seen.read(["display_name"]),
                    lambda seen: seen.web_read({"display_name": {}}),
                    lambda seen: seen.export_data(["display_name"]),
                    lambda seen: seen.copy(),
                ):
                    with self.assertRaises(AccessError):
                        read(foreign_seen)
                        self.env.flush_all()

    def _check_attachments(self, row):
        own, foreign = self._own_and_foreign(row)
        attachments = self.env["ir.attachment"].create(
            [
                {
                    "name": "照片.txt",
                    "raw": b"test",
                    "res_model": record._name,
                    "res_id": record.id,
                }
                for record in (own, foreign)
            ]
        )
        own_file, foreign_file = attachments
        for role, user in self._roles_with(row, "r"):
            Attachment = self.env["ir.attachment"].with_user(user)
            with self.subTest(role=role):
                self.env.invalidate_all()
                found = Attachment.search([("id", "in", attachments.ids)])
                self.assertEqual(found, own_file)
                self.assertEqual(found.raw, b"test")
                with self.assertRaises(AccessError):
                    foreign_file.with_user(user).read(["raw"])
                with self.assertRaises(AccessError):
                    Attachment.create(
                        {
                            "name": "照片.txt",
                            "raw": b"test",
                            "res_model": foreign._name,
                            "res_id": foreign.id,
                        }
                    )

    def _check_messages(self, row):
        if "message_ids" not in self.env[row["model"]]._fields:
            return
        own, foreign = self._own_and_foreign(row)
        own_message = own.message_post(body="test")
        foreign_message = foreign.message_post(body="test")
        for role, user in self._roles_with(row, "r"):
            Message = self.env["mail.message"].with_user(user)
            with self.subTest(role=role):
                self.env.invalidate_all()
                messages = own_message + foreign_message
                found = Message.search([("id", "in", messages.ids)])
                self.assertEqual(found, own_message)
                with self.assertRaises(AccessError):
                    foreign_message.with_user(user).read(["body"])

    def _check_activities(self, row):
        """Odoo shows the activities of others to those who may write to the record."""
        if "activity_ids" not in self.env[row["model"]]._fields:
            return
        own_activity, foreign_activity = (
            record.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.env.ref("base.user_admin").id,
            )
            for record in self._own_and_foreign(row)
        )
        ids = (own_activity + foreign_activity).ids
        for role, user in self._roles_with(row, "r"):
            Activity = self.env["mail.activity"].with_user(user)
            with self.subTest(role=role):
                self.env.invalidate_all()
                found = Activity.search([("id", "in", ids)])
                self.assertEqual(found, own_activity if "u" in row[role] else Activity)
                with self.assertRaises(AccessError):
                    foreign_activity.with_user(user).read(["summary"])

    def _check_changes(self, row):
        """Creating, changing and deleting work at home and are refused beside it."""
        Model = self.env[row["model"]]
        for role, user in self._roles_with(row, "c"):
            with self.subTest(role=role, operation="create"):
                created = Model.with_user(user).create(
                    self._prepare_vals(row, self.county_a)
                )
                self.assertTrue(created.has_access("read"))
                vals = self._prepare_vals(row, self.county_b)
                with self.assertRaises(AccessError):
                    Model.with_user(user).create(vals)
        own, foreign = self._own_and_foreign(row)
        for role, user in self._roles_with(row, "u"):
            with self.subTest(role=role, operation="write"):
                own.with_user(user).write(self._harmless_vals(own))
                with self.assertRaises(AccessError):
                    foreign.with_user(user).write(self._harmless_vals(foreign))
                with self.assertRaises(AccessError):
                    (own + foreign).with_user(user).write(self._harmless_vals(own))
        for role, user in self._roles_with(row, "d"):
            with self.subTest(role=role, operation="unlink"):
                with self.assertRaises(AccessError):
                    foreign.with_user(user).unlink()
                self._create_in(row, self.county_a).with_user(user).unlink()

    def _check_moving(self, row):
        """Nobody pushes a record into a county where it could not be created.

        Odoo itself asks the rules before a write only. What a wizard points at is
        checked when it is applied.
        """
        if self.env[row["model"]]._transient:
            return
        own = self._create_in(row, self.county_a)
        name = row["region_path"].split(".")[0]
        name = "parent_id" if name == "id" else name
        for role, user in self._roles_with(row, "u"):
            target = self._prepare_vals(row, self.county_b)[name]
            with self.subTest(role=role), self.assertRaises(AccessError):
                own.with_user(user).write({name: target})
                self.env.flush_all()

    def _check_user_without_regions(self, row):
        own, _foreign = self._own_and_foreign(row)
        for role, user in self._roles_with(row, "r"):
            user.welfare_region_ids = False
            with self.subTest(role=role):
                Model = self.env[row["model"]].with_user(user)
                self.assertEqual(Model.search_count([]), 0)
                self.assertFalse(own.with_user(user).has_access("read"))

    def _check_change_of_regions(self, row):
        """A user's new regions count at once: the rules are cached by user."""
        own, foreign = self._own_and_foreign(row)
        domain = [("id", "in", (own + foreign).ids)]
        for role, user in self._roles_with(row, "r"):
            Model = self.env[row["model"]].with_user(user)
            with self.subTest(role=role):
                self.assertEqual(Model.search(domain), own)
                user.welfare_region_ids = self.county_b
                self.assertEqual(Model.search(domain), foreign)
                user.write({"welfare_region_ids": [Command.link(self.county_a.id)]})
                self.assertEqual(Model.search(domain), own + foreign)
                user.welfare_region_ids = self.prefecture
                self.assertEqual(Model.search(domain), own + foreign)
                user.welfare_region_ids = self.county_a
                self.assertEqual(Model.search(domain), own)

    def _check_move_in_the_tree(self, row):
        """A region that goes to another part of the tree takes its records along."""
        street = self._create_region(self.county_a)
        community = self._create_region(street)
        if row["model"] == "welfare.region":
            record = community
        else:
            record = self._create_in(row, community)
        for role, user in self._roles_with(row, "r"):
            user.welfare_region_ids = street
            Model = self.env[row["model"]].with_user(user)
            domain = Domain("id", "=", record.id)
            with self.subTest(role=role):
                self.assertEqual(Model.search(domain), record)
                community.parent_id = self.county_a
                self.assertFalse(Model.search(domain))
                self.assertFalse(record.with_user(user).has_access("read"))
                community.parent_id = street
                self.assertEqual(Model.search(domain), record)

    def test_administrator_sees_all_regions(self):
        self.administrator.welfare_region_ids = False
        Region = self.Region.with_user(self.administrator)
        self.assertEqual(Region.search_count([]), self.Region.search_count([]))
        self.assertEqual(self.county_b.with_user(self.administrator).name, "乙区")

    def test_every_further_role_keeps_the_regions(self):
        """Two roles together see no more places than each of them."""
        self.manager.group_ids += self.env.ref("welfare_facility.welfare_group_auditor")
        facility = self._create_facility(self.county_b)
        self.assertFalse(facility.with_user(self.manager).has_access("read"))

    def test_remote_calls_do_not_reach_superuser(self):
        """The ways around the rules cannot be called from outside."""
        facility = self._create_facility(self.county_b)
        Facility = self.Facility.with_user(self.manager)
        for name, arguments in (
            ("sudo", []),
            ("with_user", [self.env.uid]),
            ("_set_state", ["closed"]),
            ("search_fetch", [[], ["name"]]),
        ):
            with self.subTest(method=name), self.assertRaises(AccessError):
                call_kw(Facility, name, [facility.ids, *arguments], {})


def _generate(case, check, rows):
    """Give a test case one method for each row, named after its model."""
    for row in rows:

        def test(self, row=row):
            getattr(self, check)(row)

        test.__doc__ = None
        name = f"test{check.removeprefix('_check')}_{row['model'].replace('.', '_')}"
        setattr(case, name, test)


REGIONAL = [row for row in MATRIX if row["region_path"]]
_generate(TestPermissionMatrix, "_check_operations", MATRIX)
_generate(TestPermissionMatrix, "_check_global_rule", REGIONAL)
for _check in [name for name in vars(TestRegionScope) if name.startswith("_check_")]:
    _generate(TestRegionScope, _check, REGIONAL)
