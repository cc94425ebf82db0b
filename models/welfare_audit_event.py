import dataclasses
import re
from datetime import timedelta

from markupsafe import Markup
from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, file_open

from .audit_capture import find_captures, region_function, writer_function
from .audit_words import AuditWords

#: More than the ids of any model; times the ids of models it is a number that
#: JavaScript can still tell from the next one.
_KEY = 10**10
#: Up to so many records a print or an export leaves an event with each of them.
_EACH = 100
#: Changes that a list shows of an event, when it has more than one more.
_SHOWN = 4
#: How PostgreSQL writes down "after, for each statement", and the operation.
_TYPES = {"insert": 4, "delete": 8, "update": 16, "truncate": 32}
#: The same of the triggers that refuse: before, for each row; before, each statement.
_REFUSALS = {"welfare_audit_refuse": 27, "welfare_audit_refuse_truncate": 34}
_SQL_FILE = "welfare_facility/models/sql/welfare_audit_event.sql"


def make_table(columns, rows):
    """Return a table of texts as HTML."""
    head = Markup().join(Markup("<th>%s</th>") % column for column in columns)
    body = Markup().join(
        Markup("<tr>%s</tr>")
        % Markup().join(Markup('<td class="text-break">%s</td>') % cell for cell in row)
        for row in rows
    )
    return Markup(
        '<table class="table table-sm"><thead><tr>%s</tr></thead>'
        "<tbody>%s</tbody></table>"
    ) % (head, body)


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
        SELECT *, display_name AS record_name,
            right(table_name, 4) = '_rel' AS is_relation,
            note = 'identity' AS has_identity
        FROM welfare_audit_event
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
            ("refuse", "Refused"),
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
    user_id = fields.Many2one(comodel_name="res.users", readonly=True)
    db_user = fields.Char(string="Database User", readonly=True)
    db_address = fields.Char(string="Address at the Database", readonly=True)
    request_address = fields.Char(string="Address of the Request", readonly=True)
    application = fields.Char(readonly=True)
    region_id = fields.Many2one(comodel_name="welfare.region", readonly=True)
    note = fields.Char(readonly=True)
    parent_model = fields.Selection(
        selection="_selection_model", string="Kind of Document", readonly=True
    )
    parent_id = fields.Integer(string="Document Number", readonly=True, aggregator=None)
    actor = fields.Char(string="Changed By", compute="_compute_words")
    act = fields.Char(string="Kind of Change", compute="_compute_words")
    kind = fields.Char(compute="_compute_words")
    subject = fields.Char(string="Record Concerned", compute="_compute_words")
    changes = fields.Text(compute="_compute_words")
    summary = fields.Text(
        compute="_compute_words", help="The first of the changes; the event has all."
    )
    changes_html = fields.Html(
        string="Changes in Detail", compute="_compute_words", sanitize=False
    )
    history_of = fields.Char(
        string="Record with Its Lines and Files",
        store=False,
        search="_search_history_of",
        help="The key of a record finds what happened to it, its lines and its files.",
    )
    is_relation = fields.Boolean(string="Link to Another Record", readonly=True)
    has_identity = fields.Boolean(string="Number of a Citizen", readonly=True)

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

    # === COMPUTE METHODS === #

    @api.depends("act", "kind", "subject")
    def _compute_display_name(self):
        for event in self:
            event.display_name = self.env._(
                "%(act)s: %(kind)s %(name)s",
                act=event.act,
                kind=event.kind,
                name=event.subject,
            )

    @api.depends_context("lang", "tz", "uid")
    @api.depends("operation", "model", "res_id", "old_values", "new_values")
    def _compute_words(self):
        words = AuditWords(self.env)
        words.learn(
            [("res.users", event.user_id.id) for event in self if event.user_id]
            + [(event.model, event.res_id) for event in self if event.res_id]
        )
        described = words.describe(self)
        acts = dict(self._fields["operation"]._description_selection(self.env))
        kinds = dict(self._fields["model"]._description_selection(self.env))
        for event in self:
            lines = described[event.id]
            is_relation = words.relation(event.table_name, event.model) is not None
            event.actor = self._actor(event, words)
            event.act = acts.get("update" if is_relation else event.operation)
            event.kind = kinds.get(event.model) or self._kind(event)
            event.subject = (
                event.record_name
                or (event.res_id and words.name(event.model, event.res_id))
                or ""
            )
            changes = [self._line_in_words(event, *line) for line in lines]
            if not changes and event.note and event.note != "identity":
                changes = [self._note_in_words(event)]
            event.changes = "\n".join(changes)
            if len(changes) > _SHOWN + 1:
                more = self.env._("… and %s more", len(changes) - _SHOWN)
                changes = [*changes[:_SHOWN], more]
            event.summary = "\n".join(changes)
            event.changes_html = event._render_changes(lines, is_relation)

    def _kind(self, event):
        """Name what is printed or exported and has no events of its own."""
        if event.model in self.env:
            return self.env["ir.model"]._get(event.model).name
        return event.table_name or ""

    def _actor(self, event, words):
        if event.user_id:
            return words.name("res.users", event.user_id.id)
        return self.env._("Direct SQL, database user %s", event.db_user)

    def _note_in_words(self, event):
        if event.operation != "repair":
            return event.note
        trigger, _colon, rest = event.note.partition(": ")
        fault, _space, upgrade = rest.partition(" ")
        words = {
            "missing": self.env._("%s: was missing", trigger),
            "disabled": self.env._("%s: was switched off", trigger),
            "changed": self.env._("%s: did something else", trigger),
            "function": self.env._("%s: had another content", trigger),
        }.get(fault, event.note)
        return self.env._("%s (upgrade)", words) if upgrade else words

    def _line_in_words(self, event, label, old, new):
        if event.operation == "update" or (old and new):
            return self.env._(
                "%(field)s: %(old)s → %(new)s",
                field=label,
                old=old or self.env._("(empty)"),
                new=new or self.env._("(empty)"),
            )
        return self.env._("%(field)s: %(value)s", field=label, value=new or old)

    def _render_changes(self, lines, is_relation):
        """Return the changes as a table."""
        shown = [line for line in lines if line[1] or line[2]]
        if not shown:
            return False
        columns = [self.env._("Field")]
        if self.operation == "update" or is_relation:
            columns += [self.env._("Before"), self.env._("After")]
            rows = shown
        else:
            columns.append(self.env._("Value"))
            rows = [(label, new or old) for label, old, new in shown]
        return make_table(columns, rows)

    # === SELECTION METHODS === #

    @api.model
    def _selection_model(self):
        IrModel = self.env["ir.model"]
        names = {capture.model for capture in find_captures(self.env)}
        return sorted(
            ((name, IrModel._get(name).name) for name in names),
            key=lambda pair: pair[1],
        )

    # === SEARCH METHODS === #

    def _search_history_of(self, operator, values):
        if operator != "in":
            return NotImplemented
        return Domain.OR(
            self._history_domain(*self._read_key(value)) for value in values
        )

    @api.model
    def _history_domain(self, res_model, res_id):
        if not (res_model and res_id):
            return Domain.FALSE
        own = Domain("model", "=", res_model) & Domain("res_id", "=", res_id)
        parts = Domain("parent_model", "=", res_model) & Domain(
            "parent_id", "=", res_id
        )
        return own | parts

    @api.model
    def _make_key(self, res_model, res_id):
        """Return one number for model and id: what the web client keeps in an address
        are numbers alone.
        """
        return self.env["ir.model"]._get_id(res_model) * _KEY + res_id

    @api.model
    def _read_key(self, key):
        """Return model and id; what is no key leads to no record."""
        number = int(key) if str(key).isdecimal() else 0
        # sudo(): the name of a model.
        model = self.env["ir.model"].sudo().browse(number // _KEY).exists().model
        return model or "", number % _KEY

    # === CRUD METHODS === #

    # No super(): nobody gets through.
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    def unlink(self):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())  # pylint: disable=no-raise-unlink

    def _message_append_only(self):
        return self.env._("The audit trail is written by the database alone.")

    # === ACTION METHODS === #

    @api.model
    def action_open_history(self, res_model, res_id):
        """Open everything that happened to a record, its lines and its files.

        :param str res_model: name of the model.
        :param int res_id: id of the record; it may have been deleted.
        """
        self._check_record(res_model, res_id)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_audit_history_action"
        )
        name = AuditWords(self.env).name(res_model, res_id)
        title = self.env._("History of %s", name)
        key = self._make_key(res_model, res_id)
        return {
            **action,
            "name": title,
            "display_name": title,
            "domain": [("history_of", "=", key)],
            # The browser keeps active_id in the address: it says whose history it is,
            # also when the page is loaded again.
            "context": {"active_id": key, "welfare_history": key},
        }

    def action_open_record_history(self):
        """Open the history of the record that the event speaks of."""
        self.ensure_one()
        return self.action_open_history(self.model, self.res_id)

    def action_open_snapshot(self):
        """Ask for a day, and show the record as it stood then."""
        model, number = self._read_key(self.env.context.get("welfare_history"))
        context = {"default_res_model": model, "default_res_id": number}
        if event := self[:1]:
            context = {
                "default_res_model": event.model,
                "default_res_id": event.res_id,
                # With what happened in this second.
                "default_date": event.occurred_at + timedelta(seconds=1),
            }
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("As It Stood"),
            "res_model": "welfare.audit.snapshot",
            "view_mode": "form",
            "target": "new",
            "context": context,
        }

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
        self._announce_actor()
        ids = list(res_ids)
        values = values or {}
        if len(ids) > _EACH:
            values = {**values, "ids": ids}
        rows = ids if 0 < len(ids) <= _EACH else [None]
        names = {}
        if rows != [None] and model in self.env:
            # sudo(): their names go into the trail, not to the caller.
            records = self.env[model].sudo().browse(rows).exists()
            names = {record.id: record.display_name for record in records}
        # Who has drawn the number of an event has one as a transaction: the sealer
        # relies on that. Changes of tables have it by themselves.
        self.env.cr.execute("SELECT pg_current_xact_id()")
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

    @api.model
    def _cron_prepare_partitions(self):
        """Make the tables of the years to come."""
        self.env.cr.execute("SELECT welfare_audit_prepare_partitions()")

    @api.model
    def _check_record(self, res_model, res_id):
        """Refuse a record that the user may not read; one that has gone as well.

        :raise AccessError: also for a model that the trail does not capture.
        """
        self.check_access("read")
        models_known = {capture.model for capture in find_captures(self.env)}
        if res_model in models_known:
            record = self.env[res_model].browse(res_id).exists()
            if record:
                record.check_access("read")
                return
            if self.search(
                [("model", "=", res_model), ("res_id", "=", res_id)], limit=1
            ):
                return
        raise AccessError(self.env._("The trail knows nothing of such a record."))

    @api.model
    def _find_values(self, res_model, res_id, date):
        """Return the stored values of a record as they were, from the trail.

        What is there now is taken, and each later change is undone; so a record that is
        older than the trail can be asked for as well.

        :param datetime.datetime date: in UTC; what happened by then counts.
        :return: the values, with those of relations as tuples of ids under the name of
            their field; ``None`` if there was no such record.
        :rtype: dict | None
        """
        model = self.env[res_model]
        [capture] = [
            capture
            for capture in self._find_captures()
            if capture.table == model._table
        ]
        values = None
        for (row,) in self.env.execute_query(
            SQL(
                "SELECT to_jsonb(t) FROM %s t WHERE id = %s",
                SQL.identifier(model._table),
                res_id,
            )
        ):
            values = {name: row[name] for name in row if capture.captures(name)}
        words = AuditWords(self.env)
        related = {}
        # By SQL: Odoo counts seconds. And whoever may read the record may read it from
        # its beginning, wherever it lay then.
        events = self.env.execute_query_dict(
            SQL(
                """
                SELECT operation, table_name, old_values, new_values
                FROM welfare_audit_event
                WHERE model = %s AND res_id = %s AND occurred_at > %s
                  AND operation IN ('insert', 'update', 'delete')
                ORDER BY id DESC
                """,
                res_model,
                res_id,
                date,
            )
        )
        for event in events:
            if event["table_name"] != model._table:
                field = words.relation(event["table_name"], res_model)
                if field is not None:
                    related.setdefault(field, self._related_now(field, res_id))
                    other = (event["new_values"] or event["old_values"])[field.column2]
                    if event["operation"] == "insert":
                        related[field].discard(other)
                    else:
                        related[field].add(other)
            elif event["operation"] == "insert":
                values = None
            else:
                values = {**(values or {}), **event["old_values"]}
        if values is not None:
            values.pop("id", None)
            for field, ids in related.items():
                values[field.name] = tuple(sorted(ids))
        return values

    def _related_now(self, field, res_id):
        rows = self.env.execute_query(
            SQL(
                "SELECT %s FROM %s WHERE %s = %s",
                SQL.identifier(field.column2),
                SQL.identifier(field.relation),
                SQL.identifier(field.column1),
                res_id,
            )
        )
        return {other for (other,) in rows}

    # === CAPTURE === #

    @api.model
    def _find_captures(self):
        """Return what is captured of every table that exists.

        :rtype: list[Capture]
        """
        captures = find_captures(self.env)
        columns = {
            name: tuple(names)
            for name, names in self.env.execute_query(
                SQL(
                    """
                    SELECT relname, array_agg(attname::text ORDER BY attnum)
                    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
                    WHERE relkind = 'r' AND relname IN %s
                      AND relnamespace = current_schema()::regnamespace
                      AND attnum > 0 AND NOT attisdropped
                    GROUP BY relname
                    """,
                    tuple(capture.table for capture in captures),
                )
            )
        }
        return [
            dataclasses.replace(capture, columns=columns[capture.table])
            for capture in captures
            if capture.table in columns
        ]

    @api.model
    def _find_missing_triggers(self):
        """Compare the triggers of the trail with what is declared.

        :return: for each fault the ``table``, the ``trigger`` or function, and the
            ``fault``: ``missing``, ``disabled`` (also: not ENABLE ALWAYS), ``changed``
            (it does something else) or ``function`` (other source or settings).
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
        """Return the sources that the database has of the trail's functions; nothing
        for one that runs with settings or rights of its own.
        """
        rows = self.env.execute_query(
            SQL(
                r"""
                SELECT proname,
                       CASE WHEN proconfig IS NULL AND NOT prosecdef THEN prosrc END
                FROM pg_proc
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
        schema = self._schema()
        return {
            **sources,
            "welfare_audit_region": region_function(self.env, schema),
            "welfare_audit_write": writer_function(schema),
        }

    @api.model
    def _install_capture(self, is_upgrade=False):
        """Make the triggers as they are declared, and write down what was amiss.

        :param bool is_upgrade: addons are being changed, and with them perhaps what is
            declared; the event says so.
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
        schema = self._schema()
        self._create_function(
            "welfare_audit_region(kind text, record bigint)",
            "integer",
            region_function(self.env, schema),
        )
        self._create_function(
            "welfare_audit_write(operation text, table_name text, model text,"
            " res_id bigint, olds jsonb, news jsonb, region integer, name text,"
            " parent_model text, parent_id bigint)",
            "text",
            writer_function(schema),
        )
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
        if is_first:
            return
        for fault in faults:
            cr.execute(
                SQL(
                    """
                    INSERT INTO welfare_audit_event (operation, table_name, note)
                    VALUES ('repair', %s, %s)
                    """,
                    fault["table"],
                    f"{fault['trigger']}: {fault['fault']}"
                    + (" (upgrade)" if is_upgrade else ""),
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
