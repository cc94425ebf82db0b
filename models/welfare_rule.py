from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date


class WelfareRule(models.Model):
    """A threshold, a period or a share that the program keeps to (规则参数).

    Each row says for which jurisdiction and from when to when it holds, where it comes
    from, and whether somebody has checked it against that document. What is asked for
    and not there is refused in words; there is no value of last resort.

    A row that comes with the program is in force. One of a person's is a draft that
    holds nowhere until it was approved; then it says the same for ever. A rule is
    changed by a new row with a later day, or by ending the old one, with approval.
    """

    _name = "welfare.rule"
    _description = "Rule"
    _inherit = ["welfare.approval.mixin", "welfare.state.mixin"]
    _order = "code, jurisdiction_id, date_from desc, id"

    _initial_states = ("draft",)
    _shipped_state = "effective"
    _transitions = {"draft": {"effective"}, "effective": {"ended"}, "ended": set()}
    _content_fields = frozenset(
        ("code", "value", "jurisdiction_id", "date_from", "source", "active")
    )
    _approval_kinds = {
        ("draft", "effective"): "rule",
        ("effective", "ended"): "rule_end",
    }
    _approval_given = {"rule_end": ("date_to",)}
    _approval_fields = (
        *("code", "name", "value", "unit", "jurisdiction_id", "date_from", "date_to"),
        "source",
    )
    _approval_excluded = {
        "is_verified": "says what somebody has checked, and is never taken back",
    }

    code = fields.Char(required=True, index=True, help="What the program calls it.")
    name = fields.Char(required=True, translate=True)
    value = fields.Float(required=True, digits=(16, 4), aggregator=None)
    unit = fields.Char(required=True, translate=True)
    jurisdiction_id = fields.Many2one(
        comodel_name="welfare.region",
        ondelete="restrict",
        help="Where it holds, with all places in it; empty: everywhere. The nearest "
        "row counts.",
    )
    date_from = fields.Date(string="Valid from", required=True)
    date_to = fields.Date(string="Valid to", help="Empty while it holds.")
    source = fields.Text(
        string="Legal Source", required=True, help="The document that says so."
    )
    is_verified = fields.Boolean(
        string="Verified", help="Somebody has checked this row against the document."
    )
    active = fields.Boolean(default=True)
    state = fields.Selection(
        selection=[("draft", "Draft"), ("effective", "In Force"), ("ended", "Ended")],
        required=True,
        readonly=True,
        copy=False,
        help="An ended rule holds for the days up to its last one.",
    )

    _rule_uniq = models.UniqueIndex(
        "(code, COALESCE(jurisdiction_id, 0), date_from) "
        "WHERE active AND state = 'effective'",
        "This rule has a row for that jurisdiction from that day already.",
    )
    _check_dates = models.Constraint(
        "CHECK (date_to >= date_from)", "A rule cannot end before it begins."
    )

    def init(self):
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
                    RAISE EXCEPTION 'welfare: rule % is in force', OLD.id
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
            END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS welfare_rule_keep ON welfare_rule;
            CREATE TRIGGER welfare_rule_keep
                BEFORE UPDATE OF date_to, is_verified ON welfare_rule
                FOR EACH ROW EXECUTE FUNCTION welfare_rule_keep()
            """
        )
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("name", "value", "unit")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = f"{rule.name} ({rule.value:g} {rule.unit})"

    # === CRUD METHODS === #

    def write(self, vals):
        fixed = {"date_to"}
        if self.env.uid != SUPERUSER_ID:
            # Except for the program's own translations.
            fixed |= {"name", "unit"}
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
        return {**action, "context": {"default_rule_id": self.id}}

    def action_end(self):
        """Let a rule hold no longer than until the day that was approved."""
        self.check_access("write")
        self._set_state("ended")
        return True

    # === BUSINESS METHODS === #

    def _get_approval_region(self):
        return self.jurisdiction_id or super()._get_approval_region()

    @api.model
    def _get_rule(self, code, region, date):
        """Return the row that holds at a place on a day, or none.

        :param str code: what is asked for.
        :param region: a ``welfare.region``, or an empty one for the whole country.
        :param datetime.date date: the day.
        :rtype: WelfareRule
        """
        domain = Domain(
            [
                ("code", "=", code),
                ("state", "!=", "draft"),
                ("date_from", "<=", date),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", date),
            ]
        )
        where = Domain("jurisdiction_id", "=", False)
        if region:
            where |= Domain("jurisdiction_id", "parent_of", region.id)
        # sudo(): a district keeps to its province's rules, and does not see its
        # province among the regions.
        rules = self.sudo().with_context(active_test=True).search(domain & where)
        nearest = rules.sorted(
            lambda rule: (
                len(rule.jurisdiction_id.parent_path or ""),
                rule.date_from,
                rule.id,
            )
        )
        return nearest[-1:].with_env(self.env)

    @api.model
    def _get_value(self, code, region, date):
        """Return the value that holds at a place on a day.

        :rtype: float
        :raise UserError: no row holds there on that day.
        """
        rule = self._get_rule(code, region, date)
        if not rule:
            raise UserError(
                self.env._(
                    "No rule “%(code)s” holds in %(place)s on %(date)s: ask the "
                    "administrator to enter it, with its source.",
                    code=code,
                    place=region.display_name or self.env._("the whole country"),
                    date=format_date(self.env, date),
                )
            )
        return rule.value

    @api.model
    def _sql_value(self, condition, day, order=None):
        """Return the same for a query: the value that holds for each row's place.

        :param SQL condition: which rule, in terms of ``rule``.
        :param day: the day, a date or :class:`~odoo.tools.SQL`.
        :param SQL order: what comes before the nearest and the newest.
        :return: a scalar subquery; the place is the row's ``region``.
        :rtype: SQL
        """
        return SQL(
            """(
                SELECT rule.value::numeric FROM welfare_rule rule
                LEFT JOIN welfare_region place ON place.id = rule.jurisdiction_id
                WHERE rule.active AND rule.state <> 'draft' AND %(condition)s
                  AND rule.date_from <= %(day)s
                  AND (rule.date_to IS NULL OR rule.date_to >= %(day)s)
                  AND (place.id IS NULL
                       OR region.parent_path LIKE place.parent_path || '%%')
                ORDER BY %(order)s LENGTH(COALESCE(place.parent_path, '')) DESC,
                         rule.date_from DESC, rule.id DESC
                LIMIT 1
            )""",
            condition=condition,
            day=day,
            order=SQL("%s,", order) if order else SQL(),
        )
