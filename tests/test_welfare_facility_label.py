from odoo.fields import Command

from .common import approve
from .test_welfare_facility_log import LogCase


class TestLabel(LogCase):
    """Money of the welfare lottery asks for a label that a photo shows."""

    def _give(self, source):
        appropriation = self._create_appropriation(
            source_id=self.env.ref(f"welfare_facility.{source}").id
        )
        approve(appropriation).action_register()
        allotment = self.env["welfare.allotment"].create(
            self._prepare_allotment_vals(account_id=appropriation.account_ids.id)
        )
        self.env["welfare.allotment.line"].create(
            self._prepare_allotment_line_vals(
                allotment_id=allotment.id, facility_id=self.home.id
            )
        )
        approve(allotment).action_post()

    def _missing(self):
        self.env.invalidate_all()
        domain = [("id", "=", self.home.id), ("is_label_missing", "=", True)]
        return bool(self.Facility.search(domain))

    def test_lottery_money(self):
        self._give("fund_source_lottery_prefecture")
        self.assertTrue(self._missing())
        self.assertTrue(self.home.is_label_missing)
        self._log(is_label=True)
        self.assertTrue(self._missing(), "no photo")
        self._log(is_label=True, photo_ids=[Command.link(self._take().id)])
        self.assertFalse(self._missing())

    def test_other_money(self):
        self._give("fund_source_county")
        self.assertFalse(self._missing())
