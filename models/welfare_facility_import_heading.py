from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class WelfareFacilityImportHeading(models.Model):
    """A heading of an imported file that no column goes by.

    A manager says which column it means, or that it is left out; the import then
    remembers it for the next file, see ``welfare.import.mapping``.
    """

    _name = "welfare.facility.import.heading"
    _description = "Unknown Heading of an Imported Ledger"
    _order = "import_id desc, id"

    import_id = fields.Many2one(
        comodel_name="welfare.facility.import",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    table_type = fields.Selection(
        selection=lambda self: self._selection_table_type(),
        string="Table",
        required=True,
        readonly=True,
    )
    sheet = fields.Char(readonly=True)
    letter = fields.Char(string="Column", readonly=True)
    name = fields.Char(string="Heading", required=True)
    samples = fields.Char(
        string="First Values", readonly=True, help="What stands below it."
    )
    column_id = fields.Many2one(
        comodel_name="welfare.import.column",
        string="Meaning",
        domain="[('table_type', '=', table_type)]",
        ondelete="set null",
        index="btree_not_null",
    )
    is_left_out = fields.Boolean(string="Do not Read")
    is_open = fields.Boolean(compute="_compute_is_open")

    # === COMPUTE METHODS === #

    @api.depends("column_id", "is_left_out")
    def _compute_is_open(self):
        for heading in self:
            heading.is_open = not heading.column_id and not heading.is_left_out

    # === SELECTION METHODS === #

    @api.model
    def _selection_table_type(self):
        return self.env["welfare.import.mapping"]._selection_table_type()

    # === CONSTRAINT METHODS === #

    @api.constrains("column_id", "is_left_out")
    def _check_meaning(self):
        for heading in self:
            if heading.column_id and heading.is_left_out:
                raise ValidationError(
                    self.env._(
                        "%(heading)s: either say what it means or leave it out.",
                        heading=heading.name,
                    )
                )
            if heading.column_id and heading.column_id.table_type != heading.table_type:
                raise ValidationError(
                    self.env._(
                        "%(heading)s: %(column)s is a column of another table.",
                        heading=heading.name,
                        column=heading.column_id.name,
                    )
                )
            others = heading.import_id.heading_ids - heading
            for other in others.filtered("column_id"):
                if (other.column_id, other.sheet) == (heading.column_id, heading.sheet):
                    raise ValidationError(
                        self.env._(
                            "%(first)s and %(second)s cannot both mean %(column)s.",
                            first=heading.name,
                            second=other.name,
                            column=heading.column_id.name,
                        )
                    )

    # === CRUD METHODS === #

    def write(self, vals):
        if any(heading.import_id.state == "applied" for heading in self):
            raise UserError(
                self.env._("This ledger was applied; its record does not change.")
            )
        result = super().write(vals)
        # What was checked with another meaning is not what would be applied any more.
        self.import_id._reopen()
        return result

    @api.onchange("column_id")
    def _onchange_column_id(self):
        if self.column_id:
            self.is_left_out = False

    @api.onchange("is_left_out")
    def _onchange_is_left_out(self):
        if self.is_left_out:
            self.column_id = False
