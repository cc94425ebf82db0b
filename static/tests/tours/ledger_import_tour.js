import { registry } from "@web/core/registry";
import { inputFiles } from "@web/../tests/utils";

async function fetchFile(url, name) {
    const response = await fetch(url);
    return new File([await response.blob()], name);
}

/** Steps to a new import with a file that the test offers. */
function chooseLedger(name, shownName) {
    return [
        // The own work, with which the day begins.
        { trigger: ".o_last_breadcrumb_item" },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_facility']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_facility_import_menu']",
            run: "click",
        },
        // The list of the facilities has such a button, too.
        { trigger: ".o_control_panel button[name=action_download_template]" },
        { trigger: ".o_list_button_add", run: "click" },
        {
            trigger: ".o_field_widget[name=file] .o_select_file_button",
            async run() {
                const file = await fetchFile(`/welfare_facility/tour/${name}`, shownName);
                await inputFiles(".o_field_widget[name=file] input[type=file]", [file]);
            },
        },
        { trigger: `.o_field_widget[name=file] input:value(${shownName})` },
        { trigger: "button[name=action_check]", run: "click" },
    ];
}

/** The facility manager brings the ledger in, reads the coverage and prints the table. */
registry.category("web_tour.tours").add("welfare_ledger_import", {
    url: "/odoo",
    steps: () => [
        ...chooseLedger("ledger.xls", "台账.xls"),
        { trigger: ".o_field_widget[name=create_count]:contains(65)" },
        { trigger: ".o_field_widget[name=error_count]:contains(0)" },
        { trigger: ".o_data_row:contains(翠湖西路)" },
        { trigger: "a[name=funds]", run: "click" },
        { trigger: ".o_data_row:contains(昆民〔2019〕41号)" },
        { trigger: ".o_field_widget[name=amount_fund]:contains(3,270,000.00)" },
        { trigger: ".o_field_widget[name=amount_fund_stated]:contains(3,270,000.00)" },
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

/** A column goes by a name that nothing knows: the manager says what it means. */
registry.category("web_tour.tours").add("welfare_ledger_headings", {
    url: "/odoo",
    steps: () => [
        ...chooseLedger("unknown.xlsx", "台账.xlsx"),
        { trigger: ".o_field_widget[name=error_count]:contains(1)" },
        { trigger: ".o_field_widget[name=open_heading_count]:contains(2)" },
        // The button ends after the record is saved and shown; it then shows it again.
        { trigger: "button[name=action_check_again]:enabled" },
        { trigger: ".o_data_row:contains(进度) td[name=column_id]", run: "click" },
        { trigger: ".o_field_widget[name=column_id] input", run: "edit State" },
        { trigger: ".o-autocomplete--dropdown-item a:contains(State)", run: "click" },
        { trigger: ".o_data_row:contains(联系人) td[name=is_left_out] input", run: "click" },
        { trigger: "button[name=action_check_again]", run: "click" },
        { trigger: ".o_field_widget[name=create_count]:contains(1)" },
        { trigger: "a[name=lines]", run: "click" },
        { trigger: ".o_data_row:contains(翠湖西路)" },
        { trigger: "button[name=action_apply]", run: "click" },
        { trigger: "button[name=action_open_facilities]" },
    ],
});
