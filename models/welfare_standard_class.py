from odoo import api, fields, models


class WelfareStandardClass(models.Model):
    """A size class of a standard, by beds (建设规模分类), such as 一类."""

    _name = "welfare.standard.class"
    _description = "Size Class of a Standard"
    _order = "standard_id, bed_from desc, id"

    standard_id = fields.Many2one(
        comodel_name="welfare.standard", required=True, index=True, ondelete="cascade"
    )
    name = fields.Char(required=True)
    bed_from = fields.Integer(string="Beds from", required=True, aggregator=None)
    bed_to = fields.Integer(string="Beds to", required=True, aggregator=None)
    article = fields.Char()
    is_verified = fields.Boolean(string="Verified")

    _name_uniq = models.Constraint(
        "UNIQUE (standard_id, name)", "This standard has a class of that name already."
    )
    _check_beds = models.Constraint(
        "CHECK (bed_from >= 0 AND bed_to >= bed_from)",
        "A class cannot end before it begins.",
    )
    _beds_excl = models.Constraint(
        "EXCLUDE USING gist (int4range(standard_id, standard_id, '[]') WITH &&, "
        "int4range(bed_from, bed_to, '[]') WITH &&)",
        "Two classes of one standard cannot overlap.",
    )

    # === COMPUTE METHODS === #

    @api.depends("name", "bed_from", "bed_to")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for each in self:
            each.display_name = self.env._(
                "%(name)s (%(low)s to %(high)s beds)",
                name=each.name,
                low=each.bed_from,
                high=each.bed_to,
            )

    # === BUSINESS METHODS === #

    def _find_class(self, beds):
        """Return the class that so many beds belong to, or none.

        Above the top class that one holds (建标145-2010: 超过的按一类标准下限执行).

        :param int beds: the beds, or ``None`` where they were not measured.
        """
        if beds is None or not self:
            return self.browse()
        found = self.filtered(lambda each: each.bed_from <= beds <= each.bed_to)
        top = max(self, key=lambda each: each.bed_to)
        return found or (top if beds > top.bed_to else self.browse())
