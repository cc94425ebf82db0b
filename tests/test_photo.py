import io
from datetime import datetime

from PIL import Image

from odoo.tests import BaseCase

from ..tools.photo import NotAPhoto, PhotoFacts, distance_km, read_photo
from .common import make_photo


class TestPhoto(BaseCase):
    """What a camera writes into a photo."""

    def test_time_and_place(self):
        facts = read_photo(
            make_photo(taken="2019:06:14 15:30:00", place=(25.05, 102.7))
        )
        self.assertEqual(facts, PhotoFacts(datetime(2019, 6, 14, 7, 30), 25.05, 102.7))

    def test_south_and_west(self):
        facts = read_photo(make_photo(place=(-33.5, -70.25)))
        self.assertEqual((facts.latitude, facts.longitude), (-33.5, -70.25))

    def test_a_camera_without_a_zone_runs_on_the_clock_of_china(self):
        facts = read_photo(make_photo(taken="2019:06:14 06:00:00", offset=""))
        self.assertEqual(facts.taken_at, datetime(2019, 6, 13, 22))

    def test_a_camera_may_name_another_zone(self):
        facts = read_photo(make_photo(taken="2019:06:14 06:00:00", offset="+00:00"))
        self.assertEqual(facts.taken_at, datetime(2019, 6, 14, 6))

    def test_nothing_said(self):
        self.assertEqual(read_photo(make_photo()), PhotoFacts())

    def test_what_is_damaged_counts_as_not_said(self):
        for taken in ("0000:00:00 00:00:00", "yesterday", "2019:02:30 10:00:00"):
            with self.subTest(taken=taken):
                self.assertIsNone(read_photo(make_photo(taken=taken)).taken_at)
        for place in ((91, 10), (10, 181)):
            with self.subTest(place=place):
                self.assertIsNone(read_photo(make_photo(place=place)).latitude)

    def test_another_format(self):
        stream = io.BytesIO()
        Image.new("RGB", (8, 8)).save(stream, "PNG")
        self.assertEqual(read_photo(stream.getvalue()), PhotoFacts())

    def test_what_is_no_photo(self):
        stream = io.BytesIO()
        Image.new("RGB", (8, 8)).save(stream, "GIF")
        for raw in (
            b"",
            b"%PDF-1.4 text",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            stream.getvalue(),
            make_photo()[:40],
        ):
            with self.subTest(raw=raw[:10]), self.assertRaises(NotAPhoto):
                read_photo(raw)

    def test_distance(self):
        # A degree of latitude is 111.2 km wherever it lies.
        self.assertAlmostEqual(distance_km(25, 102, 26, 102), 111.19, places=1)
        self.assertEqual(distance_km(25, 102, 25, 102), 0)
