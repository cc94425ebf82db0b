from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date, format_list

from .welfare_fund_account import Line, Posting


class WelfareAppropriation(models.Model):
    """Money granted under one document number (指标文号).

    Registering it posts the initial amount to the account of the holder's office.
    What is added or taken later comes as documents of its own (追加、追减、调剂), so
    that initial + adjustments = current, the three columns of the final accounts
    (预算法第75条).
    """

    _name = "welfare.appropriation"
    _description = "Appropriation"
    _inherit = [
        "welfare.region.mixin",
        "welfare.approval.mixin",
        "welfare.state.mixin",
        "welfare.currency.mixin",
        "welfare.thread.mixin",
        "mail.activity.mixin",
    ]
    _order = "year desc, date desc, id desc"
    _rec_name = "number"

    _initial_states = ("draft",)
    _transitions = {
        "draft": {"registered"},
        "registered": {"closed"},
        "closed": {"registered"},
    }
    _guarded_fields = frozenset(("import_fund_id", "state_reason"))
    _initial_fields = frozenset(("import_fund_id",))
    _content_fields = frozenset(
        (
            "number",
            "year",
            "source_id",
            "region_id",
            "date",
            "amount_initial",
            "function_id",
            "economic_department_id",
            "economic_government_id",
            "purpose_ids",
        )
    )

    _approval_kinds = {
        ("draft", "registered"): "appropriation",
        ("registered", "closed"): "appropriation_close",
        ("closed", "registered"): "appropriation_reopen",
    }
    _approval_given = dict.fromkeys(
        ("appropriation_close", "appropriation_reopen"), ("state_reason",)
    )
    _approval_fields = (
        *("number", "title", "year", "source_id", "region_id", "issuer", "date"),
        *("amount_initial", "function_id", "economic_department_id"),
        *("economic_government_id", "purpose_ids", "conditions", "attachment_ids"),
    )
    _approval_excluded = {
        "budget_codes": "what another system calls it; the reconciliation adds to it",
        "import_fund_id": "says where it comes from, not what it is",
    }
    _approval_amount = "amount_initial"
    _approval_source = "source_id"

    number = fields.Char(
        string="Appropriation Number",
        required=True,
        index="trigram",
        help="The number under which the money was granted, such as "
        "五财行〔2015〕21号.",
    )
    title = fields.Char()
    budget_codes = fields.Char(
        string="IDs in the Budget System",
        help="The budget system's own IDs (指标ID); several stand apart by blanks.",
    )
    year = fields.Integer(
        string="Budget Year",
        required=True,
        aggregator=None,
        default=lambda self: self._default_year(),
    )
    source_id = fields.Many2one(
        comodel_name="welfare.fund.source",
        required=True,
        index=True,
        ondelete="restrict",
    )
    region_id = fields.Many2one(
        string="Holder", help="The region whose office holds the money."
    )
    issuer = fields.Char(string="Issued by")
    date = fields.Date(required=True, default=lambda self: self._default_date())
    state = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("registered", "Registered"),
            ("closed", "Closed"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )
    state_reason = fields.Char(
        string="Why It Was Closed or Opened Again",
        readonly=True,
        copy=False,
    )
    amount_initial = fields.Monetary(string="Initial", required=True)
    amount_adjusted = fields.Monetary(
        string="Adjusted by",
        compute="_compute_amounts",
        compute_sudo=True,  # another region's money may have been reallocated to it
        help="± what came later.",
    )
    amount_current = fields.Monetary(
        string="Current", compute="_compute_amounts", compute_sudo=True
    )
    adjustment_ids = fields.One2many(
        comodel_name="welfare.appropriation.adjustment",
        inverse_name="appropriation_id",
        string="Adjustments",
    )
    reallocation_ids = fields.One2many(
        comodel_name="welfare.appropriation.adjustment",
        inverse_name="to_appropriation_id",
        string="Reallocated from Others",
        readonly=True,
    )
    function_id = fields.Many2one(
        comodel_name="welfare.fund.classification",
        domain="[('kind', '=', 'function')]",
        ondelete="restrict",
    )
    economic_department_id = fields.Many2one(
        comodel_name="welfare.fund.classification",
        string="Economic Code (Department)",
        domain="[('kind', '=', 'economic_department')]",
        ondelete="restrict",
    )
    economic_government_id = fields.Many2one(
        comodel_name="welfare.fund.classification",
        string="Economic Code (Government)",
        domain="[('kind', '=', 'economic_government')]",
        ondelete="restrict",
    )
    purpose_ids = fields.Many2many(
        comodel_name="welfare.fund.purpose", string="Purposes"
    )
    conditions = fields.Text(help="What the document asks for in return.")
    attachment_ids = fields.Many2many(comodel_name="ir.attachment", string="Documents")
    account_ids = fields.One2many(
        comodel_name="welfare.fund.account", inverse_name="appropriation_id"
    )
    import_fund_id = fields.Many2one(
        comodel_name="welfare.facility.import.fund",
        string="Row of the Ledger",
        readonly=True,
        copy=False,
        ondelete="restrict",
        help="The row of the bureau's own funding sheet from which it comes.",
    )
    warning = fields.Text(compute="_compute_warning")

    _number_uniq = models.UniqueIndex(
        "(number, year, region_id)",
        "This document number is registered for that holder and year already.",
    )
    _import_fund_uniq = models.UniqueIndex(
        "(import_fund_id) WHERE import_fund_id IS NOT NULL",
        "This row of a ledger has become an appropriation already.",
    )
    _check_amount = models.Constraint(
        "CHECK (amount_initial > 0 AND amount_initial = ROUND(amount_initial, 2) "
        "AND amount_initial < 10000000000000)",
        "An appropriation is more than nothing, in yuan and fen.",
    )
    _check_year = models.Constraint(
        "CHECK (year BETWEEN 1990 AND 2100)", "This is no budget year."
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    @api.model
    def _default_year(self):
        return self._default_date().year

    # === COMPUTE METHODS === #

    @api.depends(
        "amount_initial",
        "adjustment_ids.state",
        "adjustment_ids.amount",
        "reallocation_ids.state",
        "reallocation_ids.amount",
    )
    def _compute_amounts(self):
        for appropriation in self:
            adjusted = sum(
                adjustment._get_signed_amount(appropriation)
                for adjustment in appropriation.adjustment_ids
                + appropriation.reallocation_ids
                if adjustment.state == "posted"
            )
            appropriation.amount_adjusted = adjusted
            appropriation.amount_current = appropriation.amount_initial + adjusted

    @api.depends(
        "source_id.prohibited_ids",
        "source_id.is_verified",
        "source_id.purpose_ids",
        "purpose_ids",
        "year",
        "function_id",
        "economic_department_id",
        "economic_government_id",
    )
    def _compute_warning(self):
        for appropriation in self:
            appropriation.warning = "\n".join(appropriation._get_warnings())

    # === CONSTRAINT METHODS === #

    @api.constrains("date", "year")
    def _check_date_year(self):
        """Money of a year can be announced in the year before (提前下达), not later."""
        for appropriation in self:
            if appropriation.date.year > appropriation.year:
                raise ValidationError(
                    self.env._(
                        "A document of %(date)s cannot grant money of %(year)s.",
                        date=format_date(self.env, appropriation.date),
                        year=appropriation.year,
                    )
                )

    # === ACTION METHODS === #

    def action_register(self):
        """Register the appropriation and post its initial amount.

        :raise UserError: a verified rule of the source forbids it.
        """
        self.env["welfare.fund.account"]._begin_posting(self)
        postings = []
        for appropriation in self:
            refusals = appropriation._get_refusals()
            if refusals:
                raise UserError("\n".join(refusals))
            appropriation._set_state("registered")
            postings.append(appropriation._prepare_posting())
        # At once: the accounts of all documents are locked in one order.
        self.env["welfare.fund.account"]._post(postings)
        return True

    def action_ask_close(self):
        """Ask why it is closed or opened again, and for the approval of that."""
        self.ensure_one()
        self.check_access("write")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_appropriation_close_action"
        )
        return {**action, "context": {"default_appropriation_id": self.id}}

    def action_close(self):
        """Close the appropriation: nothing more is posted to its accounts.

        :raise UserError: it is not approved, or something is reserved, committed or
            owed at any level.
        """
        Account = self.env["welfare.fund.account"]
        Account._begin_posting()
        self.check_access("write")
        # sudo(): at every level. They are locked first, as by whoever posts to them.
        accounts = Account.sudo().search([("appropriation_id", "in", self.ids)])
        if accounts:
            Account._lock_documents(accounts)
        return self._change_state("closed")

    def action_reopen(self):
        """Open a closed appropriation again; it must have been approved."""
        self.env["welfare.fund.account"]._begin_posting()
        for appropriation in self:
            if appropriation.state != "closed":
                raise UserError(
                    self.env._("%(number)s is not closed.", number=appropriation.number)
                )
        return self._change_state("registered")

    def action_open_accounts(self):
        """Open the accounts that hold this money."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_account_action"
        )
        return {**action, "domain": [("appropriation_id", "in", self.ids)]}

    def action_open_allotments(self):
        """Open the allotments of this money, at every level."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_allotment_action"
        )
        return {**action, "domain": [("account_id.appropriation_id", "in", self.ids)]}

    def action_open_entries(self):
        """Open the entries of this money, at every level."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_entry_action"
        )
        return {**action, "domain": [("account_id", "in", self.account_ids.ids)]}

    # === BUSINESS METHODS === #

    def _change_state(self, state):
        self.env["welfare.fund.account"]._lock_documents(self)
        self.check_access("write")
        self.invalidate_recordset()
        if state == "closed":
            self._check_nothing_pending()
        self._set_state(state)
        return True

    def _check_nothing_pending(self):
        """Refuse to close what is not finished.

        :raise UserError: something is reserved, committed or owed.
        """
        # sudo(): at every level.
        accounts = self.sudo().account_ids
        accounts.invalidate_recordset()
        pending = accounts.filtered(
            lambda account: account.reserved or account.committed or account.accrued
        )
        if pending:
            readable = pending.sudo(False)._filtered_access("read")
            names = [
                account.display_name if account in readable else f"#{account.id}"
                for account in pending
            ]
            raise UserError(
                self.env._(
                    "Something is still reserved, committed or owed: finish or release "
                    "it first. %(accounts)s",
                    accounts=format_list(self.env, names),
                )
            )

    def _check_before_approval(self):
        if self.state == "registered":
            self._check_nothing_pending()
        refusals = self.state == "draft" and self._get_refusals()
        if refusals:
            raise UserError("\n".join(refusals))
        return super()._check_before_approval()

    def _get_account(self):
        """Return the account of the office that holds the appropriation."""
        self.ensure_one()
        return self.env["welfare.fund.account"]._get_or_create(
            self, self.year, self.region_id
        )

    def _prepare_posting(self):
        self.ensure_one()
        return Posting(
            key=f"{self._name},{self.id},register",
            lines=[Line(self._get_account(), "receive", self.amount_initial)],
            document=self,
            date=self._get_posting_date(),
            note=self.number,
        )

    def _get_posting_date(self):
        """Money that is announced early counts from the first day of its year."""
        self.ensure_one()
        return max(self.date, self.date.replace(year=self.year, month=1, day=1))

    def _get_refusals(self):
        """Return what a verified rule forbids, in words."""
        self.ensure_one()
        if not self.source_id.is_verified:
            return []
        return self._get_rule_conflicts()

    def _get_warnings(self):
        """Return what should be looked at before registering, in words."""
        self.ensure_one()
        warnings = self._get_rule_conflicts()
        if self.source_id and not self.source_id.is_verified:
            warnings.append(
                self.env._(
                    "The rules of %(fund)s are not verified: they warn and do not "
                    "block.",
                    fund=self.source_id.name,
                )
            )
        for row in self._get_codes():
            if not row.is_verified:
                warnings.append(
                    self.env._("The code %(code)s is not verified.", code=row.code)
                )
        return warnings

    def _get_codes(self):
        return (
            self.function_id + self.economic_department_id + self.economic_government_id
        )

    def _get_rule_conflicts(self):
        conflicts = []
        for row in self._get_codes():
            if row in self.source_id.prohibited_ids:
                conflicts.append(
                    self.env._(
                        "%(fund)s must not be used for %(code)s.",
                        fund=self.source_id.name,
                        code=row.display_name,
                    )
                )
            if row.year_from > self.year or 0 < row.year_to < self.year:
                conflicts.append(
                    self.env._(
                        "The code %(code)s does not hold in %(year)s.",
                        code=row.display_name,
                        year=self.year,
                    )
                )
        permitted = self.source_id.purpose_ids
        if permitted:
            for purpose in self.purpose_ids - permitted:
                conflicts.append(
                    self.env._(
                        "%(fund)s is not for the purpose “%(purpose)s”.",
                        fund=self.source_id.name,
                        purpose=purpose.name,
                    )
                )
            if not self.purpose_ids:
                conflicts.append(
                    self.env._(
                        "Say for which of its purposes the money of %(fund)s is used.",
                        fund=self.source_id.name,
                    )
                )
        return conflicts
