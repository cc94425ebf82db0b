import json

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.http import request as http_request
from odoo.tools import SQL, Query, file_open, format_amount, format_date, format_list

from .welfare_approval_content_mixin import fingerprint
from .welfare_approval_mixin import Act

#: What each decision makes of its step, and of the request.
OUTCOMES = {"reject": "rejected", "return": "returned"}

#: How a screen shows the states that are no end without success.
STATE_COLORS = {"pending": "info", "granted": "success", "used": "success"}


class WelfareApprovalRequest(models.Model):
    """Somebody asks others to approve what a document says (审批单).

    The contents are taken down at submission, with their SHA-256. Each decision is
    about that fingerprint; a document that says something else voids the request, and
    the request stays. Tiers are copied into steps, which nothing changes later.
    """

    _name = "welfare.approval.request"
    _description = "Request for Approval"
    _inherit = [
        "welfare.approval.trail.mixin",
        "welfare.region.mixin",
        "welfare.state.mixin",
        "welfare.currency.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "id desc"

    _initial_states = ("pending",)
    _transitions = {
        "pending": {"granted", "rejected", "returned", "withdrawn", "voided"},
        "granted": {"used", "withdrawn", "voided"},
        "used": set(),
        "rejected": set(),
        "returned": set(),
        "withdrawn": set(),
        "voided": set(),
    }

    name = fields.Char(string="Document", required=True, readonly=True)
    kind_id = fields.Many2one(
        comodel_name="welfare.approval.kind",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    res_model = fields.Char(string="Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", required=True, readonly=True
    )
    fingerprint = fields.Char(
        required=True,
        readonly=True,
        size=64,
        help="SHA-256 of the contents: the same contents always have the same one.",
    )
    content = fields.Text(
        required=True, readonly=True, help="What was submitted, as it is counted."
    )
    summary = fields.Text(readonly=True, help="What was submitted, in words.")
    amount = fields.Monetary(readonly=True)
    source_id = fields.Many2one(
        comodel_name="welfare.fund.source",
        string="Source of Funds",
        readonly=True,
        ondelete="restrict",
    )
    region_id = fields.Many2one(readonly=True)
    requester_id = fields.Many2one(
        comodel_name="res.users",
        string="Submitted by",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    maker_ids = fields.Many2many(
        comodel_name="res.users",
        relation="welfare_approval_request_maker_rel",
        column1="request_id",
        column2="user_id",
        string="Made by",
        readonly=True,
        help="Who has made what is approved: none of them approves it.",
    )
    state = fields.Selection(
        selection=[
            ("pending", "In Approval"),
            ("granted", "Approved"),
            ("used", "Approved and Carried Out"),
            ("rejected", "Rejected"),
            ("returned", "Returned for Change"),
            ("withdrawn", "Withdrawn"),
            ("voided", "Void"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="pending",
        index=True,
    )
    submitted_at = fields.Datetime(readonly=True)
    closed_at = fields.Datetime(string="Ended at", readonly=True)
    close_reason = fields.Text(string="Why It Ended", readonly=True)
    used_at = fields.Datetime(string="Carried Out", readonly=True)
    used_uid = fields.Many2one(
        comodel_name="res.users",
        string="Carried Out by",
        readonly=True,
        ondelete="restrict",
    )
    previous_id = fields.Many2one(
        comodel_name="welfare.approval.request",
        string="Earlier Request",
        readonly=True,
        ondelete="restrict",
        help="The one before for the same document.",
    )
    step_ids = fields.One2many(
        comodel_name="welfare.approval.step", inverse_name="request_id", readonly=True
    )
    decision_ids = fields.One2many(
        comodel_name="welfare.approval.decision",
        inverse_name="request_id",
        readonly=True,
    )
    current_step_id = fields.Many2one(
        comodel_name="welfare.approval.step", compute="_compute_current_step_id"
    )
    deadline = fields.Date(compute="_compute_current_step_id")
    is_overdue = fields.Boolean(compute="_compute_current_step_id")
    is_mine = fields.Boolean(
        string="Mine to Decide",
        compute="_compute_is_mine",
        search="_search_is_mine",
        help="The current step waits for the user, or for who has delegated to him.",
    )
    changes = fields.Text(string="Changed since Last Time", compute="_compute_changes")

    _open_uniq = models.UniqueIndex(
        "(res_model, res_id) WHERE state IN ('pending', 'granted')",
        "There is an open request for this document already.",
    )
    _document_idx = models.Index("(res_model, res_id)")
    _pending_idx = models.Index("(id) WHERE state = 'pending'")

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_approval.sql") as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("step_ids.state", "step_ids.deadline")
    def _compute_current_step_id(self):
        today = fields.Date.context_today(self)
        for request in self:
            step = request.step_ids.filtered(lambda step: step.state == "current")
            request.current_step_id = step
            request.deadline = step.deadline
            request.is_overdue = bool(step.deadline) and step.deadline < today

    @api.depends_context("uid")
    def _compute_is_mine(self):
        mine = self.search([("id", "in", self.ids), ("is_mine", "=", True)])
        for request in self:
            request.is_mine = request in mine

    def _compute_changes(self):
        for request in self:
            previous = request.previous_id
            labels = previous and request._find_changes(previous.content)
            request.changes = "\n".join(labels or [])

    # === SEARCH METHODS === #

    @api.model
    def _search_is_mine(self, operator, value):
        if operator != "in":
            return NotImplemented
        user = self.env.user
        # sudo(): who is away, and in which roles and regions, is not readable.
        persons = [user.sudo()]
        persons += [
            row.user_id for row in user.env["welfare.approval.delegation"]._get_to(user)
        ]
        approver = self.env.ref("welfare_facility.welfare_group_approver")
        domain = Domain.FALSE
        for person in persons:
            if approver not in person.all_group_ids:
                continue
            groups = person.all_group_ids.ids
            step = Domain("state", "=", "current") & (
                Domain("approver_ids", "in", person.ids)
                | Domain("mode", "=", "any") & Domain("group_id", "in", groups)
                | Domain("is_escalated", "=", True)
                & Domain("escalation_group_id", "in", groups)
            )
            barred = (user.sudo() | person).ids
            domain |= (
                Domain("state", "=", "pending")
                & Domain("step_ids", "any", step)
                & Domain("region_id", "child_of", person.welfare_region_ids.ids)
                & Domain("requester_id", "not in", barred)
                & Domain("maker_ids", "not in", barred)
                & ~Domain(
                    "decision_ids",
                    "any",
                    Domain("user_id", "in", barred)
                    | Domain("on_behalf_id", "in", barred),
                )
            )
        # By ids: steps and decisions are asked without the rules of the user, whose own
        # rules hold for the requests that are found.
        query = self.sudo()._search(domain)
        return [("id", "in", query)]

    # === ACTION METHODS === #

    def action_approve(self, fingerprint, comment=""):
        """Approve the current step.

        :param str fingerprint: of what was shown.
        :param str comment: what the approver has to say.
        :raise UserError: the request says something else by now, somebody else has
            decided, or the user may not; in words.
        """
        self.ensure_one()
        return self._decide("approve", [(self.id, fingerprint)], comment)

    def action_reject(self, fingerprint, comment=""):
        """Reject the request; a reason must be given."""
        self.ensure_one()
        return self._decide("reject", [(self.id, fingerprint)], comment)

    def action_return(self, fingerprint, comment=""):
        """Give the request back for change; what is to be changed must be said."""
        self.ensure_one()
        return self._decide("return", [(self.id, fingerprint)], comment)

    @api.model
    def action_approve_shown(self, shown, comment=""):
        """Approve requests that were shown in a list; all of them or none.

        :param list shown: pairs of the id of a request and the fingerprint shown.
        """
        return self._decide("approve", shown, comment)

    def action_withdraw(self):
        """Take requests back; only who has submitted them, before they have served."""
        self = self._in_own_context()
        for request in self:
            if request.requester_id != self.env.user:
                raise AccessError(
                    self.env._("Only who has submitted a request takes it back.")
                )
        self._begin()
        for request in self.sudo():
            if request.state not in ("pending", "granted"):
                raise request._already_ended()
        self.sudo()._end("withdrawn", "")
        return True

    def action_open_document(self):
        """Open the document about which it is."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    def action_open_decision(self):
        """Open the dialog in which a decision is made about what is shown."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_approval_decide_action"
        )
        return {**action, "context": {"default_request_id": self.id}}

    # === WHAT SCREENS AND PAPERS SHOW === #

    @api.model
    def get_inbox(self, limit=80, offset=0):
        """Return what waits for the user.

        :return: ``length`` of all, and ``records``: dictionaries with ``id``,
            ``fingerprint``, ``kind``, ``name``, ``res_model``, ``res_id``, ``amount``
            (yuan) and ``amount_text``, ``source``, ``region``, ``requester``,
            ``submitted_at``, ``step``, ``deadline``, ``is_overdue``, ``changes`` and
            ``warnings`` (lists of texts), ``summary``.
        :rtype: dict
        """
        domain = Domain("is_mine", "=", True)
        requests = self.search(domain, limit=limit, offset=offset, order="id")
        length = len(requests) + offset
        if len(requests) == limit or (offset and not requests):
            length = self.search_count(domain)
        return {
            "length": length,
            "records": [request._get_inbox_row() for request in requests],
        }

    def _get_inbox_row(self):
        self.ensure_one()
        document = self._get_document()
        is_there = document and document.has_access("read")
        return {
            "id": self.id,
            "fingerprint": self.fingerprint,
            "kind": self.kind_id.name,
            "name": self.name,
            "res_model": self.res_model,
            "res_id": self.res_id,
            "amount": self.amount,
            "amount_text": format_amount(self.env, self.amount, self.currency_id),
            "source": self.source_id.name or "",
            "region": self.region_id.name,
            "requester": self.sudo().requester_id.name,
            "submitted_at": self.submitted_at,
            "step": self.current_step_id.name,
            "deadline": self.deadline,
            "is_overdue": self.is_overdue,
            "changes": (self.changes or "").splitlines(),
            "warnings": document._get_approval_warnings() if is_there else [],
            "summary": self.summary or "",
        }

    def get_details(self):
        """Return what a screen shows of a request beside its contents.

        :return: ``state``, ``state_label`` and ``color``, ``close_reason``,
            ``requester``, ``submitted_at``, ``steps`` (see :meth:`_get_steps`) and
            ``attachments`` (dictionaries with ``id`` and ``name``; those that the user
            may read).
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        document = self._get_document()
        files = document and document._get_approval_attachments().sudo(False)
        return {
            "state": self.state,
            "state_label": self._state_label(self.state),
            "color": STATE_COLORS.get(self.state, "danger"),
            "close_reason": self.close_reason or "",
            # sudo(): the name of who has submitted is for everybody who sees it.
            "requester": self.sudo().requester_id.name,
            "submitted_at": self.submitted_at,
            "steps": self._get_steps(),
            "attachments": files._filtered_access("read").read(["name"])
            if files
            else [],
        }

    def _get_steps(self):
        """Return the steps in their order, for a stepper or a printed sheet.

        :return: dictionaries with ``name``, ``state`` (of the step), ``people`` (names
            of who decided; of who may, while it is to come), ``decisions``
            (dictionaries with ``user``, ``on_behalf``, ``decision``, ``label``, ``at``,
            ``comment``, ``fingerprint``), ``deadline``, ``is_overdue``,
            ``is_escalated``, ``mode``, ``needed``, ``rule``.
        :rtype: list[dict]
        """
        self.ensure_one()
        today = fields.Date.context_today(self)
        Decision = self.env["welfare.approval.decision"]
        labels = dict(Decision._fields["decision"]._description_selection(self.env))
        steps = []
        # sudo(): the names of those who decide are for everybody who sees the request.
        for step in self.sudo().step_ids:
            decisions = [
                {
                    "user": row.user_id.name,
                    "on_behalf": row.on_behalf_id.name or "",
                    "decision": row.decision,
                    "label": labels[row.decision],
                    "at": row.decided_at,
                    "comment": row.comment or "",
                    "fingerprint": row.fingerprint,
                }
                for row in step.decision_ids
            ]
            people = [row["user"] for row in decisions]
            if step.state in ("waiting", "current"):
                barred = self._get_barred()
                people += (step._get_people() - barred).mapped("name")
            steps.append(
                {
                    "name": step.name,
                    "state": step.state,
                    "people": people,
                    "decisions": decisions,
                    "deadline": step.deadline,
                    "is_overdue": step.state == "current"
                    and bool(step.deadline)
                    and step.deadline < today,
                    "is_escalated": step.is_escalated,
                    "mode": step.mode,
                    "needed": step.needed,
                    "rule": step.rule or "",
                }
            )
        return steps

    def message_subscribe(self, partner_ids=None, subtype_ids=None):
        """Let nobody follow a request: who has to know is told."""
        return True

    # === BUSINESS METHODS: SUBMITTING === #

    @api.model
    def _in_own_context(self):
        """Keep of a caller's context how he reads, and nothing else.

        What a client sends along must neither bring archived tiers and persons back
        nor make another day of today nor keep messages from being sent.
        """
        names = ("lang", "allowed_company_ids")
        context = self.env.context
        own = {name: context[name] for name in names if name in context}
        return self.with_env(self.env(context=own))

    @api.model
    def _submit(self, documents, given):
        """Make the request that the next step of each document needs.

        :param dict given: what the step asks for besides.
        """
        if self.env.uid == SUPERUSER_ID:
            raise UserError(self.env._("A person submits, not the system."))
        self.env["welfare.fund.account"]._begin_posting(documents)
        own = self._in_own_context()
        for document in documents.with_env(own.env):
            request = own._insert_request(document, given)
            request._start_next()
        documents.invalidate_recordset(["approval_request_id", "approval_state"])
        return True

    @api.model
    def _insert_request(self, document, given):
        code = document._get_approval_code()
        if not code:
            raise UserError(
                self.env._(
                    "%(document)s: nothing is to be approved now.",
                    document=document.display_name,
                )
            )
        earlier = self._get_newest(document).get(document.id, self.browse().sudo())
        if earlier.state in ("pending", "granted"):
            raise UserError(
                self.env._(
                    "%(document)s has been submitted already: “%(state)s”.",
                    document=document.display_name,
                    state=earlier._state_label(earlier.state),
                )
            )
        given = document._prepare_given(code, given)
        document._check_before_approval()
        # sudo(): what decides about the route is for everybody.
        kind = self.env["welfare.approval.kind"].sudo().search([("code", "=", code)])
        region = document._get_approval_region()
        if not region:
            raise UserError(self.env._("You work in no region: ask for access first."))
        amount = document._get_approval_amount()
        source = document._get_approval_source()
        source = source if len(source) == 1 else source.browse()
        tiers = self._get_tiers(document, kind, amount, source, region)
        self.env["welfare.duty.conflict"]._check(
            "prepare", self.env.user, document, region
        )
        content = document._write_approval_content(code, given)
        # sudo(): nobody makes requests himself; the document's rights were checked.
        request = (
            self.sudo()
            .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            ._insert(
                [
                    {
                        "name": document.display_name,
                        "kind_id": kind.id,
                        "res_model": document._name,
                        "res_id": document.id,
                        "fingerprint": fingerprint(content),
                        "content": content,
                        "summary": "\n".join(
                            # A list begins on a line of its own.
                            f"{label}:\n{text}" if "\n" in text else f"{label}: {text}"
                            for label, text in [
                                *document._describe_given(given),
                                *document._describe_approval_content(),
                            ]
                            if text
                        ),
                        "amount": amount,
                        "source_id": source.id,
                        "region_id": region.id,
                        "requester_id": self.env.uid,
                        "maker_ids": [Command.set(document._get_approval_makers().ids)],
                        "submitted_at": fields.Datetime.now(),
                        "previous_id": earlier.id if earlier.kind_id == kind else False,
                    }
                ]
            )
        )
        request = request.with_env(self.sudo().env)
        request.flush_recordset()
        request._insert_steps(tiers)
        return request

    @api.model
    def _get_tiers(self, document, kind, amount, source, region):
        """Return the tiers of a document, or say in words what is missing."""
        tiers = self.env["welfare.approval.tier"]._get_route(
            kind, amount, source, region, fields.Date.context_today(self)
        )
        if not tiers:
            raise UserError(
                self.env._(
                    "No tier says who approves “%(kind)s” of %(amount)s in %(region)s: "
                    "ask the administrator to enter it.",
                    kind=kind.name,
                    amount=format_amount(self.env, amount, self._default_currency_id()),
                    region=region.display_name,
                )
            )
        files = tiers.filtered("attachment_words") and (
            document._get_approval_attachments()
        )
        names = " ".join(files.mapped("name")).lower() if files else ""
        for tier in tiers:
            words = (tier.attachment_words or "").lower().split()
            if words and not any(word in names for word in words):
                raise UserError(
                    self.env._(
                        "The step “%(step)s” needs a file with one of these words in "
                        "its name: %(words)s.",
                        step=tier.name,
                        words=format_list(self.env, words),
                    )
                )
        return tiers

    def _insert_steps(self, tiers):
        """Copy the tiers: what is edited there later changes nothing here."""
        self.ensure_one()
        steps = (
            self.env["welfare.approval.step"]
            .sudo()
            ._insert(
                [
                    {
                        "request_id": self.id,
                        "sequence": tier.sequence,
                        "name": tier.name,
                        "group_id": tier.group_id.id,
                        "approver_ids": [Command.set(tier.user_ids.ids)],
                        "mode": "any",
                        "needed": 1,
                        "sla_days": tier.sla_days,
                        "escalation_group_id": tier.escalation_group_id.id,
                        "rule": tier.source,
                    }
                    | (self._prepare_all(tier) if tier.mode == "all" else {})
                    for tier in tiers
                ]
            )
        )
        barred = self._get_barred()
        for step in steps:
            if not step._get_people() - barred:
                raise UserError(
                    self.env._(
                        "Nobody in %(region)s may take the step “%(step)s”, except who "
                        "has made or submitted it.",
                        region=self.region_id.name,
                        step=step.name,
                    )
                )

    def _prepare_all(self, tier):
        """Return the values of a step that all of its persons have to approve."""
        people = self.env["welfare.approval.step"]._search_people(
            tier.group_id, tier.user_ids, self.region_id
        )
        people -= self._get_barred()
        return {
            "approver_ids": [Command.set(people.ids)],
            "mode": "all",
            "needed": max(len(people), 1),
        }

    # === BUSINESS METHODS: DECIDING === #

    def _begin(self):
        """Lock documents and requests: of two decisions the second sees the first."""
        Account = self.env["welfare.fund.account"]
        Account._begin_posting()
        # sudo(): before rights are asked, so that what they see is what counts.
        for model, requests in self.sudo().grouped("res_model").items():
            documents = self.env[model].browse(requests.mapped("res_id"))
            Account._lock_documents(documents)
        Account._lock_documents(self)
        self.env.invalidate_all()

    @api.model
    def _decide(self, decision, shown, comment):
        """Write down what the user decides about requests that were shown.

        :param str decision: a value of the field of ``welfare.approval.decision``.
        :param list shown: pairs of the id of a request and the fingerprint shown.
        """
        fingerprints = self._read_shown(shown)
        requests = self._in_own_context().browse(fingerprints)
        if not requests:
            return True
        comment = str(comment or "").strip()
        if decision != "approve" and not comment:
            raise UserError(self.env._("Say why."))
        if self.env.uid == SUPERUSER_ID or self.env.user.share:
            raise AccessError(self.env._("A person decides, not the system."))
        requests.check_access("read")
        requests._begin()
        requests.check_access("read")
        for request in requests:
            request._decide_one(decision, fingerprints[request.id], comment)
        return True

    @api.model
    def _read_shown(self, shown):
        """Return fingerprints by request, from what a client has sent."""
        try:
            fingerprints = {int(id_): str(seen) for id_, seen in shown}
        except (TypeError, ValueError):
            fingerprints = {}
        if not fingerprints and shown:
            raise UserError(self.env._("Say which requests, as they were shown."))
        return fingerprints

    def _decide_one(self, decision, seen, comment):
        if self.state != "pending":
            raise self._already_ended()
        document = self._get_document()
        if not document:
            raise UserError(
                self.env._("%(document)s is not there any more.", document=self.name)
            )
        document.check_access("read")
        if seen != self.fingerprint or self._is_changed(document):
            raise UserError(
                self.env._(
                    "%(document)s is not what was shown any more: look at it again.",
                    document=self.name,
                )
            )
        step = self.current_step_id
        person, delegation, exceptions = step._find_person(self.env.user)
        user = self.env.user
        # sudo(): nobody writes decisions himself; everything was asked above.
        self.env["welfare.approval.decision"].sudo()._insert(
            [
                {
                    "request_id": self.id,
                    "step_id": step.id,
                    "user_id": user.id,
                    "on_behalf_id": person.id if person != user else False,
                    "delegation_id": delegation.id,
                    "exception_ids": [Command.set(exceptions.ids)],
                    "decision": decision,
                    "fingerprint": seen,
                    "address": http_request.httprequest.remote_addr
                    if http_request
                    else False,
                    "comment": comment or False,
                }
            ]
        ).flush_recordset()
        step_sudo = step.sudo()
        step_sudo.invalidate_recordset(["decision_ids"])
        if decision != "approve":
            step_sudo._rewrite({"state": OUTCOMES[decision]})
            self.sudo()._end(OUTCOMES[decision], comment)
        elif step_sudo._count_approvals() >= step_sudo.needed:
            step_sudo._rewrite({"state": "approved"})
            self.sudo()._start_next()

    def _check_person(self, step, user):
        """Refuse a person who is no stranger to what he decides about.

        :return: the exceptions without which he would be refused.
        :rtype: WelfareDutyException
        :raise UserError: in words.
        """
        self.ensure_one()
        name = user.sudo().name
        if user in self._get_barred():
            raise UserError(
                self.env._(
                    "%(name)s has submitted or made %(document)s, and does not approve "
                    "it.",
                    name=name,
                    document=self.name,
                )
            )
        Conflict = self.env["welfare.duty.conflict"]
        used = self.env["welfare.duty.exception"].sudo()
        # sudo(): what others decided counts as well.
        decided = self.sudo().decision_ids
        if user in decided.user_id | decided.on_behalf_id:
            row = self.env.ref(
                "welfare_facility.duty_conflict_approve_approve",
                raise_if_not_found=False,
            )
            same_step = decided.filtered(lambda row: row.step_id == step)
            used = row._get_exception(user, self.region_id) if row else used
            if not used or user in same_step.user_id | same_step.on_behalf_id:
                raise UserError(
                    self.env._(
                        "%(name)s has decided about %(document)s already.",
                        name=name,
                        document=self.name,
                    )
                )
        document = self._get_document()
        return used | Conflict._check("approve", user, document, self.region_id)

    def _get_barred(self):
        """Return who decides about this request under no circumstances."""
        # sudo(): their names are not asked.
        request = self.sudo()
        return request.requester_id | request.maker_ids

    def _already_ended(self):
        """Return the words for who comes too late."""
        request = self.sudo()
        last = request.decision_ids[-1:]
        return UserError(
            self.env._(
                "%(document)s is “%(state)s” already%(who)s.",
                document=request.name,
                state=request._state_label(request.state),
                who=f" ({last.user_id.name})" if last else "",
            )
        )

    def _start_next(self):
        """Go on to the next step, or grant the request after the last one."""
        self.ensure_one()
        over = self.activity_ids
        step = self.step_ids.filtered(lambda step: step.state == "waiting")[:1]
        if step:
            step._start()
            self._notify_people(step._get_people() - self._get_barred())
        else:
            self._set_state("granted")
            document = self._get_document()
            document.invalidate_recordset(["approval_request_id", "approval_state"])
            document._on_approval_granted()
            self._tell_requester(
                self.env._("%(document)s is approved.", document=self.name)
            )
        # Last: it drops everything that is cached.
        over.unlink()

    def _end(self, state, reason):
        """End open requests otherwise than by carrying them out."""
        for request in self:
            coming = request.step_ids.filtered(
                lambda step: step.state in ("waiting", "current")
            )
            if coming:
                coming._rewrite({"state": "skipped"})
            request._set_state(state, reason=reason)
            request.activity_ids.unlink()
            label = request._state_label(state)
            text = f"{request.name}: {label}"
            request._tell_requester(f"{text}\n{reason}" if reason else text)
            document = request._get_document()
            document.invalidate_recordset(["approval_request_id", "approval_state"])

    def _prepare_state_vals(self, target, **details):
        vals = super()._prepare_state_vals(target, **details)
        vals["closed_at"] = fields.Datetime.now()
        if details.get("reason"):
            vals["close_reason"] = details["reason"]
        return vals

    # === BUSINESS METHODS: CONTENTS THAT CHANGE === #

    @api.model
    def _get_open(self, documents):
        """Return the open requests of documents of one model.

        :rtype: WelfareApprovalRequest
        """
        if not documents.ids:
            return self.browse()
        self.flush_model(["res_model", "res_id", "state"])
        # Every line that is written asks it, mostly for nothing: without a domain.
        query = Query(self.env, self._table)
        query.add_where(
            "res_model = %s AND res_id IN %s AND state IN ('pending', 'granted')",
            [documents._name, tuple(documents.ids)],
        )
        query.order = "id DESC"
        # What is asked of them at every step.
        names = ("region_id", "requester_id", "state", "content", "fingerprint")
        fields_asked = [self._fields[name] for name in ("res_model", "res_id", *names)]
        return self._fetch_query(query, fields_asked)._filtered_access("read")

    @api.model
    def _get_newest(self, documents):
        """Return the newest request of each document, by its id.

        :rtype: dict[int, WelfareApprovalRequest]
        """
        found = self.search(
            [("res_model", "=", documents._name), ("res_id", "in", documents.ids)],
            order="id",
        )
        return {request.res_id: request for request in found}

    @api.model
    def _void_changed(self, documents):
        """Void the open requests of documents that say something else now."""
        # sudo(): whoever changes a document may not see its request.
        for request in self.sudo()._get_open(documents):
            document = request._get_document()
            content = request._write_current(document)
            if fingerprint(content) != request.fingerprint:
                labels = request._find_changes(content, backwards=True)
                request._end(
                    "voided",
                    self.env._(
                        "Changed by %(name)s: %(fields)s",
                        name=self.env.user.name,
                        fields=format_list(self.env, labels),
                    ),
                )

    @api.model
    def _void_deleted(self, documents):
        # sudo(): as above.
        self.sudo()._get_open(documents)._end(
            "voided", self.env._("Deleted by %(name)s", name=self.env.user.name)
        )

    @api.model
    def _check_granted(self, document, code):
        """Refuse a step that is not approved as the document is now.

        :return: the request that was granted.
        :rtype: WelfareApprovalRequest
        :raise UserError: in words.
        """
        self = self._in_own_context()
        document = document.with_env(self.env)
        # sudo(): whoever carries it out may not see the request.
        request = self.sudo()._get_open(document)
        if not request:
            raise UserError(
                self.env._(
                    "%(document)s is not approved: submit it first.",
                    document=document.display_name,
                )
            )
        if request.state == "pending":
            raise UserError(
                self.env._(
                    "%(document)s waits for the step “%(step)s” of its approval.",
                    document=document.display_name,
                    step=request.current_step_id.name,
                )
            )
        if request._get_code() != code or request._is_changed(document):
            raise UserError(
                self.env._(
                    "%(document)s is not what was approved: submit it again.",
                    document=document.display_name,
                )
            )
        self.env["welfare.duty.conflict"]._check(
            "execute", self.env.user, document, request.region_id
        )
        return request

    def _is_changed(self, document):
        """Tell whether a document says something else than what was submitted."""
        request = self.sudo()
        return fingerprint(request._write_current(document)) != request.fingerprint

    def _write_current(self, document):
        """Return what the request would say of its document now."""
        return document._write_approval_content(self._get_code(), self._get_given())

    def _get_code(self):
        """Return the code of the kind, as it was submitted."""
        return json.loads(self.content)["kind"]

    def _get_given(self):
        """Return what was asked for when it was submitted, by fields of the document.

        :rtype: dict
        """
        return json.loads(self.content).get("given", {})

    def _find_changes(self, content, backwards=False):
        """Return in words what differs from other contents of the same document.

        :param str content: the other contents; those before, or after ``backwards``.
        :rtype: list[str]
        """
        self.ensure_one()
        old, new = json.loads(content), json.loads(self.sudo().content)
        if backwards:
            old, new = new, old
        Model = self.env[self.res_model]
        labels = []
        before = old["content"] | old.get("given", {})
        after = new["content"] | new.get("given", {})
        for path in before | after:
            if before.get(path) == after.get(path):
                continue
            field = Model._fields.get(path.partition(".")[0])
            label = field._description_string(self.env) if field else path
            values = before.get(path), after.get(path)
            if field and field.type in ("char", "monetary", "date", "integer"):
                label = f"{label}: {values[0] or ''} → {values[1] or ''}"
            labels.append(label)
        if old["attachments"] != new["attachments"]:
            labels.append(self.env._("Attachments"))
        return labels

    def _get_document(self):
        """Return the document about which it is, or an empty recordset."""
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id).exists()

    @api.model
    def _get_acts(self, chain):
        """Return who made the documents of a chain, and who did what by their requests.

        In one query and past the rules, since every step asks it, and whoever did
        something counts.

        :param list chain: recordsets, each of one model.
        :rtype: list[Act]
        """
        documents = {
            (record._name, record.id): record for records in chain for record in records
        }
        self.flush_model()
        self.env["welfare.approval.decision"].flush_model()
        made = [
            SQL(
                "SELECT %s, %s::varchar, id, create_uid, create_date FROM %s"
                " WHERE id IN %s",
                place,
                records._name,
                SQL.identifier(records._table),
                tuple(records.ids),
            )
            for place, records in enumerate(chain)
            if records
        ]
        query = SQL(
            """
            SELECT document.model, document.id, ARRAY[document.user_id], document.at,
                   request.requester_id || ARRAY(
                       SELECT user_id FROM welfare_approval_request_maker_rel
                       WHERE request_id = request.id
                   ), request.submitted_at,
                   ARRAY[decision.user_id, decision.on_behalf_id], decision.decided_at,
                   ARRAY[request.used_uid], request.used_at
            FROM (%s) AS document (place, model, id, user_id, at)
            LEFT JOIN welfare_approval_request request
                ON request.res_model = document.model AND request.res_id = document.id
            LEFT JOIN welfare_approval_decision decision
                ON decision.request_id = request.id AND decision.decision = 'approve'
            ORDER BY document.place, document.id, request.id DESC, decision.id
            """,
            SQL(" UNION ALL ").join(made),
        )
        Users = self.env["res.users"].sudo()
        duties = ("prepare", "prepare", "approve", "execute")
        acts = {}  # each once, in this order
        for model, document_id, *done in self.env.execute_query(query):
            for duty, user_ids, at in zip(duties, done[::2], done[1::2], strict=True):
                for user_id in filter(None, user_ids):
                    user = Users.browse(user_id)
                    acts[Act(duty, user, documents[model, document_id], at)] = True
        return list(acts)

    # === BUSINESS METHODS: MESSAGES === #

    def _notify_people(self, people):
        """Tell those who can take the current step, and who decides for them today."""
        self.ensure_one()
        step = self.current_step_id
        note = step.name
        if step.deadline:
            note = self.env._(
                "%(step)s, until %(date)s",
                step=step.name,
                date=format_date(self.env, step.deadline),
            )
        summary = f"{self.kind_id.name}: {self.name}"
        if self.amount:
            amount = format_amount(self.env, self.amount, self.currency_id)
            summary = f"{summary} · {amount}"
        deadline = step.deadline or fields.Date.context_today(self)
        self._notify(people, summary, note, deadline)
        delegations = self.env["welfare.approval.delegation"]._get_from(people)
        strangers = people | self._get_barred()
        for delegation in delegations:
            if delegation.delegate_id not in strangers:
                self._notify(
                    delegation.delegate_id,
                    summary,
                    f"{note} ({delegation._describe()})",
                    deadline,
                )

    def _tell_requester(self, text):
        """Tell who has submitted what became of it."""
        self.with_context(mail_notify_force_send=False).message_post(
            body=text,
            partner_ids=self.requester_id.partner_id.ids
            if self.requester_id != self.env.user
            else [],
        )

    @api.model
    def _cron_escalate(self):
        """Let those declared take steps that are overdue as well. Nothing is approved.

        A step is told of once. Contents that were changed past the program void their
        request here at the latest.
        """
        pending = self.search([("state", "in", ("pending", "granted"))])
        for model, requests in pending.grouped("res_model").items():
            self._void_changed(
                self.env[model].browse(requests.mapped("res_id")).exists()
            )
        today = fields.Date.context_today(self)
        steps = self.env["welfare.approval.step"].search([("state", "=", "current")])
        for step in steps.filtered("sla_days"):
            if not step.deadline:
                deadline = step._get_deadline(step.started_at.date())
                if deadline:
                    step._rewrite({"deadline": deadline})
            if not step.deadline or step.deadline >= today or step.is_escalated:
                continue
            request = step.request_id
            known = step._get_people()
            step._rewrite({"is_escalated": True})
            request._notify_people(step._get_people() - known - request._get_barred())
            request._tell_requester(
                self.env._("The step “%(step)s” is overdue.", step=step.name)
            )

    # === BUSINESS METHODS: WORDS === #

    @api.model
    def _sql_error_to_message(self, exc):
        """Give words to the refusals of the triggers."""
        words = {
            "welfare_approval_request_required": self.env._(
                "This needs an approval that was granted: submit it first."
            ),
            "welfare_approval_request_keep": self._message_trail(),
            "welfare_approval_request_steps": self._message_trail(),
            "welfare_approval_request_decision": self.env._(
                "This cannot be decided so: look at it again."
            ),
        }
        message = words.get(exc.diag.constraint_name)
        return message or super()._sql_error_to_message(exc)
