from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        result = super()._pre_dispatch(rule, args)
        # Before anything is done, so that SQL of a controller has a name as well.
        if request.env.uid:
            request.env["base"]._announce_actor()
        return result
