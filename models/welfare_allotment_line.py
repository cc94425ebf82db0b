from odoo import api, fields, models


class WelfareAllotmentLine(models.Model):
    """One holder of an allotment, and what it gets."""

    _name = "welfare.allotment.line"
    _description = "Holder of an Allotment"
    _inherit = ["welfare.currency.mixin"]
    _order = "allotment_id, id"

    allotment_id = fields.Many2one(
        comodel_name="welfare.allotment",
        required=True,
        index=True,
        ondelete="cascade",
    )
    upper_region_id = fields.Many2one(
        related="allotment_id.region_id", string="Upper Region"
    )
    region_id = fields.Many2one(
        comodel_name="welfare.region",
        string="Region",
        compute="_compute_region_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        index=True,
        ondelete="restrict",
        domain="[('id', 'child_of', upper_region_id)]",
    )
    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('region_id', 'child_of', upper_region_id)]",
    )
    amount = fields.Monetary(required=True)
    note = fields.Char()
    is_norm_taken = fields.Boolean(string="Takes the Norm", readonly=True, copy=False)

    # Whatever the year and the source: a home takes a norm once.
    _norm_uniq = models.UniqueIndex(
        "(facility_id) WHERE is_norm_taken",
        "This home has taken a norm already.",
    )
    _check_amount = models.Constraint(
        "CHECK (amount > 0 AND amount = ROUND(amount, 2))",
        "An amount is more than nothing, in yuan and fen.",
    )

    # === COMPUTE METHODS === #

    @api.depends("facility_id")
    def _compute_region_id(self):
        for line in self:
            line.region_id = line.facility_id.region_id or line.region_id

    @api.depends("facility_id.name", "region_id.name")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.facility_id.name or line.region_id.name

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["is_norm_taken"] = False
        lines = super().create(vals_list)
        lines.allotment_id._check_is_initial()
        return lines

    def write(self, vals):
        self.allotment_id._check_is_initial()
        vals = {**vals}
        vals.pop("is_norm_taken", None)
        result = super().write(vals)
        self.allotment_id._check_is_initial()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self.allotment_id._check_is_initial()

    # === BUSINESS METHODS === #

    def _get_account(self):
        """Return the holder's account of the same appropriation and year."""
        self.ensure_one()
        upper = self.allotment_id.account_id
        return upper._get_or_create(
            upper.appropriation_id, upper.year, self.region_id, self.facility_id
        )

    def _get_earlier_norm_line(self):
        """Return the line by which the home took a norm before."""
        self.ensure_one()
        # sudo(): another region or another year may have given it.
        return self.sudo().search(
            [
                ("facility_id", "=", self.facility_id.id),
                ("facility_id", "!=", False),
                ("is_norm_taken", "=", True),
                ("id", "!=", self.id),
            ],
            limit=1,
        )

    def _take_norm(self):
        """Note which homes take the norm now, or are free to take it again."""
        for line in self:
            allotment = line.allotment_id
            if allotment.kind != "send":
                taken = line._get_earlier_norm_line()
                if taken and taken.amount <= line.amount:
                    super(WelfareAllotmentLine, taken).write({"is_norm_taken": False})
            elif allotment.norm_id and line.facility_id:
                if not line._get_earlier_norm_line():
                    super(WelfareAllotmentLine, line).write({"is_norm_taken": True})
        self.flush_model(["is_norm_taken"])
