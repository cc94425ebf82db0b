import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";
import { inputFiles } from "@web/../tests/utils";

/** The administrator loads a list of regions, looks at a street and mends a community. */
registry.category("web_tour.tours").add("welfare_region", {
    url: "/odoo",
    steps: () => [
        // The own work, with which the day begins.
        { trigger: ".o_last_breadcrumb_item" },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_region']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_region_import_menu']",
            run: "click",
        },
        { trigger: ".modal .o_field_widget[name=source] input[data-value=list]", run: "click" },
        {
            trigger: ".modal .o_field_widget[name=file] .o_select_file_button",
            async run() {
                const response = await fetch("/welfare_facility/tour/regions.xlsx");
                const file = new File([await response.blob()], "行政区划.xlsx");
                await inputFiles(".modal .o_field_widget[name=file] input[type=file]", [file]);
            },
        },
        { trigger: ".modal button[name=action_load]", run: "click" },
        { trigger: ".modal .o_field_widget[name=result]:contains(103)" },
        { trigger: ".modal .btn-primary:not([name=action_load])", run: "click" },
        { trigger: ".o_searchview_input", run: "edit 530102001" },
        { trigger: ".o_searchview_input", run: "press Enter" },
        { trigger: ".o_data_row:contains(华山街道办事处) td[name=name]", run: "click" },
        { trigger: "button[name=action_open_parts]", run: "click" },
        { trigger: ".o_data_row:contains(翠湖社区) td[name=name]", run: "click" },
        { trigger: ".o_field_widget[name=unit_community_reason] input", run: "edit 高校家属区" },
        ...stepUtils.saveForm(),
    ],
});
