from fractions import Fraction

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.area import exact
from ..tools.standard import Bounds


class WelfareStandardLine(models.Model):
    """One requirement of a standard: a metric, its bounds, for which facilities."""

    _name = "welfare.standard.line"
    _description = "Line of a Standard"
    _order = "standard_id, sequence, id"

    standard_id = fields.Many2one(
        comodel_name="welfare.standard", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    type_id = fields.Many2one(
        comodel_name="welfare.facility.type",
        string="Only for",
        ondelete="restrict",
        help="Empty: all facilities that the standard is about.",
    )
    metric_id = fields.Many2one(
        comodel_name="welfare.facility.metric", required=True, ondelete="restrict"
    )
    operator = fields.Selection(
        selection=[
            ("ge", "at least"),
            ("le", "at most"),
            ("range", "from … to …"),
        ],
        required=True,
        default="ge",
    )
    value_min = fields.Float(
        string="Least", digits=(16, 4), default=0.0, required=True, aggregator=None
    )
    value_max = fields.Float(
        string="Most", digits=(16, 4), default=0.0, required=True, aggregator=None
    )
    unit_label = fields.Char(string="Unit", compute="_compute_labels")
    requirement = fields.Char(compute="_compute_labels")
    class_id = fields.Many2one(
        comodel_name="welfare.standard.class",
        string="Only for the Class",
        domain="[('standard_id', '=', standard_id)]",
        ondelete="restrict",
        help="Empty: for any number of beds.",
    )
    obligation = fields.Selection(
        selection=[("mandatory", "Shall (应)"), ("advisory", "Should (宜)")],
        required=True,
        default="mandatory",
    )
    article = fields.Char(help="Where it stands, such as 第十七条.")
    quote = fields.Text(string="Words of the Text")
    is_verified = fields.Boolean(
        string="Verified",
        help="Somebody has checked the figure against the document. What is not "
        "verified is said to be so wherever it is used.",
    )

    _check_bounds = models.Constraint(
        "CHECK ((operator = 'ge' AND value_min > 0 AND value_max = 0) "
        "OR (operator = 'le' AND value_max > 0 AND value_min = 0) "
        "OR (operator = 'range' AND value_min >= 0 AND value_max >= value_min "
        "AND value_max > 0))",
        "“At least” has the least alone, “at most” the most alone, and a range both.",
    )

    # === COMPUTE METHODS === #

    @api.depends("metric_id.kind", "operator", "value_min", "value_max")
    @api.depends_context("lang")
    def _compute_labels(self):
        for line in self:
            line.unit_label = line.metric_id._get_unit() if line.metric_id else ""
            line.requirement = self._describe(
                line.metric_id, line.operator, line._get_bounds()
            )

    @api.depends("metric_id.name", "requirement")
    def _compute_display_name(self):
        for line in self:
            line.display_name = f"{line.metric_id.name} {line.requirement}"

    # === CONSTRAINT METHODS === #

    @api.constrains("class_id", "standard_id")
    def _check_class(self):
        for line in self:
            if line.class_id and line.class_id.standard_id != line.standard_id:
                raise ValidationError(
                    self.env._(
                        "%(name)s is a class of another standard.",
                        name=line.class_id.name,
                    )
                )

    # === BUSINESS METHODS === #

    def _get_bounds(self):
        """Return the bounds, exact.

        :rtype: Bounds
        """
        self.ensure_one()
        low, high = exact(self.value_min or 0.0), exact(self.value_max or 0.0)
        if self.operator == "ge":
            return Bounds(low, None)
        if self.operator == "le":
            return Bounds(None, high)
        return Bounds(low, high)

    @api.model
    def _describe(self, metric, operator, bounds):
        """Return bounds as people write them, with the unit."""
        if metric.kind == "yes_no":
            return self.env._("yes")
        low, high = (
            "" if end is None else self._number(end)
            for end in (bounds.low, bounds.high)
        )
        signs = {"ge": f"≥ {low}", "le": f"≤ {high}", "range": f"{low} ~ {high}"}
        return f"{signs.get(operator, '')} {metric._get_unit()}".strip()

    @api.model
    def _number(self, value):
        """Return an exact bound as text, without zeros that say nothing."""
        return f"{float(Fraction(value)):,.4f}".rstrip("0").rstrip(".")
