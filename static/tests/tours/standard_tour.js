import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const field = (name) => `.o_field_widget[name=${name}] input`;
const screen = (name) => ({ trigger: `.o_last_breadcrumb_item:contains(${name})` });
// The screen before has come: one that comes later would close the menu again.
const menu = (name, before) => [
    screen(before),
    {
        trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_facility']",
        run: "click",
    },
    { trigger: `[data-menu-xmlid='welfare_facility.${name}']`, run: "click" },
];
// Enter waits for what is found; a click on what was offered before it may come too early,
// and the list opens again over the next field. The button comes with the choice.
const choose = (name, label) => [
    { trigger: field(name), run: `edit ${label} && press Enter` },
    { trigger: `.o_field_widget[name=${name}]:has(.o_external_button)` },
    { trigger: "body:not(:has(.ui-autocomplete))" },
];

/** A figure is entered, and the institution is held against the standards. */
registry.category("web_tour.tours").add("welfare_standard", {
    url: "/odoo",
    steps: () => [
        // The own work, with which the day begins.
        { trigger: ".o_last_breadcrumb_item" },
        ...menu("welfare_facility_measurement_menu", "Facilities"),
        screen("Measurements"),
        { trigger: ".o_list_button_add", run: "click" },
        ...choose("facility_id", "甲区儿童福利院"),
        ...choose("metric_id", "Built beds"),
        // What the metric brings along has come, so that nothing moves while it is written.
        { trigger: ".o_field_widget[name=unit]:contains(beds)" },
        { trigger: field("amount"), run: "edit 400" },
        ...stepUtils.saveForm(),
        ...menu("welfare_facility_menu", "Built beds 400"),
        screen("Facilities"),
        { trigger: ".o_data_cell:contains(甲区儿童福利院)", run: "click" },
        { trigger: ".o_notebook .nav-link:contains(Beds and Areas)", run: "click" },
        { trigger: "button:contains(Check against Standards)", run: "click" },
        { trigger: ".modal button[name=action_keep]", run: "click" },
        screen("Compliance"),
        { trigger: "body:not(:has(.modal))" },
        { trigger: ".o_data_row .o_data_cell:contains(145-2010)", run: "click" },
        { trigger: ".o_data_cell[name=measured_label]:contains(28.00)" },
        { trigger: ".o_data_cell[name=margin_label]:contains(-5.00)" },
    ],
});
