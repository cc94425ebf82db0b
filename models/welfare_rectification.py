from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import file_open, format_date


class WelfareRectification(models.Model):
    """What a defect or a hazard asks for, until somebody else has seen it fixed (整改).

    An entry of the site log that names a defect opens one, and a later entry with a
    photo shows that it is fixed: so the photos before and after, their authors and
    times are those of the log. Who fixed it does not close it; the database has that
    as a constraint, with the author of the entry as the one who fixed it
    (``sql/welfare_rectification.sql``).
    """

    _name = "welfare.rectification"
    _description = "Rectification"
    _inherit = [
        "welfare.region.mixin",
        "welfare.state.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date_due, id"
    _place_fields = frozenset(("facility_id",))

    _initial_states = ("open",)
    _transitions = {"open": {"fixed"}, "fixed": {"open", "closed"}, "closed": set()}
    _guarded_fields = frozenset(
        (
            "date_due",
            "date_reminded",
            "fix_log_id",
            "fixed_by_id",
            "date_fixed",
            "closed_by_id",
            "date_closed",
        )
    )
    _initial_fields = frozenset(("date_due",))

    log_id = fields.Many2one(
        comodel_name="welfare.facility.log",
        string="Found in",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    region_id = fields.Many2one(
        related="facility_id.region_id", required=False, index=False
    )
    state = fields.Selection(
        selection=[("open", "To Be Fixed"), ("fixed", "Fixed"), ("closed", "Closed")],
        required=True,
        readonly=True,
        copy=False,
        default="open",
        index=True,
        tracking=True,
        group_expand="_group_expand_state",
    )
    note = fields.Text(related="log_id.note", string="What Is Wrong")
    severity = fields.Selection(related="log_id.severity")
    date_found = fields.Date(related="log_id.date", string="Found on")
    date_due = fields.Date(
        string="Due",
        required=True,
        readonly=True,
        help="As many days after it was found as the rule gives.",
    )
    responsible_id = fields.Many2one(
        comodel_name="res.users",
        required=True,
        ondelete="restrict",
        index=True,
        tracking=True,
    )
    measure = fields.Char(string="What Is to Be Done", tracking=True)
    photo_ids = fields.One2many(related="log_id.photo_ids", string="Photos Before")
    fix_log_id = fields.Many2one(
        comodel_name="welfare.facility.log",
        string="Fixed in",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
    )
    fix_log_ids = fields.One2many(
        comodel_name="welfare.facility.log",
        inverse_name="fixes_id",
        string="Reports of Fixing",
        readonly=True,
    )
    fix_photo_ids = fields.One2many(
        related="fix_log_id.photo_ids", string="Photos After"
    )
    fixed_by_id = fields.Many2one(
        comodel_name="res.users",
        string="Fixed by",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    date_fixed = fields.Date(string="Fixed on", readonly=True, copy=False)
    review = fields.Char(
        string="Result of the Check",
        help="What was seen; needed to send it back.",
        tracking=True,
    )
    closed_by_id = fields.Many2one(
        comodel_name="res.users",
        string="Closed by",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    date_closed = fields.Date(string="Signed off on", readonly=True, copy=False)
    extension_ids = fields.One2many(
        comodel_name="welfare.rectification.extension",
        inverse_name="rectification_id",
        string="Extensions",
        readonly=True,
    )
    date_reminded = fields.Date(string="Last Reminder", readonly=True, copy=False)
    days_late = fields.Integer(
        compute="_compute_days_late",
        help="Days from the due day to the one on which it was fixed, or until today.",
    )

    _log_uniq = models.UniqueIndex(
        "(log_id)", "This entry has opened a rectification already."
    )
    _check_four_eyes = models.Constraint(
        "CHECK (closed_by_id IS NULL OR closed_by_id <> fixed_by_id)",
        "Whoever fixed it does not close it: another person has to look.",
    )
    _check_closed = models.Constraint(
        "CHECK ((state = 'closed') = (closed_by_id IS NOT NULL) "
        "AND (state = 'open') = (fix_log_id IS NULL) "
        "AND (fix_log_id IS NULL) = (fixed_by_id IS NULL))",
        "Nothing is closed before it was fixed.",
    )

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_rectification.sql") as sql:
            self.env.cr.execute(sql.read())  # pylint: disable=sql-injection
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("facility_id", "date_found")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for record in self:
            record.display_name = self.env._(
                "Rectification: %(facility)s, found on %(date)s",
                facility=record.facility_id.name,
                date=record.date_found and format_date(self.env, record.date_found),
            )

    @api.depends("date_due", "date_fixed")
    def _compute_days_late(self):
        today = self.env["welfare.facility.log"]._default_date()
        for record in self:
            end = record.date_fixed or today
            late = (end - record.date_due).days if record.date_due else 0
            record.days_late = max(0, late)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        for record in records:
            record._schedule_fixing()
        return records

    def write(self, vals):
        if vals.keys() & {"log_id", "facility_id"}:
            raise AccessError(self.env._("A rectification stays with its entry."))
        result = super().write(vals)
        if "responsible_id" in vals:
            for record in self.filtered(lambda each: each.state == "open"):
                record.activity_unlink(["mail.mail_activity_data_todo"])
                record._schedule_fixing()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A rectification is closed, never deleted."))

    # === ACTION METHODS === #

    def action_report_fixed(self):
        """Open the entry of the log that shows, with a photo, that it is fixed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Report as Fixed"),
            "res_model": "welfare.facility.log",
            "view_mode": "form",
            "context": {
                "default_facility_id": self.facility_id.id,
                "default_kind": "inspection",
                "default_fixes_id": self.id,
            },
        }

    def action_close(self):
        """Close what another person fixed.

        :raise UserError: the user fixed it, or it is not fixed.
        """
        self.check_access("write")
        for record in self:
            if record.fixed_by_id == self.env.user:
                raise UserError(
                    self.env._(
                        "You fixed it yourself: another person has to look and close."
                    )
                )
        self._set_state("closed")

    def action_send_back(self):
        """Open again what proves not to be fixed.

        :raise UserError: the result of the check is not filled in.
        """
        self.check_access("write")
        if not all(self.mapped("review")):
            raise UserError(
                self.env._("Say in “Result of the Check” what is still wrong.")
            )
        self._set_state("open")

    def action_extend(self):
        """Ask for a later due day and the reason.

        :raise UserError: it is not open, or the user is the one who has to fix it.
        """
        self.ensure_one()
        self._check_extension()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Extend the Due Day"),
            "res_model": "welfare.rectification.extension",
            "view_mode": "form",
            "target": "new",
            "context": {"default_rectification_id": self.id},
        }

    # === BUSINESS METHODS === #

    def _check_extension(self):
        """Refuse more time for what is not open, or by who has to fix it.

        :raise UserError: in words.
        """
        for record in self:
            if record.state != "open":
                raise UserError(
                    self.env._(
                        "%(record)s waits for no fixing.", record=record.display_name
                    )
                )
            if record.responsible_id == self.env.user:
                raise UserError(self._message_own_extension())

    def _message_own_extension(self):
        return self.env._(
            "You are responsible for it yourself: another person gives more time."
        )

    def _extend(self, extension):
        """Take over the due day of an extension, and tell in the history why."""
        self.ensure_one()
        self._write_guarded({"date_due": extension.date_due})
        self.activity_reschedule(
            ["mail.mail_activity_data_todo"], date_deadline=extension.date_due
        )
        self.message_post(
            body=self.env._(
                "Due on %(date)s in place of %(before)s: %(reason)s",
                date=format_date(self.env, extension.date_due),
                before=format_date(self.env, extension.date_before),
                reason=extension.reason,
            )
        )

    @api.model
    def _get_date_due(self, log):
        """Return the day by which a defect has to be fixed.

        :raise UserError: no rule says so.
        """
        hazard = log.severity == "hazard"
        days = self.env["welfare.rule"]._get_value(
            "rectification_days_hazard" if hazard else "rectification_days",
            log.facility_id.region_id,
            log.date,
        )
        return log.date + timedelta(days=days)

    def _prepare_state_vals(self, target, *, log=None):
        today = self.env["welfare.facility.log"]._default_date()
        if target == "fixed":
            return {
                "fix_log_id": log.id,
                "fixed_by_id": log.create_uid.id,
                "date_fixed": today,
            }
        if target == "closed":
            return {"closed_by_id": self.env.uid, "date_closed": today}
        return {"fix_log_id": False, "fixed_by_id": False, "date_fixed": False}

    def _on_state_set(self, previous, *, log=None):
        for record in self:
            if record.state == "open":
                record._schedule_fixing()
            else:
                record.activity_unlink(["mail.mail_activity_data_todo"])
            finder = record.log_id.create_uid
            if record.state == "fixed" and finder != log.create_uid:
                words = record.with_context(lang=finder.lang).env
                record._schedule(finder, words._("Look at it and close"))

    def _report_fixed(self, log):
        """Take an entry of the log as proof that a defect is fixed.

        :raise UserError: the entry is of another facility, or shows nothing.
        """
        self.ensure_one()
        if log.facility_id != self.facility_id:
            raise UserError(self.env._("The defect is one of another facility."))
        if not log.photo_ids:
            raise UserError(
                self.env._("Take a photo that shows that the defect is fixed.")
            )
        self._set_state("fixed", log=log)

    def _schedule_fixing(self):
        words = self.with_context(lang=self.responsible_id.lang).env
        self._schedule(self.responsible_id, words._("Fix the defect"))

    def _schedule(self, user, summary):
        """Ask somebody for something by the due day.

        :param str summary: in the language of that user, whoever is at work.
        """
        self.ensure_one()
        if user.active and not user._is_superuser():
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=self.date_due,
                summary=summary,
                note=self.note,
                user_id=user.id,
            )

    @api.model
    def _cron_remind(self):
        """Tell who is responsible for what is overdue, and who found it, each time as
        many days after the last reminder as the rule gives.
        """
        today = self.env["welfare.facility.log"]._default_date()
        late = self.search(
            Domain("state", "=", "open") & Domain("date_due", "<", today)
        )
        Rule = self.env["welfare.rule"]
        rules = {
            region: Rule._get_rule("rectification_remind_days", region, today)
            for region in late.region_id
        }
        for record in late:
            rule = rules[record.region_id]
            last = record.date_reminded
            if not rule or (last and (today - last).days < rule.value):
                continue
            for user in record.responsible_id | record.log_id.create_uid:
                record.with_context(lang=user.lang)._recall(user)
            record._write_guarded({"date_reminded": today})

    def _recall(self, user):
        """Tell somebody, in the language of the environment, what is overdue."""
        self.ensure_one()
        self.message_notify(
            partner_ids=user.partner_id.ids,
            # Not a note among colleagues, as which Odoo would announce it.
            subtype_xmlid="mail.mt_comment",
            subject=self.env._("Overdue: %(record)s", record=self.display_name),
            body=self.env._(
                "Due on %(date)s, %(days)s days ago, and not fixed.",
                date=format_date(self.env, self.date_due),
                days=self.days_late,
            ),
        )
