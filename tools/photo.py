"""What a photo's own bytes say: its format, when and where it was taken (EXIF)."""

import io
import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from PIL import Image, UnidentifiedImageError

#: What a telephone's camera hands to a browser.
FORMATS = ("JPEG", "PNG")
#: A camera that names no time zone runs on the one clock of China.
CHINA = timezone(timedelta(hours=8))

_EXIF, _GPS = 0x8769, 0x8825
_TAKEN, _OFFSET = 0x9003, 0x9011
_EARTH_KM = 6371.0088


class NotAPhoto(ValueError):
    """The bytes are no picture of a format that is taken."""


@dataclass(frozen=True)
class PhotoFacts:
    """What the camera wrote into a photo, as far as it did.

    :param datetime.datetime taken_at: UTC, without a zone; ``None`` if not said.
    :param float latitude: degrees, north positive; ``None`` without a place.
    :param float longitude: degrees, east positive.
    """

    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None


def read_photo(raw):
    """Return what a photo says of itself. What is damaged in it counts as not said.

    :param bytes raw: the file as the camera wrote it: a picture that was made smaller
        afterwards has lost all of this.
    :rtype: PhotoFacts
    :raise NotAPhoto: the bytes are no JPEG or PNG picture.
    """
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            image.verify()
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            exif = image.getexif()
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise NotAPhoto(str(error)) from error
    try:
        camera, gps = exif.get_ifd(_EXIF), exif.get_ifd(_GPS)
    except Exception:  # whatever a broken directory makes Pillow stumble over
        return PhotoFacts()
    latitude, longitude = _degrees(gps, 1, "S", 90), _degrees(gps, 3, "W", 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    return PhotoFacts(_moment(camera), latitude, longitude)


def _moment(camera):
    """Return when a photo was taken, in UTC."""
    try:
        text = str(camera[_TAKEN]).strip("\0 ")
        moment = datetime.strptime(text, "%Y:%m:%d %H:%M:%S")
        zone = _zone(str(camera.get(_OFFSET, "")).strip("\0 "))
        return moment.replace(tzinfo=zone).astimezone(timezone.utc).replace(tzinfo=None)
    except (KeyError, ValueError, OverflowError):
        return None


def _zone(text):
    """Return the zone that a camera names, such as +08:00."""
    try:
        return datetime.strptime(text, "%z").tzinfo
    except ValueError:
        return CHINA


def _degrees(gps, tag, negative, limit):
    """Return a coordinate from degrees, minutes and seconds."""
    try:
        degrees, minutes, seconds = (float(part) for part in gps[tag + 1])
        value = degrees + minutes / 60 + seconds / 3600
        reference = str(gps.get(tag, "")).strip("\0 ").upper()
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    # not (… <= …): a camera without a fix writes 0/0, which compares with nothing.
    if not value <= limit:
        return None
    return round(-value if reference == negative else value, 6)


def distance_km(latitude, longitude, other_latitude, other_longitude):
    """Return the distance of two places over the ground, in kilometres.

    :rtype: float
    """
    here, there = math.radians(latitude), math.radians(other_latitude)
    turn = math.radians(other_longitude - longitude)
    half = (
        math.sin((there - here) / 2) ** 2
        + math.cos(here) * math.cos(there) * math.sin(turn / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))
