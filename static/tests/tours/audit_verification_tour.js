import { registry } from "@web/core/registry";

const open = (menu) => ({
    trigger: `[data-menu-xmlid='welfare_facility.${menu}']`,
    run: "click",
});

/** The auditor verifies the trail, reads the verdict, and looks into the seal book. */
registry.category("web_tour.tours").add("welfare_audit_verification", {
    url: "/odoo",
    steps: () => [
        // The own work, with which the day begins.
        { trigger: ".o_last_breadcrumb_item" },
        open("welfare_menu_audit"),
        open("welfare_audit_verification_menu"),
        { trigger: ".o_list_button_add", run: "click" },
        { trigger: "button[name=action_verify]", run: "click" },
        { content: "the verdict in words", trigger: ".alert-success:contains(Nothing)" },
        { content: "it is kept", trigger: "body:not(:has(button[name=action_verify]))" },
        open("welfare_menu_audit"),
        open("welfare_audit_seal_menu"),
        { trigger: ".o_data_row:first .o_data_cell[name=hash]", run: "click" },
        { trigger: ".o_form_view .o_field_widget[name=previous]" },
    ],
});
