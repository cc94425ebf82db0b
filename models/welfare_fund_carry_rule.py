from odoo import api, fields, models
from odoo.fields import Domain


class WelfareFundCarryRule(models.Model):
    """What becomes of money that is left at the end of a year (结转结余规定).

    The wordings differ by source, place and time, so each is a row. A row that nobody
    has checked against its document proposes; one that was checked also forbids to
    carry what has lapsed.
    """

    _name = "welfare.fund.carry.rule"
    _description = "Carry-over Rule"
    _inherit = ["welfare.rule.mixin"]
    _order = "source_id, jurisdiction_id, date_from desc, id"
    _rec_name = "wording"

    _approval_fields = (
        *("source_id", "jurisdiction_id", "date_from", "date_to", "years", "wording"),
        "source",
    )

    source_id = fields.Many2one(
        comodel_name="welfare.fund.source",
        required=True,
        index=True,
        ondelete="restrict",
    )
    jurisdiction_id = fields.Many2one(
        comodel_name="welfare.region",
        ondelete="restrict",
        help="Where it holds, with all places in it; empty: everywhere. The nearest "
        "row counts.",
    )
    years = fields.Integer(
        string="Number of Fiscal Years",
        aggregator=None,
        help="In how many fiscal years the money may be used, the first one included; "
        "what is left after the last of them lapses. 0: without limit.",
    )
    wording = fields.Char(required=True, help="What the document says, word for word.")

    _rule_uniq = models.UniqueIndex(
        "(source_id, COALESCE(jurisdiction_id, 0), date_from) "
        "WHERE state = 'effective'",
        "This source has a rule for that jurisdiction from that day already.",
    )
    _check_years = models.Constraint(
        "CHECK (years >= 0)", "Write 0 for a rule without limit."
    )

    # === BUSINESS METHODS === #

    @api.model
    def _get_rules(self, source, region, date):
        """Return the rules that hold for a source at a place on a day.

        :return: the one that counts first (the nearest, then the newest), then those
            that hold as well.
        :rtype: WelfareFundCarryRule
        """
        where = Domain("jurisdiction_id", "=", False)
        where |= Domain("jurisdiction_id", "parent_of", region.id)
        # sudo(): a district keeps to its province's rules, and does not see its
        # province among the regions.
        rules = self.sudo().search(
            Domain("source_id", "=", source.id) & self._domain_in_force(date) & where
        )
        nearest_first = rules.sorted(
            lambda rule: (
                len(rule.jurisdiction_id.parent_path or ""),
                rule.date_from,
                rule.id,
            ),
            reverse=True,
        )
        return nearest_first.sudo(self.env.su)

    def _propose(self, years_used):
        """Return what the rule makes of money at the end of a year.

        :param int years_used: fiscal years in which it could be used so far.
        :return: a value of the field ``action`` of ``welfare.fund.carry.line``.
        """
        self.ensure_one()
        return "carry" if not self.years or years_used < self.years else "lapse"
