from odoo import api, models
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

    def _message_trail(self):
        return self.env._(
            "Requests and decisions are made by submitting and deciding, and are kept."
        )
