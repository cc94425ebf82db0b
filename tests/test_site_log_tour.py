import time

from odoo.tests import HttpCase, tagged

from .common import WelfareCase, make_photo


@tagged("post_install", "-at_install")
class TestSiteLogTour(WelfareCase, HttpCase):
    """The keeper of a home, with a telephone in the hand."""

    browser_size = "390x844"
    touch_enabled = True

    def test_a_visit_is_logged_on_a_telephone(self):
        """Less than a minute from the list to the saved entry."""
        home = self._create_facility(
            self.street_a, state="operating", date_state="2018-03-01"
        )
        keeper = self._create_user("manager", home.region_id, login="tour_keeper")
        self.env["ir.attachment"].create(
            {
                "name": "visit.jpg",
                "url": "/welfare_facility/tour/visit.jpg",
                "raw": make_photo(place=(25.05, 102.7), size=(800, 600)),
                "public": True,
            }
        )
        start = time.monotonic()
        self.start_tour("/odoo", "welfare_site_log", login=keeper.login)
        self.assertLess(time.monotonic() - start, 60)
        log = self.env["welfare.facility.log"].search([("facility_id", "=", home.id)])
        self.assertEqual((log.create_uid, log.kind), (keeper, "defect"))
        self.assertTrue(log.photo_ids.has_place)
        self.assertEqual(log.rectification_ids.state, "open")
