from odoo import api, models
from odoo.exceptions import UserError
from odoo.http import request

#: More than the ids of one page are no click of a person's.
_MOST = 100


class IrHttp(models.AbstractModel):
    """Writes into the trail what was refused about approvals, and to whom.

    What is refused leaves nothing else behind: its transaction is undone.
    """

    _inherit = "ir.http"

    @classmethod
    def _handle_error(cls, exception):
        if isinstance(exception, UserError) and request.env.uid:
            cls._record_refusal(exception)
        return super()._handle_error(exception)

    @classmethod
    def _record_refusal(cls, exception):
        # As the web client names them, and as /json/2 does.
        params = getattr(request, "params", {})
        model = params.get("model") or params.get("__model__")
        method = params.get("method") or params.get("__method__")
        mixins = ("welfare.approval.mixin", "welfare.approval.trail.mixin")
        registry = request.env.registry
        if model not in registry.descendants(mixins, "_inherit"):
            return
        ids = params.get("ids") or next(iter(params.get("args") or ()), ())
        ids = ids if isinstance(ids, list) else []
        ids = [id_ for id_ in ids if isinstance(id_, int) and 0 < id_ < 2**31]
        # A transaction of its own, which waits for no lock of the one that failed.
        request.env.cr.rollback()
        with registry.cursor() as cr:
            env = api.Environment(cr, request.env.uid, dict(request.env.context))
            env["welfare.audit.event"]._record(
                "refuse", model, ids[:_MOST], f"{method}: {exception}"
            )
