from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import file_open

#: Kinds whose entries can be pending.
PENDING_KINDS = ("reserve", "commit", "accrue", "reverse")


class WelfareFundEntry(models.Model):
    """An entry of the fund ledger (资金台账分录). Entries are only ever added.

    A mistake is put right by an entry that reverses it. The columns ``d_…`` say what
    the entry does to the balances of its account; the database computes them when the
    entry is posted, see ``sql/welfare_fund_ledger.sql``.
    """

    _name = "welfare.fund.entry"
    _description = "Fund Entry"
    _inherit = ["welfare.currency.mixin"]
    _order = "id desc"
    # Written once and by SQL: who and when are columns of their own.
    _log_access = False

    account_id = fields.Many2one(
        comodel_name="welfare.fund.account",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    region_id = fields.Many2one(related="account_id.region_id")
    appropriation_id = fields.Many2one(related="account_id.appropriation_id")
    date = fields.Date(required=True, readonly=True)
    kind = fields.Selection(
        selection=[
            ("receive", "Received"),
            ("reduce", "Reduced"),
            ("send", "Sent Down"),
            ("arrive", "Arrived from Above"),
            ("give_back", "Given Back"),
            ("take_back", "Taken Back"),
            ("carry_out", "Carried to the Next Year"),
            ("carry_in", "Carried from the Year Before"),
            ("lapse", "Lapsed"),
            ("reserve", "Reserved"),
            ("commit", "Committed"),
            ("accrue", "Accrued"),
            ("pay", "Paid"),
            ("release", "Released"),
            ("reverse", "Reversal"),
        ],
        required=True,
        readonly=True,
    )
    amount = fields.Monetary(required=True, readonly=True)
    resolves_id = fields.Many2one(
        comodel_name="welfare.fund.entry",
        readonly=True,
        ondelete="restrict",
    )
    reverses_id = fields.Many2one(
        comodel_name="welfare.fund.entry",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    reversal_ids = fields.One2many(
        comodel_name="welfare.fund.entry",
        inverse_name="reverses_id",
        string="Reversed by",
        readonly=True,
    )
    note = fields.Char(readonly=True)
    res_model = fields.Char(string="Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        string="Source Document", model_field="res_model", required=True, readonly=True
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Posted by",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    posted_at = fields.Datetime(string="Posted on", required=True, readonly=True)
    posting_key = fields.Char(string="Request", required=True, readonly=True)
    line_number = fields.Integer(required=True, readonly=True, aggregator=None)
    d_received = fields.Monetary(string="± Received", readonly=True)
    d_sent = fields.Monetary(string="± Sent Down", readonly=True)
    d_carried = fields.Monetary(string="± Carried or Lapsed", readonly=True)
    d_reserved = fields.Monetary(string="± Reserved", readonly=True)
    d_committed = fields.Monetary(string="± Committed", readonly=True)
    d_accrued = fields.Monetary(string="± Accrued", readonly=True)
    d_paid = fields.Monetary(string="± Paid", readonly=True)
    transfer = fields.Monetary(readonly=True)

    _request_uniq = models.Constraint(
        "UNIQUE (posting_key, line_number)", "This request has been posted already."
    )
    _resolves_uniq = models.UniqueIndex(
        "(resolves_id) WHERE resolves_id IS NOT NULL",
        "This entry has been resolved already.",
    )
    _reverses_uniq = models.UniqueIndex(
        "(reverses_id) WHERE reverses_id IS NOT NULL",
        "This entry has been reversed already.",
    )
    _check_amount = models.Constraint(
        # NaN and infinity are more than any number to PostgreSQL.
        "CHECK (amount > 0 AND amount = ROUND(amount, 2) AND amount < 10000000000000)",
        "An amount is more than nothing, in yuan and fen.",
    )
    # The proof walks the entries of an account up to a day.
    _account_date_idx = models.Index("(account_id, date)")
    # From a document to its entries.
    _document_idx = models.Index("(res_model, res_id)")

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_fund_ledger.sql") as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("kind", "amount", "date")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for entry in self:
            entry.display_name = f"{kinds.get(entry.kind)} #{entry.id}"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise AccessError(self.env._("Entries are posted by documents, not created."))

    # No super(): nobody gets through.
    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self._message_append_only())

    # === ACTION METHODS === #

    def action_open_document(self):
        """Open the document on whose behalf the entry was posted."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    # === BUSINESS METHODS === #

    @api.model
    def _sql_error_to_message(self, exc):
        """Give words to the refusals of the ledger's triggers."""
        words = {
            "welfare_fund_entry_year": self.env._(
                "The day does not lie in the year of the account."
            ),
            "welfare_fund_entry_open_year": self.env._(
                "Nothing can be posted: the fiscal year is closed or not entered."
            ),
            "welfare_fund_entry_period": self.env._(
                "Nothing can be posted: a period is closed."
            ),
            "welfare_fund_entry_appropriation": self.env._(
                "Nothing can be posted: the appropriation is closed."
            ),
            "welfare_fund_entry_resolves": self.env._(
                "An entry does not follow the one that it resolves."
            ),
            "welfare_fund_entry_reverses": self.env._(
                "An entry cannot be reversed like that."
            ),
            "welfare_fund_entry_transfer": self.env._(
                "What leaves one account must arrive in another one."
            ),
        }
        message = words.get(exc.diag.constraint_name)
        return message or super()._sql_error_to_message(exc)

    def _message_append_only(self):
        return self.env._("The fund ledger is only ever added to.")
