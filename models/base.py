from odoo import models
from odoo.http import request

from .audit_capture import is_business

#: What was announced in this transaction, in the cache that a cursor keeps for it.
_ANNOUNCED = "welfare.actor"


class Base(models.AbstractModel):
    """Tells the database who acts, so that the trail can say it.

    The triggers see a connection, not a user. Before the first change of a transaction
    the connection is told whose session it serves: the user of the transaction, also
    where code writes under ``sudo()`` or as somebody else. When a transaction is rolled
    back, PostgreSQL forgets what it was told and Odoo that it has told; connections are
    reset before they serve the next session.
    """

    _inherit = "base"

    #: Why the trail leaves the whole model out; empty: it does not.
    _audit_excluded = ""
    #: ``{stored field that the trail leaves out: why}``.
    _audit_excluded_fields = {}

    def create(self, vals_list):
        self._announce_actor()
        return super().create(vals_list)

    def write(self, vals):
        self._announce_actor()
        return super().write(vals)

    def unlink(self):
        self._announce_actor()
        return super().unlink()

    def _write_multi(self, vals_list):
        # What is recomputed, perhaps without any of the methods above.
        self._announce_actor()
        return super()._write_multi(vals_list)

    def export_data(self, fields_to_export):
        result = super().export_data(fields_to_export)
        if is_business(self._name):
            self.env["welfare.audit.event"]._record("export", self._name, self.ids)
        return result

    def _announce_actor(self):
        """Tell the connection who acts, once a transaction."""
        cr = self.env.cr
        env = self.env.transaction.default_env or self.env
        if cr.cache.get(_ANNOUNCED) == env.uid:
            return
        address = request.httprequest.remote_addr if request else ""
        # SET, not set_config(): it takes no snapshot, and a transaction that waits for
        # its turn must have none yet. It outlives the transaction, like the session.
        cr.execute("SET welfare.actor = %s", [f"{env.uid or ''} {address or ''}"])
        cr.cache[_ANNOUNCED] = env.uid
