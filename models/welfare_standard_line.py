from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.area import exact, rounded
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
        string="Relation",
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

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self.env["welfare.compliance"]._schedule_check()
        return super().create(vals_list)

    def write(self, vals):
        self.env["welfare.compliance"]._schedule_check()
        return super().write(vals)

    def unlink(self):
        self.env["welfare.compliance"]._schedule_check()
        return super().unlink()

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
        return f"{self._describe_bounds(operator, bounds)} {metric._get_unit()}".strip()

    @api.model
    def _describe_bounds(self, operator, bounds):
        low, high = (
            "" if end is None else self._number(end)
            for end in (bounds.low, bounds.high)
        )
        signs = {"ge": f"≥ {low}", "le": f"≤ {high}", "range": f"{low} ~ {high}"}
        return signs.get(operator, "")

    @api.model
    def _number(self, value):
        """Return an exact number as text, without zeros that say nothing."""
        return f"{rounded(value, 4):,f}".rstrip("0").rstrip(".")

    @api.model
    def _show(self, metric, value, parts=None):
        """Return a figure with its unit, and the two that it comes from."""
        if metric.kind == "yes_no":
            return self.env._("yes") if value else self.env._("no")
        text = f"{rounded(value):,} {metric._get_unit()}".strip()
        if metric.kind in ("beds", "persons", "items"):
            text = f"{self._number(value)} {metric._get_unit()}"
        if not parts:
            return text
        return self.env._(
            "%(figure)s (%(numerator)s ÷ %(denominator)s)",
            figure=text,
            numerator=self._number(parts[0]),
            denominator=self._number(parts[1]),
        )

    @api.model
    def _show_margin(self, metric, margin, beds=None):
        """Return what is left or lacking, also in m² where the figure is one a bed."""
        sign = "+" if margin > 0 else ""
        text = f"{sign}{rounded(margin):,}"
        if margin and not rounded(margin):
            # Rounded to nothing it would say the opposite.
            text = f"{sign}{rounded(margin, 4):,}"
        if metric.kind == "area_per_bed" and beds:
            return self.env._(
                "%(margin)s (%(total)s m²)",
                margin=text,
                total=f"{sign}{rounded(margin * beds):,}",
            )
        return text

    @api.model
    def _describe_conflict(self, metric, kind, bounds, wider, standard, beds=None):
        """Say how a line stands to the one of the wider text, in words."""
        values = {
            "local": self._describe_range(metric, bounds, beds),
            "wider": self._describe_range(metric, wider, beds),
            "standard": standard.display_name,
        }
        if kind == "conflict":
            return self.env._(
                "Contradicts %(standard)s: here %(local)s, there %(wider)s. No figure "
                "meets both.",
                **values,
            )
        if kind == "stricter":
            return self.env._(
                "Stricter than %(standard)s: here %(local)s, there %(wider)s. Who "
                "keeps to this keeps to both.",
                **values,
            )
        if kind == "looser":
            return self.env._(
                "Looser than %(standard)s: here %(local)s, there %(wider)s. This "
                "alone is not enough.",
                **values,
            )
        if kind == "overlap":
            return self.env._(
                "Differs from %(standard)s: here %(local)s, there %(wider)s. Only a "
                "part of the figures meets both.",
                **values,
            )
        return self.env._("The same as in %(standard)s.", **values)

    @api.model
    def _describe_range(self, metric, bounds, beds=None):
        """Return bounds in words, and in m² for so many beds."""
        operator = "range"
        if bounds.low is None or bounds.high is None:
            operator = "le" if bounds.low is None else "ge"
        text = self._describe(metric, operator, bounds)
        if metric.kind != "area_per_bed" or not beds:
            return text
        return self.env._(
            "%(range)s (%(beds)s beds: %(total)s)",
            range=text,
            beds=self._number(beds),
            total=f"{self._describe_bounds(operator, bounds.times(beds))} m²",
        )
