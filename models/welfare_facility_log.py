from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, file_open, format_date


class WelfareFacilityLog(models.Model):
    """One entry of a facility's site log (现场日志).

    Hours are counted in hours, people in numbers: a child is never named. Who wrote an
    entry and when is the server's own. An entry is changed by its author only and on
    the day on which it was made only, in the clock of China; the database sees to it
    (``sql/welfare_facility_log.sql``). What proves wrong later is said in a new entry
    that points to the old one, and the old one counts no more.
    """

    _name = "welfare.facility.log"
    _description = "Site Log Entry"
    _inherit = ["welfare.region.mixin", "welfare.currency.mixin"]
    _order = "date desc, id desc"
    _place_fields = frozenset(("facility_id",))

    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        required=True,
        ondelete="restrict",
        index=True,
        default=lambda self: self._default_facility_id(),
    )
    region_id = fields.Many2one(
        related="facility_id.region_id", required=False, index=False
    )
    kind = fields.Selection(
        selection=[
            ("opening", "Opening"),
            ("activity", "Activity"),
            ("inspection", "Inspection"),
            ("progress", "Building Progress"),
            ("defect", "Defect"),
            ("incident", "Incident"),
        ],
        required=True,
        default="opening",
        index=True,
    )
    date = fields.Date(
        string="Day",
        required=True,
        default=lambda self: self._default_date(),
        help="The day that the entry is about. When it was written is recorded beside.",
    )
    create_uid = fields.Many2one(
        comodel_name="res.users", string="Author", readonly=True, index=True
    )
    create_date = fields.Datetime(string="Recorded at", readonly=True)
    note = fields.Text(string="What")
    photo_ids = fields.One2many(
        comodel_name="welfare.facility.photo",
        inverse_name="log_id",
        string="Photos",
    )
    photo_count = fields.Integer(compute="_compute_photos", string="Number of Photos")
    cover_photo = fields.Integer(
        compute="_compute_photos", help="The id of the photo that cards show."
    )
    is_photo_reused = fields.Boolean(
        string="Photo Used Before",
        compute="_compute_photos",
        search="_search_is_photo_reused",
    )
    hours_opened = fields.Float(digits=(4, 2), aggregator="sum", copy=False)
    children_served = fields.Integer(copy=False, help="A number, never names.")
    adults_served = fields.Integer(
        copy=False, help="Parents and others who took part: a number, never names."
    )
    amount_fee = fields.Monetary(
        string="Fee Taken",
        copy=False,
        help="A children's home is free of charge (未成年人保护法第四十四条): an "
        "amount here is listed as a red flag.",
    )
    is_label = fields.Boolean(
        string="Shows the Lottery Label",
        copy=False,
        help="The photo shows the sign that public money of the welfare lottery asks "
        "for (彩票公益金资助标识).",
    )
    activity_id = fields.Many2one(
        comodel_name="welfare.facility.activity",
        string="Planned as",
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
    )
    severity = fields.Selection(
        selection=[("ordinary", "Ordinary"), ("hazard", "Danger to Children")],
        default="ordinary",
        required=True,
        copy=False,
        help="How soon a defect has to be fixed.",
    )
    responsible_id = fields.Many2one(
        comodel_name="res.users",
        string="To Be Fixed by",
        ondelete="restrict",
        copy=False,
        help="Who is responsible for a defect; the author, where nobody is named.",
    )
    rectification_ids = fields.One2many(
        comodel_name="welfare.rectification",
        inverse_name="log_id",
        readonly=True,
    )
    fixes_id = fields.Many2one(
        comodel_name="welfare.rectification",
        string="Shows as Fixed",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
    )
    corrects_id = fields.Many2one(
        comodel_name="welfare.facility.log",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
    )
    correction_ids = fields.One2many(
        comodel_name="welfare.facility.log",
        inverse_name="corrects_id",
        string="Corrected by",
        readonly=True,
    )
    is_corrected = fields.Boolean(
        string="Corrected",
        compute="_compute_is_corrected",
        search="_search_is_corrected",
    )
    is_open = fields.Boolean(
        string="May Be Changed",
        compute="_compute_is_open",
        help="By its author, on the day on which it was written.",
    )

    _facility_date_idx = models.Index("(facility_id, date)")
    _corrects_uniq = models.UniqueIndex(
        "(corrects_id) WHERE corrects_id IS NOT NULL",
        "This entry has been corrected already: correct its correction.",
    )
    _check_hours = models.Constraint(
        "CHECK (hours_opened BETWEEN 0 AND 24)", "A day has 24 hours."
    )
    _check_hours_kind = models.Constraint(
        "CHECK (kind = 'opening' OR COALESCE(hours_opened, 0) = 0)",
        "Only an entry about the opening has hours: they are counted once.",
    )
    _check_numbers = models.Constraint(
        "CHECK (children_served >= 0 AND adults_served >= 0 AND amount_fee >= 0)",
        "A number of people or an amount cannot be negative.",
    )
    _check_words = models.Constraint(
        "CHECK (kind = 'opening' OR COALESCE(note, '') <> '')",
        "Say in a few words what there was.",
    )

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_facility_log.sql") as sql:
            self.env.cr.execute(sql.read())  # pylint: disable=sql-injection
        return super().init()

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self.with_context(tz="Asia/Shanghai"))

    @api.model
    def _default_facility_id(self):
        """Return the user's own facility, so that a telephone need not ask.

        The one that the user is responsible for; else the one logged last; else the
        only one there is.
        """
        Facility = self.env["welfare.facility"]
        running = Domain("state", "!=", "closed")
        mine = Domain("responsible_id", "=", self.env.user.partner_id.id)
        own = Facility.search(running & mine, limit=2)
        if len(own) == 1:
            return own
        last = self.search(
            [("create_uid", "=", self.env.uid)], order="id desc", limit=1
        )
        if last:
            return last.facility_id
        all_own = Facility.search(running, limit=2)
        return all_own if len(all_own) == 1 else Facility

    # === COMPUTE METHODS === #

    @api.depends("facility_id", "kind", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for log in self:
            parts = (
                log.facility_id.name,
                kinds.get(log.kind),
                log.date and format_date(self.env, log.date),
            )
            log.display_name = " · ".join(part for part in parts if part)

    @api.depends("photo_ids.is_reused")
    def _compute_photos(self):
        for log in self:
            log.photo_count = len(log.photo_ids)
            log.cover_photo = log.photo_ids[:1].id
            log.is_photo_reused = any(log.photo_ids.mapped("is_reused"))

    def _search_is_photo_reused(self, operator, value):
        if operator != "in":
            return NotImplemented
        reused = self.env["welfare.facility.photo"].search([("is_reused", "=", True)])
        return Domain("id", "in" if True in value else "not in", reused.log_id.ids)

    @api.depends("correction_ids")
    def _compute_is_corrected(self):
        for log in self:
            log.is_corrected = bool(log.correction_ids)

    def _search_is_corrected(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("correction_ids", "!=" if True in value else "=", False)

    @api.depends_context("uid")
    def _compute_is_open(self):
        opened = self._get_open_ids()
        for log in self:
            log.is_open = not log.id or (
                log.id in opened and log.create_uid.id == self.env.uid
            )

    # === CONSTRAINT METHODS === #

    @api.constrains("hours_opened", "date", "facility_id")
    def _check_hours_of_day(self):
        """A day has 24 hours, however many entries tell of it."""
        for log in self.filtered("hours_opened"):
            entries = self.search(
                [
                    ("facility_id", "=", log.facility_id.id),
                    ("date", "=", log.date),
                    ("is_corrected", "=", False),
                ]
            )
            if sum(entries.mapped("hours_opened")) > 24:
                raise ValidationError(
                    self.env._(
                        "The entries of %(date)s come to more than 24 hours.",
                        date=format_date(self.env, log.date),
                    )
                )

    @api.constrains("activity_id", "facility_id")
    def _check_activity_facility(self):
        for log in self:
            if log.activity_id and log.activity_id.facility_id != log.facility_id:
                raise ValidationError(
                    self.env._("The activity was planned by another facility.")
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        logs = super().create(vals_list)
        logs._open_rectifications()
        for log in logs:
            if log.fixes_id:
                log.fixes_id.check_access("write")
                log.fixes_id._report_fixed(log)
        return logs

    def write(self, vals):
        if vals.keys() & {"facility_id", "corrects_id", "fixes_id"}:
            raise AccessError(self.env._("An entry stays with its facility."))
        self._check_is_open()
        result = super().write(vals)
        if vals.keys() & {"kind", "severity", "date", "responsible_id"}:
            self._open_rectifications()
        # Odoo names as writer whoever happens to flush; the database wants the author.
        self.flush_recordset()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(
            self.env._("The site log is only ever added to: correct the entry instead.")
        )

    # === ACTION METHODS === #

    def action_correct(self):
        """Open a new entry that says what this one should have said."""
        self.ensure_one()
        names = (
            "facility_id",
            "kind",
            "note",
            "hours_opened",
            "children_served",
            "adults_served",
            "amount_fee",
        )
        values = self._convert_to_write({name: self[name] for name in names})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct an Entry"),
            "res_model": self._name,
            "view_mode": "form",
            "context": {
                **{f"default_{name}": value for name, value in values.items()},
                "default_date": fields.Date.to_string(self.date),
                "default_corrects_id": self.id,
            },
        }

    # === BUSINESS METHODS === #

    def _open_rectifications(self):
        """Open a rectification for each defect; what it was told before follows.

        :raise UserError: an entry that has opened one is no defect any more.
        """
        # sudo(): no role creates one by itself, here and below; the author writes what
        # follows from his entry.
        Rectification = self.env["welfare.rectification"].sudo()
        for log in self:
            record = log.sudo().rectification_ids
            if log.kind != "defect":
                if record:
                    raise UserError(
                        self.env._(
                            "This entry has opened a rectification and stays a defect."
                        )
                    )
                continue
            # A correction says anew what was wrong; it was opened before.
            if log.corrects_id.sudo().rectification_ids:
                continue
            due = Rectification._get_date_due(log)
            responsible = log.responsible_id or log.create_uid
            if not record:
                Rectification.create(
                    {
                        "log_id": log.id,
                        "facility_id": log.facility_id.id,
                        "date_due": due,
                        "responsible_id": responsible.id,
                    }
                )
            elif record.state == "open":
                if not record.extension_ids:
                    record._write_guarded({"date_due": due})
                record.responsible_id = responsible

    def _sql_error_to_message(self, exc):
        """Give words to the refusals of the log's triggers."""
        words = {
            "welfare_facility_log_future": self.env._("This day has not come yet."),
            "welfare_facility_log_corrected": self.env._(
                "A correction is about the same facility."
            ),
        }
        message = words.get(exc.diag.constraint_name)
        return message or super()._sql_error_to_message(exc)

    def _get_open_ids(self):
        """Return the ids of those that were made today, as the database has it."""
        if not self.ids:
            return set()
        query = SQL(
            """
            SELECT id FROM welfare_facility_log
            WHERE id IN %s AND welfare_facility_log_is_open(id)
            """,
            tuple(self.ids),
        )
        return {row[0] for row in self.env.execute_query(query)}

    def _check_is_open(self):
        """Refuse entries of a past day, and those of others.

        :raise UserError: in words.
        """
        opened = self._get_open_ids()
        for log in self:
            if log.id not in opened:
                raise UserError(
                    self.env._(
                        "%(entry)s was written on a past day and stays as it is: "
                        "correct it by a new entry.",
                        entry=log.display_name,
                    )
                )
            if log.create_uid.id != self.env.uid:
                raise UserError(
                    self.env._(
                        "%(entry)s was written by %(author)s, who alone may change it "
                        "today: correct it by a new entry.",
                        entry=log.display_name,
                        # sudo(): of a colleague of another company as well.
                        author=log.create_uid.sudo().name,
                    )
                )
