import base64
import binascii
import hashlib
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, file_open, format_date
from odoo.tools.image import image_process

from ..tools.photo import NotAPhoto, distance_km, read_photo

_logger = logging.getLogger(__name__)
_MEGABYTE = 1024 * 1024


class WelfareFacilityPhoto(models.Model):
    """A photo of the site log, as proof (影像凭证).

    Author and time are the server's own. The file is kept as the camera wrote it, so
    that its SHA-256 can be computed anew at any time; when and where the camera says
    that it was taken stands beside. A photo is uploaded before its entry is saved, and
    joins the entry on the same day; the database keeps the file, the facts and the
    entry from then on (``sql/welfare_facility_photo.sql``).
    """

    _name = "welfare.facility.photo"
    _description = "Photo"
    _order = "id"

    log_id = fields.Many2one(
        comodel_name="welfare.facility.log",
        string="Log Entry",
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
    )
    facility_id = fields.Many2one(related="log_id.facility_id")
    region_id = fields.Many2one(related="log_id.facility_id.region_id")
    name = fields.Char(string="File Name", required=True, readonly=True)
    note = fields.Char(string="Caption")
    image = fields.Binary(required=True, readonly=True)
    sha256 = fields.Char(
        string="SHA-256", size=64, required=True, readonly=True, index=True, copy=False
    )
    create_uid = fields.Many2one(
        comodel_name="res.users", string="Author", readonly=True
    )
    create_date = fields.Datetime(string="Uploaded at", readonly=True)
    taken_at = fields.Datetime(
        string="Taken at (Camera)",
        readonly=True,
        help="What the camera wrote into the photo; anybody could have set its clock.",
    )
    has_place = fields.Boolean(string="Place Known", readonly=True)
    latitude = fields.Float(
        string="Latitude (Camera)", digits=(9, 6), readonly=True, aggregator=None
    )
    longitude = fields.Float(
        string="Longitude (Camera)", digits=(9, 6), readonly=True, aggregator=None
    )
    first_use_id = fields.Many2one(
        comodel_name="welfare.facility.photo",
        string="First Used in",
        compute="_compute_first_use",
        help="The photo of another entry with the same SHA-256.",
    )
    first_log_id = fields.Many2one(
        comodel_name="welfare.facility.log",
        string="Entry that Used It First",
        compute="_compute_first_use",
    )
    is_reused = fields.Boolean(
        string="Used Before", compute="_compute_first_use", search="_search_is_reused"
    )
    distance_km = fields.Float(
        string="Distance from the Facility (km)",
        digits=(8, 1),
        compute="_compute_distance_km",
        aggregator=None,
    )
    caution = fields.Text(compute="_compute_caution")

    _check_sha256 = models.Constraint(
        "CHECK (sha256 ~ '^[0-9a-f]{64}$')", "This is no SHA-256."
    )

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_facility_photo.sql") as sql:
            self.env.cr.execute(sql.read())  # pylint: disable=sql-injection
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("sha256", "log_id")
    @api.depends_context("uid")
    def _compute_first_use(self):
        first = dict(self.env.execute_query(self._query_reused(self.ids)))
        Photo = self.browse()
        # Whoever may not see the other facility learns that there is one.
        visible = set(self.browse(first.values())._filtered_access("read").ids)
        for photo in self:
            used = first.get(photo._origin.id)
            photo.is_reused = bool(used)
            photo.first_use_id = Photo.browse(used) if used in visible else Photo
            photo.first_log_id = photo.first_use_id.log_id

    def _search_is_reused(self, operator, value):
        if operator != "in":
            return NotImplemented
        reused = [row[0] for row in self.env.execute_query(self._query_reused())]
        return Domain("id", "in" if True in value else "not in", reused)

    @api.depends(
        "has_place", "latitude", "longitude", "facility_id.latitude", "facility_id"
    )
    def _compute_distance_km(self):
        for photo in self:
            facility = photo.facility_id
            known = photo.has_place and (facility.latitude or facility.longitude)
            photo.distance_km = known and distance_km(
                photo.latitude,
                photo.longitude,
                facility.latitude,
                facility.longitude,
            )

    @api.depends("is_reused", "first_log_id", "distance_km", "taken_at", "log_id.date")
    @api.depends_context("uid", "lang", "tz")
    def _compute_caution(self):
        Rule = self.env["welfare.rule"]
        today = fields.Date.today()
        limits = {
            region: {
                code: Rule._get_rule(code, region, today).value
                for code in ("photo_distance_km", "photo_region_km")
            }
            for region in {photo.region_id for photo in self}
        }
        counties = self.facility_id.county_id
        located = self.env["welfare.facility"].search(
            Domain("county_id", "in", counties.ids)
            & (Domain("latitude", "!=", 0) | Domain("longitude", "!=", 0))
        )
        by_county = located.grouped("county_id")
        for photo in self:
            cautions = photo._describe_cautions(
                limits[photo.region_id],
                by_county.get(photo.facility_id.county_id, located.browse()),
            )
            photo.caution = "\n".join(cautions) or False

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        most = self.env["welfare.rule"]._get_value(
            "photo_megabytes", self.env["welfare.region"], fields.Date.today()
        )
        vals_list = [
            {**vals, **self._prepare_photo_vals(vals.get("image"), most)}
            for vals in vals_list
        ]
        # As the camera wrote it: Odoo would make it smaller, and a proof of its content
        # would prove nothing.
        photos = super(
            WelfareFacilityPhoto, self.with_context(image_no_postprocess=True)
        ).create(vals_list)
        return photos.with_env(self.env)

    def write(self, vals):
        if vals.keys() - {"log_id", "note"}:
            raise AccessError(self.env._("What a photo is does not change."))
        for photo in self:
            if photo.create_uid.id != self.env.uid:
                raise AccessError(
                    self.env._("Only its author changes what is said of a photo.")
                )
            # sudo(): also of an entry in a region that the author has lost.
            log = photo.sudo().log_id
            if log and vals.get("log_id") not in (None, False, log.id):
                raise AccessError(self.env._("A photo stays with its entry."))
            log._check_is_open()
        if vals.get("log_id"):
            log = self.env["welfare.facility.log"].browse(vals["log_id"])
            log.check_access("write")
            log._check_is_open()
        result = super().write(vals)
        # See the log: the database asks for the author.
        self.flush_recordset()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_logged(self):
        if self.log_id:
            raise UserError(self.env._("A photo stays in the site log."))

    @api.autovacuum
    def _gc_photos_of_no_entry(self):
        """Delete what was uploaded for an entry that nobody saved."""
        before = fields.Datetime.now() - timedelta(days=2)
        self.search([("log_id", "=", False), ("create_date", "<", before)]).unlink()

    # === BUSINESS METHODS === #

    def _prepare_photo_vals(self, image, most):
        """Return what a file says of itself, for the fields that nobody fills in.

        :param image: base64.
        :param float most: megabytes that it may have.
        :raise ValidationError: no picture, or one that is too large.
        """
        try:
            raw = base64.b64decode(image or b"", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValidationError(self._message_no_photo()) from error
        if len(raw) > most * _MEGABYTE:
            raise ValidationError(
                self.env._(
                    "The photo has %(size)s MB; up to %(limit)s MB are taken.",
                    size=f"{len(raw) / _MEGABYTE:.1f}",
                    limit=f"{most:g}",
                )
            )
        try:
            facts = read_photo(raw)
        except NotAPhoto as error:
            _logger.info("A file is no photo: %s", error)
            raise ValidationError(self._message_no_photo()) from error
        return {
            "sha256": hashlib.sha256(raw).hexdigest(),
            "taken_at": facts.taken_at,
            "has_place": facts.latitude is not None,
            "latitude": facts.latitude or 0,
            "longitude": facts.longitude or 0,
        }

    def _get_thumbnails(self, size):
        """Return the photos as small pictures, upright, for paper.

        :param int size: pixels that neither side has more of.
        :rtype: list[bytes]
        """
        return [
            image_process(
                base64.b64decode(photo.image),
                size=(size, size),
                quality=80,
                output_format="JPEG",
            )
            for photo in self.with_context(bin_size=False)
        ]

    def _message_no_photo(self):
        return self.env._("This file is no photo: JPEG and PNG are taken.")

    def _query_reused(self, ids=None):
        """Return ``(id, id of its first use)`` of the photos that were used before.

        What an entry was corrected to may show the same photo again.
        """
        self.flush_model(["sha256", "log_id"])
        self.env["welfare.facility.log"].flush_model(["corrects_id", "facility_id"])
        return SQL(
            """
            SELECT photo.id, MIN(earlier.id)
            FROM welfare_facility_photo photo
            JOIN welfare_facility_photo earlier
              ON earlier.sha256 = photo.sha256 AND earlier.id < photo.id
            JOIN welfare_facility_log entry ON entry.id = earlier.log_id
            LEFT JOIN welfare_facility_log own ON own.id = photo.log_id
            WHERE %(wanted)s AND NOT (
                entry.facility_id IS NOT DISTINCT FROM own.facility_id
                AND EXISTS (
                    SELECT FROM welfare_facility_log correction
                    WHERE correction.corrects_id = entry.id
                )
            )
            GROUP BY photo.id
            """,
            wanted=SQL("TRUE")
            if ids is None
            else SQL("photo.id IN %s", tuple(ids) or (0,)),
        )

    def _describe_cautions(self, limits, located):
        """Return what speaks against a photo, one sentence each.

        :param dict limits: kilometres by the code of their rule, 0 for none.
        :param located: facilities of the county whose places are known. Where that of
            the own one is not, they stand for the region, of which no border is kept.
        """
        self.ensure_one()
        sentences = []
        if self.is_reused:
            sentences.append(
                self.env._(
                    "Used before: %(entry)s.", entry=self.first_log_id.display_name
                )
                if self.first_log_id
                else self.env._("Used before, by a facility of another region.")
            )
        limit = limits["photo_distance_km"]
        if limit and self.distance_km > limit:
            sentences.append(
                self.env._(
                    "Taken %(distance)s km away from the facility.",
                    distance=f"{self.distance_km:.1f}",
                )
            )
        limit = limits["photo_region_km"]
        if limit and self.has_place and located and self.facility_id not in located:
            nearest = min(
                distance_km(
                    self.latitude, self.longitude, home.latitude, home.longitude
                )
                for home in located
            )
            if nearest > limit:
                sentences.append(
                    self.env._(
                        "Taken outside %(county)s: %(distance)s km away from the "
                        "nearest facility there whose place is known.",
                        county=self.facility_id.county_id.name,
                        distance=f"{nearest:.1f}",
                    )
                )
        day = self.taken_at and fields.Datetime.context_timestamp(
            self.with_context(tz="Asia/Shanghai"), self.taken_at
        )
        if day and self.log_id and day.date() != self.log_id.date:
            sentences.append(
                self.env._(
                    "Taken on %(day)s, the entry is about %(date)s.",
                    day=format_date(self.env, day.date()),
                    date=format_date(self.env, self.log_id.date),
                )
            )
        return sentences
