from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class WelfareHistoryMixin(models.AbstractModel):
    """Rows that are only ever added (只增不改), as a part of another record.

    A wrong row is put right by a newer one. ``write`` and ``unlink`` refuse everybody,
    and a trigger refuses raw SQL; the rows go only together with the record that they
    belong to, named by ``_history_parent``.
    """

    _name = "welfare.history.mixin"
    _description = "History"

    #: The many2one to the record of which this is the history.
    _history_parent = ""

    def init(self):
        if self._auto and not self._abstract:
            self._install_history_guard()
        return super().init()

    # === CRUD METHODS === #

    # No super(): nobody gets through.
    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # The database cascades when the record goes to which the rows belong.
        raise AccessError(self._message_append_only())

    # === BUSINESS METHODS === #

    def _message_append_only(self):
        return self.env._(
            "%(model)s: rows are only ever added; a newer one corrects what is wrong.",
            model=self.env["ir.model"]._get(self._name).name,
        )

    def _install_history_guard(self):
        parent = self._fields[self._history_parent]
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_history_keep() RETURNS trigger AS $$
            -- TG_ARGV: the column that names the parent, the table of the parent
            DECLARE
                is_orphan boolean := FALSE;
            BEGIN
                IF TG_OP = 'DELETE' THEN
                    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I WHERE id = $1)',
                                   TG_ARGV[1])
                    INTO is_orphan USING (to_jsonb(OLD) ->> TG_ARGV[0])::integer;
                    IF is_orphan THEN
                        RETURN OLD;
                    END IF;
                END IF;
                RAISE EXCEPTION 'welfare: rows of % are only ever added', TG_TABLE_NAME
                    USING ERRCODE = 'check_violation';
            END;
            $$ LANGUAGE plpgsql
            """
        )
        self.env.cr.execute(
            SQL(
                """
                DROP TRIGGER IF EXISTS welfare_history_keep ON %(table)s;
                CREATE TRIGGER welfare_history_keep
                    BEFORE UPDATE OR DELETE ON %(table)s
                    FOR EACH ROW EXECUTE FUNCTION welfare_history_keep(
                        %(column)s, %(parent)s
                    );
                DROP TRIGGER IF EXISTS welfare_history_truncate ON %(table)s;
                CREATE TRIGGER welfare_history_truncate BEFORE TRUNCATE ON %(table)s
                    FOR EACH STATEMENT EXECUTE FUNCTION welfare_history_keep()
                """,
                table=SQL.identifier(self._table),
                column=self._history_parent,
                parent=self.env[parent.comodel_name]._table,
            )
        )
