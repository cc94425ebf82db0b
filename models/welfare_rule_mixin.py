from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class WelfareRuleMixin(models.AbstractModel):
    """A row that the program keeps to: from when to when, and by which document.

    A row that comes with the program is in force. One of a person's is a draft that
    holds nowhere until it was approved; then it says the same for ever. A rule is
    changed by a new row with a later day, or by ending the old one, with approval.

    A model declares in ``_approval_fields`` what its rows say; that is fixed with the
    approval, but for the last day, which is written with the end.
    """

    _name = "welfare.rule.mixin"
    _description = "Rule That Others Approve"
    _inherit = ["welfare.approval.mixin", "welfare.state.mixin"]

    _initial_states = ("draft",)
    _shipped_state = "effective"
    _transitions = {"draft": {"effective"}, "effective": {"ended"}, "ended": set()}
    _approval_kinds = {
        ("draft", "effective"): "rule",
        ("effective", "ended"): "rule_end",
    }
    _approval_given = {"rule_end": ("date_to",)}
    _approval_excluded = {
        "is_verified": "says what somebody has checked, and is never taken back",
    }

    date_from = fields.Date(string="Valid from", required=True)
    date_to = fields.Date(string="Valid to", help="Empty while it holds.")
    source = fields.Text(
        string="Legal Source", required=True, help="The document that says so."
    )
    is_verified = fields.Boolean(
        string="Verified", help="Somebody has checked this row against the document."
    )
    state = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("effective", "In Force"),
            ("ended", "Terminated"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        help="An ended rule holds for the days up to its last one.",
    )

    _check_dates = models.Constraint(
        "CHECK (date_to >= date_from)", "A rule cannot end before it begins."
    )

    @property
    def _content_fields(self):
        """What was approved; texts have their translations, which come later."""
        return frozenset(
            name
            for name in (*self._approval_fields, "active")
            if name in self._fields
            and name != "date_to"
            and not self._fields[name].translate
        )

    def init(self):
        if self._auto and not self._abstract:
            self._install_rule_guard()
        return super().init()

    # === CRUD METHODS === #

    def write(self, vals):
        fixed = {"date_to"}
        if self.env.uid != SUPERUSER_ID:
            # Except for the program's own translations.
            fixed.update(self._approval_fields)
        if vals.keys() & fixed or not vals.get("is_verified", True):
            self._check_is_initial()
        return super().write(vals)

    # === ACTION METHODS === #

    def action_put_into_force(self):
        """Let a rule hold from its first day; it must have been approved."""
        self.check_access("write")
        self._set_state("effective")
        return True

    def action_ask_end(self):
        """Ask for the last day of a rule, and for the approval of that."""
        self.ensure_one()
        self.check_access("write")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_rule_end_action"
        )
        return {**action, "context": {"default_rule": f"{self._name},{self.id}"}}

    def action_end(self):
        """Let a rule hold no longer than until the day that was approved."""
        self.check_access("write")
        self._set_state("ended")
        return True

    # === BUSINESS METHODS === #

    def _prepare_given(self, code, given):
        prepared = super()._prepare_given(code, given)
        if prepared.get("date_to", "9999") < self.date_from.isoformat():
            raise UserError(self.env._("A rule cannot end before it begins."))
        return prepared

    def _get_approval_region(self):
        place = self.jurisdiction_id if "jurisdiction_id" in self._fields else None
        return place or super()._get_approval_region()

    @api.model
    def _domain_in_force(self, date):
        """Return what finds the rows that hold on a day.

        :rtype: Domain
        """
        return Domain(
            [
                ("state", "!=", "draft"),
                ("date_from", "<=", date),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", date),
            ]
        )

    @api.model
    def _sql_in_force(self, day):
        """Return the same as a condition on ``rule``, for a query.

        :param day: the day, a date or :class:`~odoo.tools.SQL`.
        :rtype: SQL
        """
        return SQL(
            "rule.state <> 'draft' AND rule.date_from <= %(day)s"
            " AND (rule.date_to IS NULL OR rule.date_to >= %(day)s)",
            day=day,
        )

    def _install_rule_guard(self):
        """Let the database keep the last day, and that somebody has checked a row."""
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_rule_keep() RETURNS trigger AS $$
            -- The last day is written when the rule is ended, with approval.
            BEGIN
                IF OLD.state <> 'draft' AND (
                    OLD.is_verified AND NEW.is_verified IS NOT TRUE
                    OR NEW.date_to IS DISTINCT FROM OLD.date_to
                       AND (OLD.state <> 'effective' OR NEW.state <> 'ended')
                ) THEN
                    RAISE EXCEPTION 'welfare: row % of % is in force',
                        OLD.id, TG_TABLE_NAME USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
            END;
            $$ LANGUAGE plpgsql
            """
        )
        self.env.cr.execute(
            SQL(
                """
                DROP TRIGGER IF EXISTS welfare_rule_keep ON %(table)s;
                CREATE TRIGGER welfare_rule_keep
                    BEFORE UPDATE OF date_to, is_verified ON %(table)s
                    FOR EACH ROW EXECUTE FUNCTION welfare_rule_keep()
                """,
                table=SQL.identifier(self._table),
            )
        )
