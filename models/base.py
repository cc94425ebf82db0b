import os

from odoo import api, models
from odoo.http import request
from odoo.tools import format_list

from ..tools.identity import find_identity_numbers
from .audit_capture import is_business, is_captured


class Base(models.AbstractModel):
    """Tells the database who acts, so that the trail can say it.

    The triggers see a connection, not a user. Before a change the connection is told
    whose session it serves: the user of the transaction, also where code writes under
    ``sudo()`` or as somebody else. Connections are reset before they serve the next
    session.
    """

    _inherit = "base"

    #: Why the trail leaves the whole model out; empty: it does not.
    _audit_excluded = ""
    #: ``{stored field that the trail leaves out: why}``.
    _audit_excluded_fields = {}

    def _auto_init(self):
        result = super()._auto_init()
        # A field that was added or dropped by hand; otherwise all is made at the end.
        if self.pool.ready and is_captured(self):
            Event = self.env["welfare.audit.event"]
            self.pool.post_init(Event._install_capture, is_upgrade=True)
        return result

    @api.model_create_multi
    def create(self, vals_list):
        self._announce_actor()
        self._warn_of_identity(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._announce_actor()
        self._warn_of_identity([vals])
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

    def _warn_of_identity(self, vals_list):
        """Tell the user of texts that look like the number of a citizen.

        It does not hinder: what an event says of it, an auditor finds, whichever way
        the text has come in.
        """
        if not is_business(self._name):
            return
        names = {
            name
            for vals in vals_list
            for name, value in vals.items()
            if isinstance(value, str) and find_identity_numbers(value)
        }
        if names:
            labels = [
                self._fields[name]._description_string(self.env)
                for name in sorted(names)
            ]
            self.env.user._bus_send(
                "simple_notification",
                {
                    "type": "warning",
                    "sticky": True,
                    "title": self.env._("Personal data"),
                    "message": self.env._(
                        "%(fields)s: this looks like the number of a citizen. The "
                        "register keeps no personal data; please take it out.",
                        fields=format_list(self.env, labels),
                    ),
                },
            )

    def _announce_actor(self):
        """Tell the connection who acts, unless it knows.

        The name of the application is the only setting of which PostgreSQL tells its
        client each change by itself, so asking costs nothing. It comes and goes with
        the actor, also where a savepoint or the transaction is undone.
        """
        cr = self.env.cr
        uid = (self.env.transaction.default_env or self.env).uid
        address = (request and request.httprequest.remote_addr) or ""
        name = f"odoo-{os.getpid()} {uid or ''} {address}"
        if cr.connection.get_parameter_status("application_name") == name:
            return
        # SET, not set_config(): it takes no snapshot, and a transaction that waits for
        # its turn must have none yet. It outlives the transaction, like the session.
        cr.execute(
            "SET welfare.actor = %s; SET application_name = %s",
            [f"{uid or ''} {address}", name],
        )
