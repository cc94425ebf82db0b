from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open


class WelfareProjectCheck(models.Model):
    """One item of the acceptance checklist (验收清单), and what was found.

    Items come from the standard that applies, or are added by hand. Who decided, and
    when, is noted by the server. From acceptance on no item can be dropped; after it
    nothing changes.
    """

    _name = "welfare.project.check"
    _description = "Item of the Acceptance Checklist"
    _inherit = ["welfare.attachment.mixin"]
    _order = "project_id, facility_id, sequence, id"

    _attachment_fields = ("photo_ids",)

    project_id = fields.Many2one(
        comodel_name="welfare.project", required=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="project_id.region_id")
    facility_id = fields.Many2one(
        comodel_name="welfare.facility", ondelete="restrict", index="btree_not_null"
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(string="What is Checked", required=True)
    is_mandatory = fields.Boolean(string="Must Pass", default=True)
    standard_line_id = fields.Many2one(
        comodel_name="welfare.standard.line",
        string="Line of a Standard",
        ondelete="restrict",
        readonly=True,
    )
    source = fields.Char(help="Standard and clause, where the item comes from one.")
    found = fields.Char(help="What was measured or seen, with its unit.")
    result = fields.Selection(selection=[("pass", "Passed"), ("fail", "Failed")])
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Checked by",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    date_checked = fields.Datetime(string="Checked on", readonly=True, copy=False)
    photo_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="welfare_project_check_photo_rel",
        column1="check_id",
        column2="attachment_id",
        string="Photos",
        ondelete="restrict",
        copy=False,
    )

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_project_check.sql") as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        project_ids = {vals.get("project_id") for vals in vals_list}
        projects = self.env["welfare.project"].browse(filter(None, project_ids))
        self._check_open(projects, ("acceptance",))
        return super().create([self._sign(vals) for vals in vals_list])

    def write(self, vals):
        if any(
            vals.get("project_id", row.project_id.id) != row.project_id.id
            for row in self
        ):
            raise AccessError(self.env._("An item stays with its project."))
        fixed = vals.keys() & {
            "name",
            "is_mandatory",
            "source",
            "facility_id",
            "standard_line_id",
        }
        self._check_open(self.project_id, () if fixed else ("acceptance",))
        return super().write(self._sign(vals))

    @api.ondelete(at_uninstall=False)
    def _unlink_before_acceptance(self):
        self._check_open(self.project_id, ())

    # === BUSINESS METHODS === #

    def _sign(self, vals):
        """Note who decided and when, whatever the caller says."""
        vals = {**vals}
        vals.pop("user_id", None)
        vals.pop("date_checked", None)
        if "result" in vals:
            vals.update(user_id=self.env.uid, date_checked=fields.Datetime.now())
        return vals

    @api.model
    def _check_open(self, projects, more):
        """Refuse a change that comes too late.

        :param projects: those whose checklist changes.
        :param more: states in which it is possible besides those before acceptance.
        """
        before = ("initiation", "approval", "procurement", "construction")
        for project in projects:
            if project.state not in (*before, *more):
                raise UserError(
                    self.env._(
                        "%(project)s is “%(state)s”: its checklist is fixed.",
                        project=project.display_name,
                        state=project._state_label(project.state),
                    )
                )
