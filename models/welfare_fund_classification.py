from odoo import api, fields, models
from odoo.fields import Domain


class WelfareFundClassification(models.Model):
    """A code of the government's classification of income and expenditure (科目).

    The classification is issued anew each year, and the same code may change its name;
    so each row says from which year to which it holds. A row that was not checked
    against the document itself is not verified, and says so wherever it is used.
    """

    _name = "welfare.fund.classification"
    _description = "Budget Classification"
    _order = "kind, code, year_from desc"
    _rec_names_search = ["code", "name"]

    kind = fields.Selection(
        selection=[
            ("function", "By Function"),
            ("economic_department", "Economic, of the Department Budget"),
            ("economic_government", "Economic, of the Government Budget"),
        ],
        required=True,
        index=True,
    )
    code = fields.Char(required=True, index=True)
    name = fields.Char(required=True)
    year_from = fields.Integer(string="From Year", required=True, aggregator=None)
    year_to = fields.Integer(
        string="To Year", aggregator=None, help="Empty while it holds."
    )
    source = fields.Text(help="The document that says so.")
    is_verified = fields.Boolean(
        string="Verified", help="Somebody has checked this row against the document."
    )

    _code_uniq = models.Constraint(
        "UNIQUE (kind, code, year_from)", "This code has a row from that year already."
    )
    _check_years = models.Constraint(
        "CHECK (COALESCE(year_to, 0) = 0 OR year_to >= year_from)",
        "A code cannot end before it begins.",
    )

    # === COMPUTE METHODS === #

    @api.depends("code", "name")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.code} {row.name}"

    # === BUSINESS METHODS === #

    @api.model
    def _get_year_domain(self, year):
        """Return the domain of the codes that hold in a year."""
        still = Domain("year_to", "in", (False, 0)) | Domain("year_to", ">=", year)
        return Domain("year_from", "<=", year) & still
