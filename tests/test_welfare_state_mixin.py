from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError
from odoo.service.model import call_kw
from odoo.tests import Form
from odoo.tools import SQL, mute_logger

from .common import WelfareCase


class TestStateMixin(WelfareCase):
    """The state of a document moves along declared transitions, for everybody.

    The facility stands for every model with the mixin.
    """

    #: What a caller may try in the context.
    CONTEXTS = (
        {},
        {"tracking_disable": True, "mail_notrack": True},
        {"install_mode": True, "module": "welfare_facility", "import_file": True},
        {"default_state": "closed", "force_state": True, "skip_state_guard": True},
        {"uid": 1, "su": True, "sudo": True, "active_test": False},
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.facility = cls._create_facility()
        cls.everybody = [
            *cls.user_by_role.values(),
            cls.env.ref("base.user_admin"),
            cls.env.ref("base.user_root"),
        ]
        cls.env.ref("base.user_admin").welfare_region_ids = cls.province

    def _stored_state(self, record):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT state FROM %s WHERE id = %s",
                SQL.identifier(record._table),
                record.id,
            )
        )
        return self.env.cr.fetchone()[0]

    # === THE DECLARATION === #

    def test_transitions_are_declared_completely(self):
        for name in self.registry.descendants(["welfare.state.mixin"], "_inherit"):
            model = self.registry[name]
            if model._abstract:
                continue
            with self.subTest(model=name):
                states = set(self.env[name]._fields["state"].get_values(self.env))
                self.assertEqual(set(model._transitions), states)
                self.assertLessEqual(set().union(*model._transitions.values()), states)
                self.assertTrue(model._initial_states)
                self.assertLessEqual(set(model._initial_states), states)

    # === WRITING === #

    def test_nobody_writes_a_state(self):
        for user in self.everybody:
            Facility = self.Facility.with_user(user)
            for context in self.CONTEXTS:
                for state in ("closed", "under_construction", "planned", "nonsense", 0):
                    with (
                        self.subTest(user=user.login, context=context, state=state),
                        self.assertRaises(UserError),
                    ):
                        call_kw(
                            Facility,
                            "write",
                            [self.facility.ids, {"state": state, "name": "新名"}],
                            {"context": context},
                        )
        self.assertEqual(self._stored_state(self.facility), "planned")
        self.assertEqual(self.facility.name, "儿童之家")

    def test_superuser_mode_writes_no_state(self):
        for facility in (
            self.facility,
            self.facility.sudo(),
            self.facility.with_user(self.manager).sudo(),
        ):
            with self.assertRaises(UserError):
                facility.write({"state": "closed"})
            with self.assertRaises(UserError):
                facility.state = "closed"
        self.assertEqual(self._stored_state(self.facility), "planned")

    def test_the_client_saves_no_state(self):
        facility = self.facility.with_user(self.manager)
        with self.assertRaises(UserError):
            call_kw(
                facility,
                "web_save",
                [facility.ids, {"state": "closed"}],
                {"specification": {}},
            )

    def test_the_funnel_cannot_be_called_from_outside(self):
        for method in ("_set_state", "_write_guarded", "_write", "_prepare_state_vals"):
            for user in self.everybody:
                Facility = self.Facility.with_user(user)
                with self.subTest(method=method), self.assertRaises(UserError):
                    call_kw(Facility, method, [self.facility.ids, "closed"], {})

    # === CREATING === #

    def test_a_document_begins_at_a_beginning(self):
        for state in ("accepted", "suspended", "closed", "nonsense", False):
            vals = self._prepare_facility_vals(state=state)
            for user in (self.manager, self.env.ref("base.user_root")):
                with self.subTest(state=state), self.assertRaises(UserError):
                    self.Facility.with_user(user).create(vals)

    def test_a_default_in_the_context_sets_no_state(self):
        Facility = self.Facility.with_context(default_state="closed")
        facility = Facility.create(self._prepare_facility_vals())
        self.assertEqual(facility.state, "planned")

    def test_one_bad_document_refuses_all(self):
        count = self.Facility.search_count([])
        with self.assertRaises(UserError):
            self.Facility.create(
                [
                    self._prepare_facility_vals(),
                    self._prepare_facility_vals(state="closed"),
                ]
            )
        self.assertEqual(self.Facility.search_count([]), count)

    def test_an_import_sets_no_state(self):
        community = self._create_region(self.street_a)
        fields = ["name", "type_id/.id", "region_id/.id", "state"]
        rows = [["家", str(self.home_type.id), str(community.id), "Closed"]]
        result = self.Facility.with_user(self.manager).load(fields, rows)
        self.assertFalse(result["ids"])
        self.assertTrue(result["messages"])

    def test_a_copy_begins_anew(self):
        facility = self._create_facility(state="operating", date_state="2016-05-01")
        copy = facility.copy({"region_id": self._create_region(self.street_a).id})
        self.assertEqual(copy.state, "planned")

    def test_a_form_shows_the_state_and_does_not_save_it(self):
        with Form(self.facility) as form:
            form.name = "改名"
        self.assertEqual(self.facility.name, "改名")
        self.assertEqual(self.facility.state, "planned")

    # === MOVING === #

    def test_one_document_that_may_not_move_keeps_all(self):
        closed = self._create_facility()
        closed._set_state("closed")
        with self.assertRaises(UserError):
            (self.facility + closed)._set_state("under_construction")
        self.assertEqual(self._stored_state(self.facility), "planned")

    def test_documents_move_together(self):
        other = self._create_facility()
        (self.facility + other)._set_state("under_construction")
        for facility in self.facility + other:
            self.assertEqual(self._stored_state(facility), "under_construction")

    # === RAW SQL === #

    def _update(self, **vals):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE welfare_facility SET %s WHERE id = %s",
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in vals.items()
                ),
                self.facility.id,
            )
        )

    def test_sql_cannot_leave_the_transitions(self):
        for state in ("operating", "suspended", "nonsense", ""):
            with (
                self.subTest(state=state),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
            ):
                self._update(state=state)
        self.assertEqual(self._stored_state(self.facility), "planned")

    def test_sql_cannot_reopen_what_is_closed(self):
        self.facility._set_state("closed")
        for state in self.Facility._transitions:
            if state != "closed":
                with (
                    self.subTest(state=state),
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(CheckViolation),
                ):
                    self._update(state=state)

    def test_sql_cannot_begin_in_the_middle(self):
        community = self._create_region(self.street_a)
        self.env.flush_all()
        for state in ("accepted", "suspended", "closed", "nonsense"):
            with (
                self.subTest(state=state),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
            ):
                self.env.cr.execute(
                    """
                    INSERT INTO welfare_facility
                           (name, type_id, region_id, date_state, state)
                    SELECT name, type_id, %s, date_state, %s
                      FROM welfare_facility WHERE id = %s
                    """,
                    [community.id, state, self.facility.id],
                )

    def test_sql_may_change_the_rest(self):
        self._update(name="改名", state="planned")
        self.facility.invalidate_recordset()
        self.assertEqual(self.facility.name, "改名")

    def test_the_cache_cannot_carry_a_state_into_the_database(self):
        """Below write() there is the trigger."""
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.facility._write({"state": "operating"})
        self.facility.invalidate_recordset(flush=False)
        self.assertEqual(self._stored_state(self.facility), "planned")
