from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError


class WelfareApprovalTrailMixin(models.AbstractModel):
    """A record of what happened in an approval.

    Nobody creates, writes or deletes it, in whatever context and under ``sudo()``: the
    actions of a request do, by :meth:`_insert` and :meth:`_rewrite`. Triggers hold the
    same against everything else, see ``sql/welfare_approval.sql``.
    """

    _name = "welfare.approval.trail.mixin"
    _description = "Record of an Approval"
    _allow_sudo_commands = False

    # === CRUD METHODS === #

    # No super() in these: nobody gets through.
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise AccessError(self._message_trail())

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self._message_trail())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self._message_trail())

    # === BUSINESS METHODS === #

    @api.model
    def _insert(self, vals_list):
        return super().create(vals_list)  # pylint: disable=super-method-mismatch

    def _rewrite(self, vals):  # pylint: disable=missing-return
        super().write(vals)  # pylint: disable=super-method-mismatch
        # The triggers must see each step.
        self.flush_recordset(vals)

    def _notify(self, people, summary, note, deadline):
        """Give people an activity about a record with messages, and an e-mail.

        :param people: ``res.users``.
        :param datetime.date deadline: until when it can be done.
        """
        self.ensure_one()
        # The system's own: who has submitted does not take them away again. Without a
        # message for each of them: they all get the same one.
        Activity = self.env["mail.activity"].with_user(SUPERUSER_ID)
        xmlid_to_id = self.env["ir.model.data"]._xmlid_to_res_id
        Activity.with_context(mail_activity_quick_update=True).create(
            [
                {
                    "activity_type_id": xmlid_to_id("mail.mail_activity_data_todo"),
                    "res_model_id": self.env["ir.model"]._get_id(self._name),
                    "res_id": self.id,
                    "user_id": user.id,
                    "summary": summary,
                    "note": note,
                    "date_deadline": deadline,
                    "automated": True,
                }
                for user in people
            ]
        )
        # E-mails wait for their job: nobody waits for a mail server.
        self.with_context(mail_notify_force_send=False).message_notify(
            subject=summary,
            body=note,
            # Not a note among colleagues, as which Odoo would announce it.
            subtype_xmlid="mail.mt_comment",
            # sudo(): people of other places are not readable.
            partner_ids=people.sudo().partner_id.ids,
        )

    def _message_trail(self):
        return self.env._(
            "Requests and decisions are made by submitting and deciding, and are kept."
        )
