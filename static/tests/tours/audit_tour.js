import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";

/** The auditor opens a facility's history, and the facility as it stood. */
registry.category("web_tour.tours").add("welfare_audit", {
    url: "/odoo",
    steps: () => [
        // The own work, with which the day begins.
        { trigger: ".o_last_breadcrumb_item" },
        { trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_audit']", run: "click" },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_audit_event_menu']",
            run: "click",
        },
        { trigger: ".o_data_row:contains(巡查之家):contains(2019) td[name=summary]", run: "click" },
        { trigger: ".o_form_view .o_field_widget[name=changes_html]:contains(2019)" },
        { trigger: "button[name=action_open_record_history]", run: "click" },
        { trigger: ".o_breadcrumb .active:contains(巡查之家)" },
        { trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_facility']", run: "click" },
        { trigger: "[data-menu-xmlid='welfare_facility.welfare_facility_menu']", run: "click" },
        { trigger: ".o_data_row:contains(巡查之家) td[name=name]", run: "click" },
        { trigger: ".o_form_view .o_field_widget[name=name]:contains(巡查之家)" },
        { trigger: ".o_cp_action_menus button", run: "click" },
        { trigger: ".o_welfare_history", run: "click" },
        { trigger: ".o_data_row:contains(2019)" },
        {
            trigger: ".o_list_view",
            run: () => {
                // As who opens the address that somebody has sent him.
                browser.sessionStorage.removeItem("current_action");
                browser.location.reload();
            },
            expectUnloadPage: true,
        },
        // Of this record still, and not the whole trail.
        { trigger: ".o_data_row:contains(2019)" },
        { trigger: ".o_list_view:not(:has(.o_data_row:not(:contains(巡查之家))))" },
        { trigger: "button[name=action_open_snapshot]", run: "click" },
        { trigger: ".modal .o_field_widget[name=contents]:contains(巡查之家)" },
        { trigger: ".modal footer button[special=cancel], .modal-footer .btn-primary", run: "click" },
        { trigger: "body:not(:has(.modal))" },
    ],
});
