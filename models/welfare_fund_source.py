from collections import defaultdict

from odoo import api, fields, models

from ..tools.textvalue import match_key


class WelfareFundSource(models.Model):
    """Where money comes from (资金来源), with what the law says of it."""

    _name = "welfare.fund.source"
    _description = "Source of Funds"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    level = fields.Selection(
        selection=[
            ("central", "Central"),
            ("province", "Province"),
            ("prefecture", "Prefecture"),
            ("county", "County"),
            ("township", "Township or Street"),
            ("society", "Society"),
        ],
        required=True,
    )
    nature = fields.Selection(
        selection=[
            ("general", "General Public Budget"),
            ("fund", "Government Fund Budget"),
            ("donation", "Donation"),
        ],
        required=True,
    )
    synonyms = fields.Text(
        help="What ledgers call this source, one name a line; an import finds it by "
        "them."
    )
    purpose_ids = fields.Many2many(
        comodel_name="welfare.fund.purpose",
        string="Permitted Purposes",
        help="Empty: the source itself sets no limits.",
    )
    prohibited_ids = fields.Many2many(
        comodel_name="welfare.fund.classification",
        string="Prohibited Economic Codes",
        domain="[('kind', '!=', 'function')]",
    )
    needs_label = fields.Boolean(
        string="Label Required",
        help="What it pays for must bear the label “彩票公益金资助 — 中国福利彩票”.",
    )
    disclosure_day = fields.Char(
        string="Disclosed by",
        size=5,
        help="Month and day (MM-DD) by which the use of the year before is announced.",
    )
    norm_ids = fields.One2many(
        comodel_name="welfare.fund.norm", inverse_name="source_id", string="Unit Norms"
    )
    carry_rule_ids = fields.One2many(
        comodel_name="welfare.fund.carry.rule",
        inverse_name="source_id",
        string="Carry-over Rules",
    )
    source = fields.Text(string="Legal Source")
    is_verified = fields.Boolean(
        string="Verified", help="Somebody has checked this row against the document."
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "This code exists already.")
    _check_disclosure_day = models.Constraint(
        "CHECK (disclosure_day ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$')",
        "Write month and day as MM-DD, such as 06-30.",
    )

    # === BUSINESS METHODS === #

    @api.model
    def _get_by_name(self, names):
        """Return the sources that a ledger calls so, none where it is not certain.

        :param names: as the ledger writes them.
        :rtype: dict[str, WelfareFundSource]
        """
        sources = defaultdict(self.browse)
        for source in self.search([("active", "=", True)]):
            for name in [source.name, *(source.synonyms or "").splitlines()]:
                sources[match_key(name)] |= source
        none = self.browse()
        found = {name: sources.get(match_key(name or ""), none) for name in names}
        return {
            name: source if name and len(source) == 1 else none
            for name, source in found.items()
        }
