"""An entry of the site log with a photo, beside a maintenance request with one."""

import base64
import io
import random

from .case import Case

COUNT = 30


def _photo():
    """Return a photo of about a megabyte, unlike any other, as base64."""
    from PIL import Image

    size = (1200, 900)
    image = Image.frombytes("RGB", size, random.randbytes(size[0] * size[1] * 3))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=60)
    return base64.b64encode(stream.getvalue())


def setup_log(env):
    county = env["welfare.region"].create({"code": "990000000000", "name": "Bench"})
    home = env.ref("welfare_facility.facility_type_welfare_institution")
    facility = env["welfare.facility"].create(
        {
            "name": "Bench",
            "type_id": home.id,
            "region_id": county.id,
            "state": "operating",
        }
    )
    photos = [_photo() for _ in range(COUNT + 1)]
    env.cr.commit()
    return facility.id, photos


def run_log(env, prepared, n):
    facility, photos = prepared
    for _ in range(n):
        photo = env["welfare.facility.photo"].create(
            {"name": "visit.jpg", "image": photos.pop()}
        )
        env["welfare.facility.log"].create(
            {
                "facility_id": facility,
                "kind": "inspection",
                "note": "Visit",
                "photo_ids": [(4, photo.id)],
            }
        )
        env.cr.commit()


def setup_maintenance(env):
    photos = [_photo() for _ in range(COUNT + 1)]
    return photos


def run_maintenance(env, photos, n):
    for _ in range(n):
        request = env["maintenance.request"].create({"name": "Visit"})
        env["ir.attachment"].create(
            {
                "name": "visit.jpg",
                "datas": photos.pop(),
                "res_model": request._name,
                "res_id": request.id,
            }
        )
        env.cr.commit()


CASES = (
    Case(
        "maintenance.request",
        "request",
        COUNT,
        run_maintenance,
        setup_maintenance,
        warm=True,
        against=(),
    ),
    Case(
        "site log: entry with photo",
        "entry",
        COUNT,
        run_log,
        setup_log,
        warm=True,
        against=("maintenance.request",),
    ),
)
