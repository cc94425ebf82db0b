import time

from odoo import models


class WelfareProgressMixin(models.AbstractModel):
    """Lets a long request tell the user's screen how far it is.

    The message goes through the bus in a transaction of its own, since what the
    request itself writes is seen by nobody before it ends.
    """

    _name = "welfare.progress.mixin"
    _description = "Progress of a Long Request"

    def _progress(self, label):
        """Return a function that reports progress at most twice a second.

        :param str label: what is being done, in the user's language.
        :return: takes (steps done, steps in all).
        """
        last = time.monotonic()
        is_shown = False

        def report(done, total):
            nonlocal last, is_shown
            now = time.monotonic()
            is_end = done >= total and is_shown
            if now - last < 0.5 and not is_end:
                return
            last, is_shown = now, True
            # Read here: a user whom this transaction has made is unknown to the other.
            partner = self.env.user.partner_id
            with self.env.registry.cursor() as cr:
                env = self.env(cr=cr)
                if not env.user.exists():
                    # Made by this very request, as by demonstration data: no screen.
                    return
                env["bus.bus"]._sendone(
                    partner,
                    "welfare_facility.progress",
                    {"label": label, "done": done, "total": total},
                )

        return report
