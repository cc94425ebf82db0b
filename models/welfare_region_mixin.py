from odoo import api, fields, models


class WelfareRegionMixin(models.AbstractModel):
    """A record that belongs to a place of the region tree (属地).

    Who sees it follows from the place: the users whose regions contain it. The guard is
    an ``ir.rule``, so that it holds for lists, counts, groups, exports and attachments
    alike; a model that takes this mixin adds one global rule with the domain
    ``[('region_id', 'child_of', user.welfare_region_ids.ids)]``, and the tests of the
    permission matrix fail for a model without it.
    """

    _name = "welfare.region.mixin"
    _description = "Record of a Region"

    #: The fields that decide where a record lies.
    _place_fields = frozenset(("region_id",))

    region_id = fields.Many2one(
        comodel_name="welfare.region",
        required=True,
        index=True,
        ondelete="restrict",
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_region_id(self):
        """Return the user's region where there is but one, for models that propose it.

        :rtype: WelfareRegion | bool
        """
        regions = self.env.user.welfare_region_ids
        return regions if len(regions) == 1 else False

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & self._place_fields:
            # Odoo asks the rules before a write only: without this a record could be
            # pushed into a place where its writer could not create it.
            self.check_access("write")
        return result
