from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import file_open

from ..tools.area import exact
from ..tools.standard import DERIVED, Bounds, judge


class WelfareComplianceLine(models.Model):
    """How a facility stood to one line of a standard, with the figures of that time."""

    _name = "welfare.compliance.line"
    _description = "Line of a Compliance Result"
    _order = "compliance_id desc, sequence, id"
    # Who checked, and when, stands on the result.
    _log_access = False
    _audit_excluded = "It follows from measurements and its result, with its digest."

    compliance_id = fields.Many2one(
        comodel_name="welfare.compliance",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
    )
    sequence = fields.Integer(readonly=True, aggregator=None)
    metric_id = fields.Many2one(
        comodel_name="welfare.facility.metric",
        required=True,
        ondelete="restrict",
        readonly=True,
    )
    operator = fields.Selection(
        selection=lambda self: self._selection_operator(),
        string="Relation",
        readonly=True,
    )
    value_min = fields.Float(
        string="Least", digits=(16, 4), readonly=True, aggregator=None
    )
    value_max = fields.Float(
        string="Most", digits=(16, 4), readonly=True, aggregator=None
    )
    requirement = fields.Char(compute="_compute_labels")
    obligation = fields.Selection(
        selection=lambda self: self._selection_obligation(), readonly=True
    )
    article = fields.Char(readonly=True)
    is_verified = fields.Boolean(string="Verified", readonly=True)
    measured = fields.Float(digits=(16, 4), readonly=True, aggregator=None)
    numerator = fields.Float(digits=(16, 4), readonly=True, aggregator=None)
    denominator = fields.Float(digits=(16, 4), readonly=True, aggregator=None)
    measured_label = fields.Char(string="Measured as", compute="_compute_labels")
    date_measured = fields.Date(string="Measured on", readonly=True)
    is_registered = fields.Boolean(
        string="From the Register",
        readonly=True,
        help="Nobody measured it; the register has a figure without a day.",
    )
    margin = fields.Float(
        digits=(16, 4),
        readonly=True,
        aggregator=None,
        help="How far inside the nearest bound; negative for what is lacking or too "
        "much.",
    )
    margin_label = fields.Char(string="Margin in Words", compute="_compute_labels")
    result = fields.Selection(
        selection=[
            ("met", "Met"),
            ("not_met", "Not Met"),
            ("not_measured", "Not Measured"),
        ],
        required=True,
        readonly=True,
    )
    deviation = fields.Selection(
        selection=[("below", "Below"), ("above", "Above")], readonly=True
    )
    conflict = fields.Selection(
        selection=[
            ("same", "Same"),
            ("conflict", "Contradicts"),
            ("stricter", "Stricter"),
            ("looser", "Looser"),
            ("overlap", "Differs"),
        ],
        string="Against the Wider Text",
        readonly=True,
    )
    conflict_standard_id = fields.Many2one(
        comodel_name="welfare.standard",
        string="Wider Text",
        ondelete="restrict",
        readonly=True,
    )
    conflict_min = fields.Float(digits=(16, 4), readonly=True, aggregator=None)
    conflict_max = fields.Float(digits=(16, 4), readonly=True, aggregator=None)
    conflict_label = fields.Char(string="Conflict", compute="_compute_labels")

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_compliance.sql") as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === SELECTION METHODS === #

    @api.model
    def _selection_operator(self):
        return self._selection_of_lines("operator")

    @api.model
    def _selection_obligation(self):
        return self._selection_of_lines("obligation")

    def _selection_of_lines(self, name):
        field = self.env["welfare.standard.line"]._fields[name]
        return field._description_selection(self.env)

    # === COMPUTE METHODS === #

    @api.depends("metric_id", "measured", "value_min", "value_max")
    @api.depends_context("lang")
    def _compute_labels(self):
        words = self.env["welfare.standard.line"]
        for line in self:
            metric = line.metric_id
            bounds = line._get_bounds(line.value_min, line.value_max)
            line.requirement = words._describe(metric, line.operator, bounds)
            parts = None
            if line.denominator:
                parts = exact(line.numerator), exact(line.denominator)
            line.measured_label = line.margin_label = False
            if line.result != "not_measured":
                # From its parts: a rounded quotient times the beds would be off.
                value = exact(line.measured)
                if parts:
                    value = parts[0] * DERIVED[metric.code].factor / parts[1]
                line.measured_label = words._show(metric, value, parts)
                line.margin_label = words._show_margin(
                    metric, judge(value, bounds).margin, parts and parts[1]
                )
            line.conflict_label = line.conflict and words._describe_conflict(
                metric,
                line.conflict,
                bounds,
                line._get_bounds(line.conflict_min, line.conflict_max),
                line.conflict_standard_id,
                line.compliance_id.beds,
            )

    # === CRUD METHODS === #

    # No super(): nobody gets through.
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise AccessError(self.env["welfare.compliance"]._message_kept())

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self.env["welfare.compliance"]._message_kept())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env["welfare.compliance"]._message_kept())

    # === BUSINESS METHODS === #

    def _get_bounds(self, low, high):
        return Bounds(exact(low) if low else None, exact(high) if high else None)
