from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .welfare_project import BUILDING_STATES


class WelfareFacility(models.Model):
    """The projects that build a facility, and decide when it is accepted."""

    _inherit = "welfare.facility"

    project_ids = fields.Many2many(
        comodel_name="welfare.project",
        relation="welfare_project_facility_rel",
        column1="facility_id",
        column2="project_id",
        string="Projects",
        copy=False,
        readonly=True,
    )
    project_count = fields.Integer(compute="_compute_project_count")

    def init(self):
        self.env.cr.execute(
            """
            -- What a project builds is accepted by that project's acceptance.
            CREATE OR REPLACE FUNCTION welfare_facility_accept() RETURNS trigger AS $$
            BEGIN
                IF OLD.state IN ('planned', 'under_construction')
                   AND NEW.state = 'accepted'
                   AND EXISTS (SELECT FROM welfare_project_builds(NEW.id)) THEN
                    RAISE EXCEPTION 'welfare: a project builds facility %', NEW.id
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
            END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS welfare_facility_accept ON welfare_facility;
            CREATE TRIGGER welfare_facility_accept
                BEFORE UPDATE OF state ON welfare_facility
                FOR EACH ROW EXECUTE FUNCTION welfare_facility_accept()
            """
        )
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("project_ids")
    def _compute_project_count(self):
        for facility in self:
            facility.project_count = len(facility.project_ids)

    # === ACTION METHODS === #

    def action_open_projects(self):
        """Open the projects of the facility."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_project_action"
        )
        return {**action, "domain": [("facility_ids", "in", self.ids)]}

    # === BUSINESS METHODS === #

    def _prepare_state_vals(self, target, **details):
        if target == "accepted":
            self._refuse_open_project()
        return super()._prepare_state_vals(target, **details)

    def _refuse_open_project(self):
        """Refuse to accept by hand what a project is building."""
        for reason in self._find_kept_back(self._as_query()).values():
            raise UserError(reason)

    @api.model
    def _find_kept_back(self, query):
        kept_back = super()._find_kept_back(query)
        self.flush_model(["name"])
        self.env["welfare.project"].flush_model(["state", "number", "facility_ids"])
        # Past the rules: a project of the region above may build it.
        rows = self.env.execute_query(
            SQL(
                """
                SELECT facility.id, facility.name, project.number
                FROM welfare_project project
                JOIN welfare_project_facility_rel rel ON rel.project_id = project.id
                JOIN welfare_facility facility ON facility.id = rel.facility_id
                WHERE project.state IN %s AND facility.id IN %s
                ORDER BY facility.id
                """,
                BUILDING_STATES,
                query.subselect(),
            )
        )
        for facility_id, name, number in rows:
            kept_back[facility_id] = self.env._(
                "Project %(number)s builds %(facility)s: its acceptance opens it.",
                number=number,
                facility=name,
            )
        return kept_back
