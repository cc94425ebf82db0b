from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.standard import DERIVED

#: Kinds of figures that follow from measured ones.
DERIVED_KINDS = ("area_per_bed", "percent", "ratio")


class WelfareFacilityMetric(models.Model):
    """Something that is measured of a facility, or follows from what is (指标).

    What follows, such as the building area a bed, is a closed set of quotients that
    :data:`~..tools.standard.DERIVED` declares by code; anything that is measured may be
    added as a row.
    """

    _name = "welfare.facility.metric"
    _description = "Facility Metric"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, help="What the program calls it; it does not change."
    )
    kind = fields.Selection(
        selection=[
            ("beds", "Beds"),
            ("area", "Area (m²)"),
            ("persons", "Persons"),
            ("items", "Things"),
            ("hours", "Hours a Week"),
            ("yes_no", "Yes or No"),
            ("area_per_bed", "m² a Bed"),
            ("percent", "%"),
            ("ratio", "Ratio"),
        ],
        required=True,
    )
    is_room = fields.Boolean(
        string="Rooms of one Function",
        help="Measured by the area of all of them and their number.",
    )
    is_by_age = fields.Boolean(
        string="By Age Group", help="May be measured for each age group by itself."
    )
    sequence = fields.Integer(default=100)
    active = fields.Boolean(default=True)
    formula = fields.Text(
        translate=True, help="Of what follows from others: from which, and how."
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "This code exists already.")
    _check_room = models.Constraint(
        "CHECK (is_room IS NOT TRUE OR kind = 'area')",
        "Rooms are measured by their area.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("code", "kind")
    def _check_derived(self):
        for metric in self:
            if (metric.code in DERIVED) != (metric.kind in DERIVED_KINDS):
                raise ValidationError(
                    self.env._(
                        "%(metric)s: what is computed from other figures is declared "
                        "by the program; %(codes)s are, and nothing else.",
                        metric=metric.name,
                        codes=", ".join(DERIVED),
                    )
                )

    # === CRUD METHODS === #

    def write(self, vals):
        changed = self.filtered(
            lambda metric: any(
                vals.get(name, metric[name]) != metric[name]
                for name in ("code", "kind")
            )
        )
        # sudo(): whether it was measured anywhere, not only in the user's regions.
        Measurement = self.env["welfare.facility.measurement"].sudo()
        if changed and Measurement.search_count(
            [("metric_id", "in", changed.ids)], limit=1
        ):
            raise UserError(
                self.env._(
                    "This was measured already: what it is and its code stay. Archive "
                    "it and add another metric."
                )
            )
        return super().write(vals)

    # === BUSINESS METHODS === #

    def _get_unit(self):
        """Return the unit of its figures, as it is written behind them."""
        return {
            "beds": self.env._("beds"),
            "area": "m²",
            "persons": self.env._("persons"),
            "items": self.env._("pieces"),
            "hours": self.env._("h a week"),
            "area_per_bed": self.env._("m² a bed"),
            "percent": "%",
        }.get(self.kind, "")
