from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .welfare_project import BUILDING_STATES


class WelfareFacilityLog(models.Model):
    """The project that an entry about building progress tells of."""

    _inherit = "welfare.facility.log"

    project_id = fields.Many2one(
        comodel_name="welfare.project",
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
    )

    # === ONCHANGE METHODS === #

    @api.onchange("facility_id", "kind")
    def _onchange_project(self):
        """Offer the project that builds the facility, so that nobody has to look."""
        self.project_id = self.kind == "progress" and self.env[
            "welfare.project"
        ].search(
            [
                ("facility_ids", "in", self.facility_id.ids),
                ("state", "in", BUILDING_STATES),
            ],
            limit=1,
        )

    # === CONSTRAINT METHODS === #

    @api.constrains("project_id", "facility_id")
    def _check_project_facility(self):
        for log in self:
            # sudo(): the facilities of a project beyond the user's region count too.
            if (
                log.project_id
                and log.facility_id not in log.project_id.sudo().facility_ids
            ):
                raise ValidationError(
                    self.env._(
                        "%(project)s does not build %(facility)s.",
                        project=log.project_id.display_name,
                        facility=log.facility_id.name,
                    )
                )


class WelfareProject(models.Model):
    """What the site log tells of a project."""

    _inherit = "welfare.project"

    log_ids = fields.One2many(
        comodel_name="welfare.facility.log",
        inverse_name="project_id",
        string="Site Log",
        readonly=True,
    )
