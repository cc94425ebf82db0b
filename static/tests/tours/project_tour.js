import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const menu = (name) => ({
    trigger: `[data-menu-xmlid='welfare_facility.${name}']`,
    run: "click",
});

/** The facility manager finds what a stage lacks, adds it and completes the stage. */
registry.category("web_tour.tours").add("welfare_project", {
    url: "/odoo",
    steps: () => [
        // The own work, with which the day begins.
        { trigger: ".o_last_breadcrumb_item" },
        menu("welfare_menu_project"),
        menu("welfare_project_menu"),
        { trigger: ".o_data_row:contains(甲社区儿童之家装修) td[name=name]", run: "click" },
        // What is missing is named before anything is written.
        { trigger: "button[name=action_complete_stage]", run: "click" },
        { trigger: ".modal .alert:contains(Project proposal)" },
        { trigger: ".modal button[special=cancel], .modal .btn-close", run: "click" },
        { trigger: "a[name=gates]", run: "click" },
        { trigger: ".o_data_row td[name=gate_id]:contains(Project proposal)", run: "click" },
        { trigger: ".modal .o_field_widget[name=number] input", run: "edit 示〔2019〕1号" },
        { trigger: ".modal .o_form_button_save, .modal .o_form_button_save_new", run: "click" },
        { trigger: "body:not(:has(.modal))" },
        ...stepUtils.saveForm(),
        // The plan.
        { trigger: "button[name=action_plan]", run: "click" },
        { trigger: ".modal .o_field_widget[name=date_acceptance] input, .modal .o_field_widget[name=date_acceptance] button", run: "click" },
        { trigger: ".modal .o_field_widget[name=date_acceptance] input", run: "edit 09/30/2019 && click .modal .modal-title" },
        { trigger: ".modal button[name=action_apply]", run: "click" },
        { trigger: "body:not(:has(.modal))" },
        { trigger: "a[name=dates]", run: "click" },
        { trigger: ".o_field_widget[name=deadline_ids] .o_data_row:contains(Acceptance)" },
        // What is due, as a list of everything.
        menu("welfare_menu_project"),
        menu("welfare_project_deadline_menu"),
        { trigger: ".o_data_row:contains(甲社区儿童之家装修)" },
    ],
});
