import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const field = (name) => `.o_field_widget[name=${name}] input`;

/** A target is entered: what is left empty is not stated, and a 0 is a figure. */
registry.category("web_tour.tours").add("welfare_target", {
    url: "/odoo",
    steps: () => [
        // The own work, with which the day begins.
        { trigger: ".o_last_breadcrumb_item" },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_facility']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_coverage_target_menu']",
            run: "click",
        },
        // The list of the facilities has such a button, too.
        { trigger: ".o_breadcrumb .active:contains(Targets)" },
        { trigger: ".o_list_button_add", run: "click" },
        { trigger: field("region_id"), run: "edit 甲区" },
        { trigger: ".ui-autocomplete .dropdown-item:contains(甲区)", run: "click" },
        { trigger: field("date"), run: "edit 12/31/2018" },
        { trigger: field("stated_value"), run: "edit 0" },
        { trigger: field("target_value"), run: "edit 90" },
        { trigger: field("target_year"), run: "edit 2020" },
        { trigger: field("interim_value"), run: "edit 70" },
        { trigger: field("interim_year"), run: "edit 2019" },
        { content: "thought better of", trigger: field("interim_value"), run: "clear" },
        ...stepUtils.saveForm(),
        { trigger: ".o_field_widget[name=required_count]:contains(1)" },
        { trigger: ".alert-warning, .o_field_widget[name=gap]:contains(1)" },
    ],
});
