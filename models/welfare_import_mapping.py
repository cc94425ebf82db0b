from odoo import api, fields, models

from ..tools.textvalue import match_key


class WelfareImportMapping(models.Model):
    """What somebody has once said that a heading means.

    It holds for every later file of the region and of the places below it. The headings
    that the administrator lists on the columns themselves are kept apart from it.
    """

    _name = "welfare.import.mapping"
    _description = "Remembered Heading"
    _inherit = ["welfare.region.mixin"]
    _order = "table_type, heading, id"
    _rec_name = "heading"

    table_type = fields.Selection(
        selection=lambda self: self._selection_table_type(), required=True
    )
    heading = fields.Char(
        required=True, help="As the file writes it, with the headings above it."
    )
    key = fields.Char(
        compute="_compute_key",
        store=True,
        help="What counts when headings are compared.",
    )
    column_id = fields.Many2one(
        comodel_name="welfare.import.column",
        string="Meaning",
        ondelete="cascade",
        index="btree_not_null",
        help="Empty: the column is left out.",
    )

    _key_uniq = models.Constraint(
        "UNIQUE (region_id, table_type, key)",
        "The meaning of this heading is remembered already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("heading")
    def _compute_key(self):
        for mapping in self:
            mapping.key = match_key(mapping.heading or "")

    # === SELECTION METHODS === #

    @api.model
    def _selection_table_type(self):
        return (
            self.env["welfare.import.column"]
            ._fields["table_type"]
            ._description_selection(self.env)
        )

    # === BUSINESS METHODS === #

    @api.model
    def _get_mapping(self, table_type, region):
        """Return what is remembered for a place; what is nearer to it comes first.

        :param str table_type: a value of the field of that name.
        :param region: the ``welfare.region`` whose file is read.
        :return: the code of the column by heading, ``None`` for one to leave out.
        :rtype: dict
        """
        # sudo(): what was said for a whole province holds for its districts, whose
        # users do not see the province's records.
        mappings_sudo = self.sudo().search(
            [("table_type", "=", table_type), ("region_id", "parent_of", region.id)]
        )
        from_above = mappings_sudo.sorted(lambda row: len(row.region_id.parent_path))
        return {row.heading: row.column_id.code or None for row in from_above}

    @api.model
    def _remember(self, table_type, region, meanings):
        """Keep what a user says of headings.

        :param region: the ``welfare.region`` whose file is read.
        :param dict meanings: by heading, the ``welfare.import.column``, ``None`` to
            leave the heading out, or ``False`` to forget it.
        """
        # sudo(): nobody writes these directly; the import's own rights were checked.
        known_sudo = self.sudo().search(
            [("table_type", "=", table_type), ("region_id", "=", region.id)]
        )
        by_key = {row.key: row for row in known_sudo}
        for heading, column in meanings.items():
            mapping = by_key.get(match_key(heading), self.sudo().browse())
            if column is False:
                mapping.unlink()
                continue
            vals = {"column_id": column.id if column else False}
            if not mapping:
                self.sudo().create(
                    {
                        "table_type": table_type,
                        "region_id": region.id,
                        "heading": heading,
                        **vals,
                    }
                )
            elif mapping.column_id.id != vals["column_id"]:
                mapping.write(vals)
