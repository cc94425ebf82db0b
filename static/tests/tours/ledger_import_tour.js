import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";
import { inputFiles } from "@web/../tests/utils";

async function fetchFile(url, name) {
    const response = await fetch(url);
    return new File([await response.blob()], name);
}

/** The facility manager brings the ledger in, reads the coverage and prints the table. */
registry.category("web_tour.tours").add("welfare_ledger_import", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps("welfare_facility.welfare_menu_root"),
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_facility']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_facility_import_menu']",
            run: "click",
        },
        { trigger: ".o_list_button_add", run: "click" },
        {
            trigger: ".o_field_widget[name=file] .o_select_file_button",
            async run() {
                const file = await fetchFile("/welfare_facility/tour/ledger.xls", "台账.xls");
                await inputFiles(".o_field_widget[name=file] input[type=file]", [file]);
            },
        },
        { trigger: ".o_field_widget[name=file] .o_form_uri, .o_field_widget[name=file] input:value(台账.xls)" },
        { trigger: "button[name=action_check]", run: "click" },
        { trigger: ".o_field_widget[name=create_count]:contains(65)" },
        { trigger: ".o_field_widget[name=error_count]:contains(0)" },
        { trigger: ".o_data_row:contains(翠湖西路)" },
        { trigger: "button[name=action_apply]", run: "click" },
        { trigger: "button[name=action_open_facilities]", run: "click" },
        { trigger: ".o_pager_limit:contains(65)" },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_facility']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_coverage_target_menu']",
            run: "click",
        },
        { trigger: ".o_data_row:contains(五华区) td[name=measure_id]", run: "click" },
        { trigger: ".o_field_widget[name=rate]:contains(61.18)" },
        { trigger: ".o_field_widget[name=gap]:contains(25)" },
        { trigger: ".o_field_widget[name=flag_reason]:contains(62.2)" },
        { trigger: "button[name=action_open_missing]", run: "click" },
        { trigger: ".o_welfare_community:contains(南屏街)" },
    ],
});
