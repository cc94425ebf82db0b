from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

#: What a person in post has to have once in so many months, by kind of record.
_DUE_RULES = {"check": "staff_check_months", "training": "staff_training_months"}


class WelfareStaff(models.Model):
    """A person in post for children (儿童主任、儿童督导员、社会工作者…).

    Name and post are kept, and nothing that identifies the person to a stranger: no
    identity number, no telephone, no address. Whoever is in contact with minors has a
    record check each year (未成年人保护法第六十二条); of it the day and the result are
    kept.
    """

    _name = "welfare.staff"
    _description = "Person in Post"
    _inherit = ["welfare.region.mixin"]
    _order = "region_id, name, id"

    name = fields.Char(required=True)
    region_id = fields.Many2one(string="Place of Work")
    facility_id = fields.Many2one(
        comodel_name="welfare.facility", ondelete="restrict", index="btree_not_null"
    )
    is_with_minors = fields.Boolean(
        string="In Contact with Minors",
        default=True,
        help="The record check is due each year.",
    )
    active = fields.Boolean(default=True)
    post_ids = fields.One2many(
        comodel_name="welfare.staff.post", inverse_name="staff_id", string="Posts"
    )
    record_ids = fields.One2many(
        comodel_name="welfare.staff.record",
        inverse_name="staff_id",
        string="Training and Checks",
    )
    is_in_post = fields.Boolean(
        string="In Post", compute="_compute_is_in_post", search="_search_is_in_post"
    )
    date_last_check = fields.Date(
        string="Last Record Check", compute="_compute_records"
    )
    date_last_training = fields.Date(string="Last Training", compute="_compute_records")
    is_check_overdue = fields.Boolean(
        string="Record Check Overdue",
        compute="_compute_due",
        search="_search_is_check_overdue",
    )
    is_training_overdue = fields.Boolean(
        string="Training Overdue",
        compute="_compute_due",
        search="_search_is_training_overdue",
    )
    is_unfit = fields.Boolean(
        string="Entry Found",
        compute="_compute_is_unfit",
        search="_search_is_unfit",
        help="The last record check found an entry: such a person is not to work with "
        "minors.",
    )

    _check_name = models.Constraint(
        "CHECK (name !~ '[0-9]{5}')",
        "A name has no numbers: identity and telephone numbers are not kept.",
    )

    # === COMPUTE METHODS === #

    @api.depends("post_ids.date_from", "post_ids.date_to")
    def _compute_is_in_post(self):
        today = self._today()
        for person in self:
            person.is_in_post = any(post._holds_on(today) for post in person.post_ids)

    def _search_is_in_post(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = self._today()
        holds = Domain("date_from", "<=", today) & (
            Domain("date_to", "=", False) | Domain("date_to", ">=", today)
        )
        return Domain("post_ids", "any" if True in value else "not any", holds)

    @api.depends("record_ids.kind", "record_ids.date")
    def _compute_records(self):
        for person in self:
            for kind in _DUE_RULES:
                dates = person.record_ids.filtered(
                    lambda record, kind=kind: record.kind == kind
                ).mapped("date")
                person[f"date_last_{kind}"] = max(dates, default=False)

    @api.depends("record_ids.kind", "record_ids.date", "post_ids", "is_with_minors")
    def _compute_due(self):
        overdue = {kind: set(self._find_overdue(kind, self.ids)) for kind in _DUE_RULES}
        for person in self:
            person.is_check_overdue = person._origin.id in overdue["check"]
            person.is_training_overdue = person._origin.id in overdue["training"]

    def _search_is_check_overdue(self, operator, value):
        return self._search_overdue("check", operator, value)

    def _search_is_training_overdue(self, operator, value):
        return self._search_overdue("training", operator, value)

    def _search_overdue(self, kind, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain(
            "id", "in" if True in value else "not in", self._find_overdue(kind)
        )

    @api.depends("record_ids.kind", "record_ids.date", "record_ids.result")
    def _compute_is_unfit(self):
        unfit = set(self._find_unfit(self.ids))
        for person in self:
            person.is_unfit = person._origin.id in unfit

    def _search_is_unfit(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("id", "in" if True in value else "not in", self._find_unfit())

    # === BUSINESS METHODS === #

    @api.model
    def _today(self):
        return self.env["welfare.facility.log"]._default_date()

    @api.model
    def _find_overdue(self, kind, ids=None):
        """Return the ids of persons in post whose last check or training is too old.

        Where no rule holds, none is.

        :param str kind: a kind of record.
        :rtype: list[int]
        """
        self.env.flush_all()
        today = self._today()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT staff.id
                FROM welfare_staff staff
                JOIN welfare_region region ON region.id = staff.region_id
                WHERE staff.active AND %(wanted)s AND %(bound)s
                  AND EXISTS (
                      SELECT FROM welfare_staff_post post
                      WHERE post.staff_id = staff.id AND post.date_from <= %(today)s
                        AND (post.date_to IS NULL OR post.date_to >= %(today)s)
                  )
                  AND %(months)s IS NOT NULL
                  AND NOT EXISTS (
                      SELECT FROM welfare_staff_record record
                      WHERE record.staff_id = staff.id AND record.kind = %(kind)s
                        AND record.date + %(months)s::integer * INTERVAL '1 month'
                            >= %(today)s
                  )
                """,
                wanted=_among(ids),
                bound=SQL("staff.is_with_minors") if kind == "check" else SQL("TRUE"),
                today=today,
                kind=kind,
                months=self.env["welfare.rule"]._sql_value(
                    SQL("rule.code = %s", _DUE_RULES[kind]), today
                ),
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _find_unfit(self, ids=None):
        """Return the ids of persons whose last record check found an entry.

        :rtype: list[int]
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM (
                    SELECT DISTINCT ON (staff.id) staff.id, record.result
                    FROM welfare_staff staff
                    JOIN welfare_staff_record record ON record.staff_id = staff.id
                    WHERE record.kind = 'check' AND %s
                    ORDER BY staff.id, record.date DESC, record.id DESC
                ) last WHERE result = 'found'
                """,
                _among(ids),
            )
        )
        return [row[0] for row in rows]


def _among(ids):
    """Return the condition that a person is one of some, or any."""
    return SQL("TRUE") if ids is None else SQL("staff.id IN %s", tuple(ids) or (0,))
