import hashlib
from datetime import date
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from .welfare_approval_content_mixin import VERSION, _write


class Act(NamedTuple):
    """What somebody did with a document.

    :param str duty: the code of a ``welfare.duty``.
    :param user: who did it.
    :param document: with which record.
    :param datetime.datetime at: when, in UTC.
    """

    duty: str
    user: models.BaseModel
    document: models.BaseModel
    at: object


def _hash(attachment):
    """Return the SHA-256 of a file, or of the address that stands for one."""
    content = attachment.raw or (attachment.url or "").encode()
    return hashlib.sha256(content).hexdigest()


class WelfareApprovalMixin(models.AbstractModel):
    """A document whose steps need the approval of others.

    It has a guarded state (``welfare.state.mixin``) and declares

    * ``_approval_kinds``: ``{(state, state that follows): code of the kind}``. Such a
      step is made when a request of that kind was granted and the document still says
      what was approved. A granted request serves once.
    * ``_approval_fields`` and ``_approval_excluded``, see
      ``welfare.approval.content.mixin``.
    * ``_approval_given``: ``{code of the kind: fields}`` that are asked for when the
      step is submitted, such as the reason of a reversal. They are approved with the
      rest, and written when the step is carried out.
    * ``_approval_amount``, ``_approval_source``: fields that decide who approves; a
      path with dots is followed.

    Python compares the fingerprint in :meth:`_set_state`, which is the only way to
    another state. A trigger asks for the granted request, whoever writes the state.
    """

    _name = "welfare.approval.mixin"
    _inherit = ["welfare.approval.content.mixin"]
    _description = "Document That Others Approve"

    _approval_kinds = {}
    _approval_given = {}
    _approval_amount = None
    _approval_source = None

    approval_request_id = fields.Many2one(
        comodel_name="welfare.approval.request",
        string="Latest Approval",
        compute="_compute_approval_request_id",
        help="The newest request.",
    )
    approval_state = fields.Selection(
        selection="_selection_approval_state",
        compute="_compute_approval_request_id",
        search="_search_approval_state",
    )

    def init(self):
        if self._auto and not self._abstract and self._approval_kinds:
            self._install_approval_guard()
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("state")
    def _compute_approval_request_id(self):
        newest = self.env["welfare.approval.request"]._get_newest(self)
        for record in self:
            request = newest.get(record._origin.id)
            record.approval_request_id = request
            record.approval_state = request.state if request else False

    @api.model
    def _selection_approval_state(self):
        Request = self.env["welfare.approval.request"]
        return Request._fields["state"]._description_selection(self.env)

    # === SEARCH METHODS === #

    @api.model
    def _search_approval_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        newest = SQL(
            """(
                SELECT res_id FROM (
                    SELECT DISTINCT ON (res_id) res_id, state
                    FROM welfare_approval_request WHERE res_model = %s
                    ORDER BY res_id, id DESC
                ) newest WHERE state IN %s
            )""",
            self._name,
            tuple(value) or (None,),
        )
        return [("id", "in", newest)]

    # === CRUD METHODS === #

    def unlink(self):
        self.env["welfare.approval.request"]._void_deleted(self)
        return super().unlink()

    # === ACTION METHODS === #

    def action_submit(self):
        """Ask for the approval that the next step needs.

        :raise UserError: nothing is to be approved, a request is open already, no tier
            matches, a document is missing, or nobody could approve it.
        """
        return self._ask_approval()

    def action_withdraw_approval(self):
        """Take the open request back; only who has made it."""
        requests = self.env["welfare.approval.request"]._get_open(self)
        if not requests:
            raise UserError(self.env._("There is no open request."))
        return requests.action_withdraw()

    def action_open_approvals(self):
        """Open all requests of these documents, the ended ones as well."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_approval_request_action"
        )
        return {
            **action,
            "domain": [("res_model", "=", self._name), ("res_id", "in", self.ids)],
            "context": {},
        }

    # === BUSINESS METHODS === #

    def _ask_approval(self, **given):
        """Submit the next step, with what it asks for.

        :param given: values of the fields in ``_approval_given``.
        """
        return self.env["welfare.approval.request"]._submit(self, given)

    def _set_state(self, target, **details):  # pylint: disable=missing-return
        Request = self.env["welfare.approval.request"]
        for record in self:
            code = self._approval_kinds.get((record.state, target))
            given = Request._check_granted(record, code)._get_given() if code else {}
            # With the state: a guard of the database may ask for both at once.
            super(WelfareApprovalMixin, record)._set_state(
                target, **details, given=given
            )
        # The trigger has noted that the requests have served.
        Request.invalidate_model()
        self.invalidate_recordset(["approval_request_id", "approval_state"])

    def _prepare_state_vals(self, target, **details):
        vals = super()._prepare_state_vals(target, **details)
        return vals | details.get("given", {})

    def _void_changed_approvals(self):
        self.env["welfare.approval.request"]._void_changed(self)

    def _get_approval_code(self):
        """Return the code of the kind that the next step needs, if it needs one.

        :rtype: str | None
        """
        self.ensure_one()
        for (state, _target), code in self._approval_kinds.items():
            if state == self.state:
                return code
        return None

    def _prepare_given(self, code, given):
        """Return what a step of a kind asks for, in the form in which it counts.

        :rtype: dict
        :raise UserError: something is missing.
        """
        prepared = {}
        for name in self._approval_given.get(code, ()):
            value = given.get(name)
            if isinstance(value, date):
                value = value.isoformat()
            prepared[name] = (value or "").strip()
            if not prepared[name]:
                label = self._fields[name]._description_string(self.env)
                raise UserError(self.env._("Say this first: %(field)s", field=label))
        return prepared

    def _describe_given(self, given):
        """Return the same in words, as pairs of a label and a text."""
        pairs = []
        for name, value in given.items():
            field = self._fields[name]
            text = format_date(self.env, value) if field.type == "date" else value
            pairs.append((field._description_string(self.env), text))
        return pairs

    def _write_approval_content(self, code, given=None):
        """Return everything that counts as one text, always written in the same way.

        :param str code: of the kind.
        :param dict given: what the step asked for, see :meth:`_prepare_given`.
        :rtype: str
        """
        self.ensure_one()
        return _write(
            ({"given": given} if given else {})
            | {
                "version": VERSION,
                "kind": code,
                "document": [self._name, self.id],
                "content": self._get_approval_content(),
                "attachments": [
                    [attachment.name, _hash(attachment)]
                    for attachment in self._get_approval_attachments()
                ],
            }
        )

    def _get_approval_attachments(self):
        """Return the files of the document and its lines, in one order."""
        self.ensure_one()
        # sudo(): the fingerprint does not depend on who asks for it.
        record = self.sudo().with_context(active_test=False)
        records = [record]
        attachments = self.env["ir.attachment"].sudo()
        for name in {path.partition(".")[0] for path in self._approval_fields}:
            field = self._fields[name]
            if field.type == "one2many":
                records.append(record[name])
            elif field.relational and field.comodel_name == "ir.attachment":
                attachments |= record[name]
        attachments.flush_model(["res_model", "res_id", "res_field"])
        # Past the rules, as said; every step asks it, mostly for nothing. As the ORM
        # does, without the files in which a binary field is kept.
        query = SQL(
            "SELECT id FROM ir_attachment"
            " WHERE (res_model, res_id) IN %s AND COALESCE(res_field, '') = ''",
            tuple((owner._name, owner.id) for owners in records for owner in owners),
        )
        attachments |= attachments.browse(
            attachment_id for (attachment_id,) in self.env.execute_query(query)
        )
        return attachments.sorted(
            lambda file: (file.name, file.checksum or "", file.id)
        )

    def _get_approval_amount(self):
        """Return the amount that decides who approves, in yuan. Extension point."""
        self.ensure_one()
        return self.mapped(self._approval_amount)[0] if self._approval_amount else 0.0

    def _get_approval_source(self):
        """Return the source of funds that decides who approves. Extension point."""
        self.ensure_one()
        if self._approval_source:
            return self.mapped(self._approval_source)
        return self.env["welfare.fund.source"]

    def _get_approval_region(self):
        """Return the place whose people approve. Extension point.

        A document of no place is approved where it is asked for.
        """
        self.ensure_one()
        if "region_id" in self._fields and self.region_id:
            return self.region_id
        return self.env.user.welfare_region_ids.sorted("parent_path")[:1]

    def _get_approval_makers(self):
        """Return who has made what is approved: none of them approves it."""
        self.ensure_one()
        record = self.sudo().with_context(active_test=False)
        makers = record.create_uid | record.write_uid
        for path in self._approval_fields:
            if self._fields[path.partition(".")[0]].type == "one2many":
                makers |= record[path].create_uid | record[path].write_uid
        return makers

    def _get_approval_warnings(self):
        """Return what an approver should look at, in words. Extension point.

        :rtype: list[str]
        """
        self.ensure_one()
        text = self.warning if "warning" in self._fields else ""
        return text.splitlines() if text else []

    def _check_before_approval(self):
        """Refuse what could not be carried out when approved. Extension point."""

    def _on_approval_granted(self):
        """React to the last decision. Extension point."""

    def _get_duty_chain(self):
        """Return the documents from which this one follows, as recordsets.

        Who did something there may be barred from something here. Extension point.

        :rtype: list
        """
        return []

    def _get_duty_acts(self):
        """Return what people did with these documents that no request tells.

        That somebody has made them counts by itself. Called on records in sudo mode.
        Extension point.

        :rtype: list[Act]
        """
        return []

    def _get_chain_acts(self):
        """Return who did what with this document and with those it follows from.

        :rtype: list[Act]
        """
        self.ensure_one()
        # sudo(): whoever did something elsewhere counts as well.
        chain = [self.sudo(), *self.sudo()._get_duty_chain()]
        acts = [act for documents in chain for act in documents._get_duty_acts()]
        return acts + self.env["welfare.approval.request"]._get_acts(chain)

    def _install_approval_guard(self):
        """Let the database ask for the granted request, whoever writes the state."""
        kinds = ",".join(
            f"{state}>{target}={code}"
            for (state, target), code in self._approval_kinds.items()
        )
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_approval_guard() RETURNS trigger AS $$
            -- TG_ARGV: the model, the steps "from>to=kind" that need an approval
            DECLARE
                step text;
            BEGIN
                FOREACH step IN ARRAY string_to_array(TG_ARGV[1], ',') LOOP
                    CONTINUE WHEN split_part(step, '=', 1)
                                  <> OLD.state || '>' || NEW.state;
                    -- It serves once.
                    UPDATE welfare_approval_request request
                    SET state = 'used', used_uid = NEW.write_uid,
                        used_at = clock_timestamp() AT TIME ZONE 'UTC'
                    FROM welfare_approval_kind kind
                    WHERE kind.id = request.kind_id
                      AND kind.code = split_part(step, '=', 2)
                      AND request.res_model = TG_ARGV[0] AND request.res_id = NEW.id
                      AND request.state = 'granted';
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'welfare: row % of % is not approved',
                            NEW.id, TG_TABLE_NAME
                            USING ERRCODE = 'check_violation',
                                  TABLE = 'welfare_approval_request',
                                  CONSTRAINT = 'welfare_approval_request_required';
                    END IF;
                END LOOP;
                RETURN NEW;
            END;
            $$ LANGUAGE plpgsql
            """
        )
        self.env.cr.execute(
            SQL(
                """
                DROP TRIGGER IF EXISTS welfare_approval_guard ON %(table)s;
                CREATE TRIGGER welfare_approval_guard
                    BEFORE UPDATE OF state ON %(table)s
                    FOR EACH ROW EXECUTE FUNCTION welfare_approval_guard(
                        %(model)s, %(kinds)s
                    )
                """,
                table=SQL.identifier(self._table),
                model=self._name,
                kinds=kinds,
            )
        )
