import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/** Hand a photo to the camera's input, as a telephone does. */
const takePhoto = {
    trigger: ".o_welfare_camera",
    run: async () => {
        const answer = await fetch("/welfare_facility/tour/visit.jpg");
        const files = new DataTransfer();
        files.items.add(new File([await answer.blob()], "visit.jpg", { type: "image/jpeg" }));
        const input = document.querySelector(".o_welfare_site_photos input[capture]");
        input.files = files.files;
        input.dispatchEvent(new Event("change"));
    },
};

/** The keeper of a home logs a visit on a telephone: kind, words, photo, saved. */
registry.category("web_tour.tours").add("welfare_site_log", {
    url: "/odoo/welfare-site-log",
    steps: () => [
        { trigger: ".o_kanban_view, .o_view_nocontent" },
        { trigger: ".o-kanban-button-new", run: "click" },
        // The own home is preset, and so is the day.
        { trigger: ".o_field_widget[name=facility_id] input:value(儿童之家)" },
        { trigger: ".o_selection_badge[value*=defect]", run: "click" },
        // What a defect asks for has come, so that nothing moves while it is written.
        { trigger: ".o_field_widget[name=severity]" },
        {
            trigger: ".o_field_widget[name=note] textarea",
            run: "edit 活动室插座外露 && click .o_form_sheet",
        },
        { trigger: ".o_field_widget[name=note] textarea:value(活动室插座外露)" },
        takePhoto,
        { trigger: ".o_welfare_site_photos .o_welfare_photo img" },
        { trigger: ".o_welfare_site_photos figcaption:contains(25.05)" },
        ...stepUtils.saveForm(),
        { trigger: ".o_field_widget[name=rectification_ids] .o_tag" },
    ],
});
