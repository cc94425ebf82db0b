from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date


class WelfareRule(models.Model):
    """A threshold, a period or a share that the program keeps to (规则参数).

    Each row says for which jurisdiction and from when to when it holds, where it comes
    from, and whether somebody has checked it against that document. What is asked for
    and not there is refused in words; there is no value of last resort.
    """

    _name = "welfare.rule"
    _description = "Rule"
    _inherit = ["welfare.rule.mixin"]
    _order = "code, jurisdiction_id, date_from desc, id"

    _approval_fields = (
        *("code", "name", "value", "unit", "jurisdiction_id", "date_from", "date_to"),
        "source",
    )

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
    active = fields.Boolean(default=True)

    _rule_uniq = models.UniqueIndex(
        "(code, COALESCE(jurisdiction_id, 0), date_from) "
        "WHERE active AND state = 'effective'",
        "This rule has a row for that jurisdiction from that day already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("name", "value", "unit")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = f"{rule.name} ({rule.value:g} {rule.unit})"

    # === BUSINESS METHODS === #

    @api.model
    def _get_rule(self, code, region, date):
        """Return the row that holds at a place on a day, or none.

        :param str code: what is asked for.
        :param region: a ``welfare.region``, or an empty one for the whole country.
        :param datetime.date date: the day.
        :rtype: WelfareRule
        """
        domain = Domain("code", "=", code) & self._domain_in_force(date)
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
                WHERE rule.active AND %(in_force)s AND %(condition)s
                  AND (place.id IS NULL
                       OR region.parent_path LIKE place.parent_path || '%%')
                ORDER BY %(order)s LENGTH(COALESCE(place.parent_path, '')) DESC,
                         rule.date_from DESC, rule.id DESC
                LIMIT 1
            )""",
            condition=condition,
            in_force=self._sql_in_force(day),
            order=SQL("%s,", order) if order else SQL(),
        )
