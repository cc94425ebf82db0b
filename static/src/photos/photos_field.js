import { registry } from "@web/core/registry";
import { useFileViewer } from "@web/core/file_viewer/file_viewer_hook";
import { _t } from "@web/core/l10n/translation";
import {
    Many2ManyBinaryField,
    many2ManyBinaryField,
} from "@web/views/fields/many2many_binary/many2many_binary_field";

/** Photos as pictures, each opened at full size by a click; other files as a link. */
export class PhotosField extends Many2ManyBinaryField {
    static template = "welfare_facility.PhotosField";

    setup() {
        super.setup();
        this.fileViewer = useFileViewer();
    }

    get uploadText() {
        return _t("Add Photos");
    }

    /** Where a photo is fetched, at full size or within ``size`` such as "/320x240". */
    source(file, size = "") {
        return `/web/image/${file.id}${size}`;
    }

    open(file) {
        const photos = this.files
            .filter((each) => this.isImage(each))
            .map((each) => ({
                id: each.id,
                name: each.name,
                isImage: true,
                isViewable: true,
                defaultSource: this.source(each),
                downloadUrl: this.getUrl(each.id),
            }));
        this.fileViewer.open(
            photos.find((each) => each.id === file.id),
            photos
        );
    }
}

registry.category("fields").add("welfare_photos", {
    ...many2ManyBinaryField,
    component: PhotosField,
});
