import re

from lxml import etree

from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL


@tagged("post_install", "-at_install")
class TestInstallation(TransactionCase):
    """PostgreSQL has what the models declare.

    Odoo only logs a constraint or an index that the rows of an older version violate,
    and goes on without it.
    """

    @property
    def models(self):
        """The models of this module that have a table."""
        return [
            self.env[name]
            for name, model in self.registry.items()
            if model._original_module == "welfare_facility"
            and model._auto
            and not model._abstract
        ]

    def _column(self, query, *args, **kwargs):
        return {row[0] for row in self.env.execute_query(SQL(query, *args, **kwargs))}

    def test_constraints_and_indexes_exist(self):
        constraints = self._column(
            "SELECT conname FROM pg_constraint WHERE convalidated"
        )
        indexes = self._column(
            """
            SELECT relname FROM pg_class JOIN pg_index ON indexrelid = oid
             WHERE indisvalid AND indisready
            """
        )
        declared = [
            (kind.__name__, name)
            for model in self.models
            for name, table_object in model._table_objects.items()
            for kind in [type(table_object)]
        ]
        self.assertTrue(declared)
        for kind, name in declared:
            with self.subTest(name=name):
                self.assertIn(name, constraints if kind == "Constraint" else indexes)

    def test_unique_indexes_are_unique(self):
        unique = self._column(
            """
            SELECT relname FROM pg_class JOIN pg_index ON indexrelid = oid
             WHERE indisunique
            """
        )
        for model in self.models:
            for name, table_object in model._table_objects.items():
                if type(table_object).__name__ == "UniqueIndex":
                    self.assertIn(name, unique)

    def test_required_fields_are_not_null(self):
        for model in self.models:
            not_null = self._column(
                """
                SELECT attname FROM pg_attribute
                 WHERE attrelid = %s::regclass AND attnotnull
                """,
                model._table,
            )
            required = {
                field.name
                for field in model._fields.values()
                if field.store and field.required and field.column_type
            }
            with self.subTest(model=model._name):
                self.assertLessEqual(required, not_null)

    def test_references_are_foreign_keys(self):
        for model in self.models:
            columns = self._column(
                """
                SELECT attname FROM pg_constraint
                  JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
                 WHERE conrelid = %s::regclass AND contype = 'f'
                """,
                model._table,
            )
            references = {
                field.name
                for field in model._fields.values()
                if field.store and field.type == "many2one"
            }
            with self.subTest(model=model._name):
                self.assertLessEqual(references, columns)

    def test_indexed_fields_have_an_index(self):
        for model in self.models:
            indexed = self._column(
                """
                SELECT attname FROM pg_index
                  JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
                 WHERE indrelid = %s::regclass
                """,
                model._table,
            )
            declared = {
                field.name
                for field in model._fields.values()
                if field.store and field.index and field.column_type
            }
            if not self.registry.has_trigram:
                declared -= {
                    field.name
                    for field in model._fields.values()
                    if field.index == "trigram"
                }
            with self.subTest(model=model._name):
                self.assertLessEqual(declared, indexed)

    def test_state_guards_are_enabled_and_complete(self):
        """Each stateful table has its trigger, with the transitions of the model."""
        stateful = [
            model for model in self.models if hasattr(model, "_install_state_guard")
        ]
        self.assertTrue(stateful)
        for model in stateful:
            with self.subTest(model=model._name):
                rows = self.env.execute_query(
                    SQL(
                        """
                        SELECT tgenabled, pg_get_triggerdef(oid), tgtype, tgqual
                          FROM pg_trigger
                         WHERE tgrelid = %s::regclass AND tgname = 'welfare_state_guard'
                        """,
                        model._table,
                    )
                )
                self.assertEqual(len(rows), 1)
                enabled, definition, kind, condition = rows[0]
                self.assertIn(enabled, ("O", "A"))
                self.assertIsNone(condition)
                # For each row, before, on insert and update: bits of tgtype.
                self.assertEqual(kind & 0b10111, 0b10111)
                self.assertIn(f"'{','.join(model._initial_states)}'", definition)
                for state, targets in model._transitions.items():
                    for target in targets:
                        self.assertIn(f"{state}>{target}", definition)
                pairs = sum(map(len, model._transitions.values()))
                self.assertEqual(definition.count(">"), pairs)

    def test_delivered_records_exist(self):
        for name in (
            "welfare_group_administrator",
            "welfare_menu_root",
            "region_53",
            "facility_type_children_home",
            "coverage_measure_home_built",
            "welfare_coverage_report",
        ):
            self.assertTrue(self.env.ref(f"welfare_facility.{name}"))

    def test_every_role_has_a_box_in_the_form_of_a_user(self):
        category = self.env.ref("welfare_facility.module_category_welfare")
        privileges = self.env["res.groups.privilege"].search(
            [("category_id", "=", category.id)]
        )
        self.assertEqual(len(privileges.group_ids), len(privileges))


@tagged("post_install", "-at_install")
class TestKanbanViews(TransactionCase):
    def test_expressions_name_loaded_fields(self):
        """A card shows only when every field that it asks for is loaded with it."""
        views = self.env["ir.ui.view"].search(
            [("model", "like", "welfare."), ("arch_db", "like", "<kanban")]
        )
        self.assertTrue(views)
        for view in views:
            for kanban in etree.fromstring(view.arch).iter("kanban"):
                text = etree.tostring(kanban, encoding="unicode")
                loaded = {field.get("name") for field in kanban.iter("field")}
                asked = set(re.findall(r"\brecord\.(\w+)\.", text))
                with self.subTest(view=view.xml_id):
                    self.assertFalse(asked - loaded)
