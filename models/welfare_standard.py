from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.division_code import is_valid, prefix_of


class WelfareStandard(models.Model):
    """A dated text that says how many m², beds or things a facility shall have (标准).

    National and local texts are rows side by side; none of them hides another. A text
    of construction applies to what was approved while it was in force, a plan or an
    operating requirement to everything that stands in its jurisdiction on the day.
    """

    _name = "welfare.standard"
    _description = "Standard"
    _order = "jurisdiction_level, date_from desc, id"

    code = fields.Char(
        required=True,
        help="Short name that all editions of one text share; it does not change.",
    )
    name = fields.Char(string="Title", required=True)
    number = fields.Char(help="Number of the document, such as 建标145-2010.")
    edition = fields.Char(required=True, help="Which edition, such as 2010.")
    type_ids = fields.Many2many(
        comodel_name="welfare.facility.type",
        string="Facilities",
        required=True,
        help="The kinds of facilities that the text is about.",
    )
    # A text of a place is one whether or not that place's regions were loaded.
    jurisdiction_code = fields.Char(
        string="Division Code",
        index=True,
        help="Twelve digits of the place where it holds, with all places in it; empty: "
        "the whole country.",
    )
    jurisdiction_name = fields.Char(
        string="Holds in",
        compute="_compute_jurisdiction_name",
        store=True,
        readonly=False,
        precompute=True,
        help="Empty: the whole country.",
    )
    # Stored for the order alone: the country first, then the nearer texts.
    jurisdiction_level = fields.Integer(
        compute="_compute_jurisdiction_level", store=True, precompute=True
    )
    date_from = fields.Date(string="Valid from", required=True)
    date_to = fields.Date(string="Valid to", help="Empty while it holds.")
    applies_by = fields.Selection(
        selection=[
            ("approval", "Day the Project Was Approved"),
            ("date", "Day of the Check"),
        ],
        required=True,
        default="approval",
        help="Which day lies in its validity. Standards of construction bind what was "
        "approved under them; plans and operating requirements bind what stands.",
    )
    source = fields.Text(required=True, help="Where the text is, and how it was read.")
    is_verified = fields.Boolean(
        string="Verified", help="Somebody has checked it against the document."
    )
    plan_beds = fields.Integer(
        string="Beds Planned", aggregator=None, help="Beds that a plan asks for."
    )
    plan_year = fields.Integer(string="by the Year", aggregator=None)
    note = fields.Text(string="Remarks", help="What is known to be missing from it.")
    active = fields.Boolean(default=True)
    line_ids = fields.One2many(
        comodel_name="welfare.standard.line", inverse_name="standard_id", string="Lines"
    )
    class_ids = fields.One2many(
        comodel_name="welfare.standard.class",
        inverse_name="standard_id",
        string="Size Classes",
    )
    line_count = fields.Integer(string="Lines it Has", compute="_compute_line_count")

    _check_dates = models.Constraint(
        "CHECK (date_to >= date_from)", "A standard cannot end before it begins."
    )
    # Ranges of one number: equality in an exclusion needs no extension of PostgreSQL.
    _editions_excl = models.Constraint(
        "EXCLUDE USING gist ("
        "int8range(hashtextextended(code, 0), hashtextextended(code, 0), '[]') "
        "WITH &&, "
        "int8range(hashtextextended(COALESCE(jurisdiction_code, ''), 0), "
        "hashtextextended(COALESCE(jurisdiction_code, ''), 0), '[]') WITH &&, "
        "daterange(date_from, date_to, '[]') WITH &&) WHERE (active)",
        "Another edition of this standard holds there at that time: the validity of "
        "two editions cannot overlap.",
    )

    # === COMPUTE METHODS === #

    @api.depends("jurisdiction_code")
    def _compute_jurisdiction_name(self):
        # sudo(): the place of a text may lie outside the user's own regions.
        regions = self.env["welfare.region"].sudo().with_context(active_test=False)
        codes = [standard.jurisdiction_code for standard in self]
        names = {
            each.code: each.name for each in regions.search([("code", "in", codes)])
        }
        for standard in self:
            code = standard.jurisdiction_code
            standard.jurisdiction_name = names.get(code) or (
                standard.jurisdiction_name if code else False
            )

    @api.depends("jurisdiction_code")
    def _compute_jurisdiction_level(self):
        for standard in self:
            standard.jurisdiction_level = len(standard._get_prefix())

    @api.depends("line_ids")
    def _compute_line_count(self):
        for standard in self:
            standard.line_count = len(standard.line_ids)

    @api.depends("name", "number", "edition")
    def _compute_display_name(self):
        for standard in self:
            label = standard.number or standard.edition
            standard.display_name = " ".join(filter(None, (standard.name, label)))

    # === CONSTRAINT METHODS === #

    @api.constrains("jurisdiction_code")
    def _check_jurisdiction(self):
        for standard in self:
            code = standard.jurisdiction_code
            if code and not is_valid(code):
                raise ValidationError(
                    self.env._("%(code)s is no division code of 12 digits.", code=code)
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self.env["welfare.compliance"]._schedule_check()
        return super().create(vals_list)

    def write(self, vals):
        self.env["welfare.compliance"]._schedule_check()
        return super().write(vals)

    # === BUSINESS METHODS === #

    def _holds_on(self, date):
        """Return whether the text is in force on a day."""
        self.ensure_one()
        return self.date_from <= date and not (self.date_to and self.date_to < date)

    def _get_prefix(self):
        """Return the digits with which the codes of its places begin."""
        self.ensure_one()
        code = self.jurisdiction_code
        return prefix_of(code) if is_valid(code) else ""

    def _get_jurisdiction(self):
        """Return the name of the place where it holds."""
        self.ensure_one()
        return self.jurisdiction_name or self.env._("the whole country")
