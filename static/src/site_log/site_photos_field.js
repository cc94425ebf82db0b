import { FileInput } from "@web/core/file_input/file_input";
import { toLocaleDateTimeString } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { PhotosField } from "../photos/photos_field";

/** A button that opens the camera of a telephone, and the files of a desk. */
export class CameraInput extends FileInput {
    static template = "welfare_facility.CameraInput";
}

/** The photos of an entry, each with what the server and the camera say of it. */
export class SitePhotosField extends PhotosField {
    static template = "welfare_facility.SitePhotosField";
    static components = { ...PhotosField.components, CameraInput };

    get files() {
        return super.files.map((file) => ({ ...file, mimetype: "image/*" }));
    }

    source(file, size = "") {
        return `/web/image/welfare.facility.photo/${file.id}/image${size}`;
    }

    moment(value) {
        return toLocaleDateTimeString(value);
    }

    getUrl(id) {
        return `/web/content/welfare.facility.photo/${id}/image?download=true`;
    }
}

registry.category("fields").add("welfare_site_photos", {
    component: SitePhotosField,
    supportedTypes: ["one2many"],
    isEmpty: () => false,
    relatedFields: [
        { name: "name", type: "char" },
        { name: "create_date", type: "datetime" },
        { name: "taken_at", type: "datetime" },
        { name: "has_place", type: "boolean" },
        { name: "latitude", type: "float", digits: [9, 6] },
        { name: "longitude", type: "float", digits: [9, 6] },
        { name: "caution", type: "text" },
        { name: "first_log_id", type: "many2one", relation: "welfare.facility.log" },
    ],
});
