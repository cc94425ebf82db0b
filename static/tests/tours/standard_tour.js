import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const field = (name) => `.o_field_widget[name=${name}] input`;

/** A figure is entered, and the institution is held against the standards. */
registry.category("web_tour.tours").add("welfare_standard", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps("welfare_facility.welfare_menu_root"),
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_facility']",
            run: "click",
        },
        {
            trigger:
                "[data-menu-xmlid='welfare_facility.welfare_facility_measurement_menu']",
            run: "click",
        },
        { trigger: ".o_list_button_add", run: "click" },
        { trigger: field("facility_id"), run: "edit 甲区儿童福利院" },
        {
            trigger: ".ui-autocomplete .dropdown-item:contains(甲区儿童福利院)",
            run: "click",
        },
        { trigger: field("metric_id"), run: "edit Built beds" },
        { trigger: ".ui-autocomplete .dropdown-item:contains(Built beds)", run: "click" },
        { trigger: field("amount"), run: "edit 400" },
        ...stepUtils.saveForm(),
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_facility']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_facility_menu']",
            run: "click",
        },
        { trigger: ".o_data_cell:contains(甲区儿童福利院)", run: "click" },
        { trigger: ".o_notebook .nav-link:contains(Beds and Areas)", run: "click" },
        { trigger: "button:contains(Check against Standards)", run: "click" },
        { trigger: ".modal button[name=action_keep]", run: "click" },
        { trigger: ".o_data_row .o_data_cell:contains(145-2010)", run: "click" },
        { trigger: ".o_data_cell[name=measured_label]:contains(28.00)" },
        { trigger: ".o_data_cell[name=margin_label]:contains(-5.00)" },
    ],
});
