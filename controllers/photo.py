import base64

from odoo.exceptions import AccessError, UserError
from odoo.http import Controller, request, route


class WelfarePhotoController(Controller):
    """Where a telephone hands its photos in."""

    @route("/welfare_facility/photo", type="http", auth="user", methods=["POST"])
    def upload_photo(self, **kwargs):
        """Keep the files as photos of an entry that is being written.

        :return: JSON: for each file ``id``, or ``error`` in words.
        """
        Photo = request.env["welfare.facility.photo"]
        answers = []
        for file in request.httprequest.files.getlist("ufile"):
            content = base64.b64encode(file.read())
            try:
                with request.env.cr.savepoint():
                    photo = Photo.create({"name": file.filename, "image": content})
                answers.append({"id": photo.id})
            except (AccessError, UserError) as error:
                answers.append({"error": f"{file.filename}: {error}"})
        return request.make_json_response(answers)
