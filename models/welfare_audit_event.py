import re

from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, file_open

from .audit_capture import find_captures, region_function

#: Up to so many records a print or an export leaves an event with each of them.
_EACH = 100
#: How PostgreSQL writes down "after, for each statement", and the operation.
_TYPES = {"insert": 4, "delete": 8, "update": 16, "truncate": 32}
#: The same of the triggers that refuse: before, for each row; before, each statement.
_REFUSALS = {"welfare_audit_refuse": 27, "welfare_audit_refuse_truncate": 34}
_SQL_FILE = "welfare_facility/models/sql/welfare_audit_event.sql"


class WelfareAuditEvent(models.Model):
    """One change of one row, written down by the database itself (变更记录).

    Triggers on every business table write the events, see ``audit_capture.py``; so
    neither a context, nor ``sudo()``, nor SQL gets past them. The table is made by
    ``sql/welfare_audit_event.sql``; rows are only ever added.
    """

    _name = "welfare.audit.event"
    _description = "Audit Event"
    _auto = False
    _log_access = False
    _allow_sudo_commands = False
    _order = "id desc"
    # A query, because Odoo does not look for partitioned tables; and because Odoo means
    # something else by display_name.
    _table_query = """
        SELECT event.*, event.display_name AS record_name FROM welfare_audit_event event
    """

    occurred_at = fields.Datetime(string="Time", readonly=True)
    txid = fields.Integer(string="Transaction", readonly=True, aggregator=None)
    operation = fields.Selection(
        selection=[
            ("insert", "Created"),
            ("update", "Changed"),
            ("delete", "Deleted"),
            ("truncate", "Table Emptied"),
            ("print", "Printed"),
            ("export", "Exported"),
            ("repair", "Trigger Repaired"),
        ],
        readonly=True,
    )
    table_name = fields.Char(string="Table", readonly=True)
    model = fields.Selection(
        selection="_selection_model", string="Kind of Record", readonly=True
    )
    res_id = fields.Integer(string="Record Number", readonly=True, aggregator=None)
    record_name = fields.Char(string="Name at That Time", readonly=True)
    old_values = fields.Json(readonly=True)
    new_values = fields.Json(readonly=True)
    user_id = fields.Many2one(comodel_name="res.users", string="User", readonly=True)
    db_user = fields.Char(string="Database User", readonly=True)
    db_address = fields.Char(string="Address at the Database", readonly=True)
    request_address = fields.Char(string="Address of the Request", readonly=True)
    application = fields.Char(readonly=True)
    region_id = fields.Many2one(
        comodel_name="welfare.region", string="Region", readonly=True
    )
    note = fields.Char(readonly=True)
    parent_model = fields.Selection(
        selection="_selection_model", string="Kind of Document", readonly=True
    )
    parent_id = fields.Integer(string="Document Number", readonly=True, aggregator=None)

    def init(self):
        with file_open(_SQL_FILE) as file:
            self.env.cr.execute(file.read())
        # All tables are there then, those of relations too.
        self.pool.post_init(self._install_capture, is_upgrade=True)
        return super().init()

    def _register_hook(self):
        super()._register_hook()
        # Another addon may bring relations of our models.
        self._install_capture(is_upgrade=bool(self.pool.updated_modules))

    # === SELECTION METHODS === #

    @api.model
    def _selection_model(self):
        IrModel = self.env["ir.model"]
        names = {capture.model for capture in find_captures(self.env)}
        return sorted(
            ((name, IrModel._get(name).name) for name in names),
            key=lambda pair: pair[1],
        )

    # === CRUD METHODS === #

    # No super(): nobody gets through.
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    def unlink(self):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    def _message_append_only(self):
        return self.env._("The audit trail is written by the database alone.")

    # === BUSINESS METHODS === #

    @api.model
    def _record(self, operation, model, res_ids=(), note=None, values=None):
        """Write down what leaves no trace in a table, such as a print.

        :param str operation: see the field.
        :param str model: name of the model.
        :param res_ids: ids of its records; an event is written for each of them, or one
            for all where they are many.
        :param str note: which report, for instance.
        :param dict values: anything that goes into JSON.
        """
        if self.env.cr.readonly:
            with self.env.registry.cursor() as cr:
                own = self.with_env(self.env(cr=cr))
                return own._record(operation, model, res_ids, note, values)
        self._announce_actor()
        ids = list(res_ids)
        values = values or {}
        if len(ids) > _EACH:
            values = {**values, "ids": ids}
        rows = ids if 0 < len(ids) <= _EACH else [None]
        names = {}
        if rows != [None] and model in self.env:
            records = self.env[model].sudo().browse(rows).exists()
            names = {record.id: record.display_name for record in records}
        self.env.cr.execute_values(
            """
            INSERT INTO welfare_audit_event (
                operation, table_name, model, res_id, new_values, region_id,
                display_name, note
            )
            VALUES %s
            """,
            [
                (
                    operation,
                    self.env[model]._table if model in self.env else None,
                    model,
                    res_id,
                    Json(values) if values else None,
                    model,
                    res_id,
                    names.get(res_id),
                    note,
                )
                for res_id in rows
            ],
            template="(%s, %s, %s, %s, %s, welfare_audit_region(%s, %s), %s, %s)",
        )
        return None

    @api.model
    def _cron_prepare_partitions(self):
        """Make the tables of the years to come."""
        self.env.cr.execute("SELECT welfare_audit_prepare_partitions()")

    # === CAPTURE === #

    @api.model
    def _find_captures(self):
        """Return what is captured of every table that exists.

        :rtype: list[Capture]
        """
        captures = find_captures(self.env)
        existing = {
            name
            for (name,) in self.env.execute_query(
                SQL(
                    """
                    SELECT relname FROM pg_class
                    WHERE relkind = 'r' AND relname IN %s
                      AND relnamespace = current_schema()::regnamespace
                    """,
                    tuple(capture.table for capture in captures),
                )
            )
        }
        return [capture for capture in captures if capture.table in existing]

    @api.model
    def _find_missing_triggers(self):
        """Compare the triggers of the trail with what is declared.

        :return: for each fault the ``table``, the ``trigger`` or function, and the
            ``fault``: ``missing``, ``disabled`` (also: not ENABLE ALWAYS), ``changed``
            (it does something else) or ``function`` (other source).
        :rtype: list[dict]
        """
        schema = self._schema()
        expected = {}
        sources = self._sources()
        tables = {}
        for capture in self._find_captures():
            sources[capture.function] = capture.body(schema)
            tables.setdefault(capture.function, capture.table)
            for kind, bits in _TYPES.items():
                transitions = (
                    "old_rows" if kind in ("update", "delete") else None,
                    "new_rows" if kind in ("insert", "update") else None,
                )
                expected[capture.table, f"welfare_audit_{kind}"] = (
                    capture.function,
                    bits,
                    *transitions,
                )
        partitions = self.env.execute_query(
            SQL(
                """
                SELECT 'welfare_audit_event' UNION ALL
                SELECT relname FROM pg_inherits JOIN pg_class ON inhrelid = oid
                WHERE inhparent = 'welfare_audit_event'::regclass
                """
            )
        )
        for (table,) in partitions:
            for name, bits in _REFUSALS.items():
                expected[table, name] = ("welfare_audit_refuse", bits, None, None)
        found = {
            (table, name): (enabled, is_plain, *rest)
            for table, name, enabled, is_plain, *rest in self.env.execute_query(
                SQL(
                    r"""
                    SELECT relname, tgname, tgenabled,
                           tgqual IS NULL AND tgnargs = 0 AND tgattr = ''::int2vector,
                           proname, tgtype, tgoldtable, tgnewtable
                    FROM pg_trigger
                    JOIN pg_class ON pg_class.oid = tgrelid
                    JOIN pg_proc ON pg_proc.oid = tgfoid
                    WHERE tgname LIKE 'welfare\_audit\_%%'
                      AND relnamespace = current_schema()::regnamespace
                      AND pronamespace = current_schema()::regnamespace
                    """
                )
            )
        }
        faults = []
        for (table, trigger), declared in sorted(expected.items()):
            if (table, trigger) not in found:
                fault = "missing"
            else:
                enabled, is_plain, *rest = found[table, trigger]
                if not is_plain or tuple(rest) != declared:
                    fault = "changed"
                elif enabled != "A":
                    fault = "disabled"
                else:
                    continue
            faults.append({"table": table, "trigger": trigger, "fault": fault})
        written = self._written_sources()
        faults += [
            {"table": tables.get(name), "trigger": name, "fault": "function"}
            for name, source in sorted(sources.items())
            if written.get(name) != source
        ]
        return faults

    @api.model
    def _written_sources(self):
        """Return the sources that the database has of the trail's functions."""
        rows = self.env.execute_query(
            SQL(
                r"""
                SELECT proname, prosrc FROM pg_proc
                WHERE proname LIKE 'welfare\_audit\_%%'
                  AND pronamespace = current_schema()::regnamespace
                """
            )
        )
        return dict(rows)

    @api.model
    def _sources(self):
        """Return the sources of the functions that serve all tables, by name."""
        with file_open(_SQL_FILE) as file:
            text = file.read()
        sources = dict(
            re.findall(r"FUNCTION (\w+)\([^)]*\) RETURNS .*?\$\$(.*?)\$\$", text, re.S)
        )
        return {**sources, "welfare_audit_region": region_function(self.env)}

    @api.model
    def _install_capture(self, is_upgrade=False):
        """Make the triggers as they are declared, and write down what was amiss.

        :param bool is_upgrade: addons are being changed, and with them perhaps what is
            declared.
        """
        cr = self.env.cr
        if not self._find_missing_triggers():
            return
        # One process does it, the others find it done.
        cr.execute("SELECT pg_advisory_xact_lock(hashtext('welfare_audit'))")
        faults = self._find_missing_triggers()
        known = set(self._written_sources())
        wrong = {(fault["table"], fault["trigger"]) for fault in faults}
        for table, trigger in wrong:
            if trigger == "welfare_audit_refuse":
                # Those of the partitions go with it, and come again.
                table = "welfare_audit_event"
            if trigger in _REFUSALS:
                self._drop_trigger(table, trigger)
        with file_open(_SQL_FILE) as file:
            cr.execute(file.read())
        self._create_function(
            "welfare_audit_region(kind text, record bigint)",
            "integer",
            region_function(self.env),
        )
        schema = self._schema()
        for capture in self._find_captures():
            if (capture.table, capture.function) in wrong:
                self._create_function(
                    f"{capture.function}()", "trigger", capture.body(schema)
                )
            for trigger, declaration in capture.triggers().items():
                if (capture.table, trigger) in wrong:
                    self._drop_trigger(capture.table, trigger)
                    self._create_trigger(capture, trigger, declaration)
        is_first = not known & {capture.function for capture in self._find_captures()}
        for fault in faults:
            is_planned = is_upgrade and (
                fault["fault"] == "changed"
                or (fault["fault"] == "function" and fault["trigger"] in known)
            )
            if not is_first and not is_planned:
                cr.execute(
                    SQL(
                        """
                        INSERT INTO welfare_audit_event (operation, table_name, note)
                        VALUES ('repair', %s, %s)
                        """,
                        fault["table"],
                        f"{fault['trigger']}: {fault['fault']}",
                    )
                )

    def _schema(self):
        [[schema]] = self.env.execute_query(SQL("SELECT quote_ident(current_schema())"))
        return schema

    def _create_function(self, signature, returns, body):
        # Names are ours or of the registry, the body is made of literals.
        self.env.cr.execute(
            SQL(
                "CREATE OR REPLACE FUNCTION %s RETURNS %s AS %s LANGUAGE plpgsql",
                SQL(signature),
                SQL(returns),
                body,
            )
        )

    def _drop_trigger(self, table, trigger):
        self.env.cr.execute(
            SQL(
                "DROP TRIGGER IF EXISTS %s ON %s",
                SQL.identifier(trigger),
                SQL.identifier(table),
            )
        )

    def _create_trigger(self, capture, trigger, declaration):
        table, name = SQL.identifier(capture.table), SQL.identifier(trigger)
        self.env.cr.execute(
            SQL(
                "CREATE TRIGGER %s %s",
                name,
                SQL(
                    declaration.format(
                        table=f'"{capture.table}"', function=f'"{capture.function}"'
                    )
                ),
            )
        )
        # Also where a session says that it replicates, which skips the others.
        self.env.cr.execute(SQL("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s", table, name))
