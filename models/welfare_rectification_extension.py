from odoo import api, fields, models
from odoo.tools import file_open, format_date


class WelfareRectificationExtension(models.Model):
    """A later due day for a rectification, with its reason (延期).

    Whoever is responsible for the fixing does not give himself more time; the database
    holds that, and that the due day of a rectification moves in no other way once the
    day has passed on which it was found (``sql/welfare_rectification.sql``).
    """

    _name = "welfare.rectification.extension"
    _description = "Extension of a Rectification"
    _inherit = ["welfare.region.mixin", "welfare.history.mixin"]
    _order = "id desc"
    _history_parent = "rectification_id"
    _place_fields = frozenset(("rectification_id",))

    rectification_id = fields.Many2one(
        comodel_name="welfare.rectification",
        required=True,
        ondelete="cascade",
        index=True,
    )
    region_id = fields.Many2one(
        related="rectification_id.facility_id.region_id", required=False, index=False
    )
    date_before = fields.Date(string="Due Before", required=True, readonly=True)
    date_due = fields.Date(string="Due Now", required=True)
    reason = fields.Char(required=True)
    create_uid = fields.Many2one(
        comodel_name="res.users", string="Granted by", readonly=True
    )
    create_date = fields.Datetime(string="Granted at", readonly=True)

    _check_dates = models.Constraint(
        "CHECK (date_due > date_before)", "An extension ends after the day due before."
    )
    _check_reason = models.Constraint(
        "CHECK (TRIM(reason) <> '')", "Say why more time is needed."
    )

    def init(self):
        path = "welfare_facility/models/sql/welfare_rectification_extension.sql"
        with file_open(path) as sql:
            self.env.cr.execute(sql.read())  # pylint: disable=sql-injection
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("date_due")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for record in self:
            record.display_name = record.date_due and self.env._(
                "Extended to %(date)s", date=format_date(self.env, record.date_due)
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        # The dialog names the rectification by a default.
        default = self.default_get(["rectification_id"])
        vals_list = [{**default, **vals} for vals in vals_list]
        for vals in vals_list:
            record = self.env["welfare.rectification"].browse(
                vals.get("rectification_id")
            )
            record.check_access("write")
            record._check_extension()
            vals["date_before"] = record.date_due
        extensions = super().create(vals_list)
        for extension in extensions:
            extension.rectification_id._extend(extension)
        return extensions

    # === BUSINESS METHODS === #

    def _sql_error_to_message(self, exc):
        """Give words to the refusals of the trigger."""
        if exc.diag.constraint_name == "welfare_rectification_extension":
            return self.env["welfare.rectification"]._message_own_extension()
        return super()._sql_error_to_message(exc)
