import { registry } from "@web/core/registry";

const menu = (name) => ({
    trigger: `[data-menu-xmlid='welfare_facility.${name}']`,
    run: "click",
});

const open = (...steps) => ({
    url: "/odoo",
    steps: () => [
        // The own work, with which the day begins.
        { trigger: ".o_last_breadcrumb_item" },
        ...steps,
    ],
});
const openGrant = [
    menu("welfare_menu_funding"),
    menu("welfare_appropriation_menu"),
    { trigger: ".o_data_row:contains(五财行〔2019〕12号) td[name=number]", run: "click" },
];

/**
 * The finance officer takes the ledger's money over, looks at it and ends the year. Others
 * approve between the parts.
 */
registry.category("web_tour.tours").add(
    "welfare_fund_submit",
    open(
        // The rows of the bureau's own funding sheet become appropriations.
        menu("welfare_menu_facility"),
        menu("welfare_facility_import_menu"),
        { trigger: ".o_data_row td[name=filename]", run: "click" },
        { trigger: "a[name=funds]", run: "click" },
        { trigger: ".o_data_row:contains(五财行〔2015〕21号)" },
        { trigger: "button[name=action_register_funds]", run: "click" },
        { trigger: ".o_pager_limit:contains(8)" },
        { trigger: ".o_data_row:contains(五财行〔2019〕12号) td[name=number]", run: "click" },
        { trigger: "button[name=action_submit]", run: "click" },
        { trigger: ".o_field_widget[name=approval_state]:contains(In Approval)" }
    )
);

registry.category("web_tour.tours").add(
    "welfare_fund_register",
    open(
        ...openGrant,
        { trigger: "button[name=action_register]", run: "click" },
        { trigger: "a[name=adjustments]", run: "click" },
        { trigger: ".o_data_row:contains(五财行〔2019〕57号) button[name=action_submit]", run: "click" },
        { trigger: ".o_data_row:contains(五财行〔2019〕57号) td[name=approval_state]:contains(In Approval)" }
    )
);

registry.category("web_tour.tours").add(
    "welfare_fund_adjust",
    open(
        ...openGrant,
        { trigger: "a[name=adjustments]", run: "click" },
        { trigger: ".o_data_row:contains(五财行〔2019〕57号) button[name=action_post]", run: "click" },
        { trigger: ".o_field_widget[name=amount_current]:contains(920,000)" },
        // What is there, and how fast it goes.
        menu("welfare_menu_funding"),
        menu("welfare_fund_position_menu"),
        { trigger: ".o_data_row:contains(五财行〔2019〕12号) td[name=available]:contains(920,000)", run: "click" },
        { trigger: ".o_field_widget[name=progress_note]" },
        { trigger: "button[name=action_open_entries]", run: "click" },
        { trigger: ".o_pager_limit:contains(2)" },
        // As it was on a past day.
        menu("welfare_menu_funding"),
        menu("welfare_fund_position_day_menu"),
        { trigger: ".modal .o_field_widget[name=date] input, .modal .o_field_widget[name=date] button", run: "click" },
        { trigger: ".modal .o_field_widget[name=date] input", run: "edit 04/30/2019 && click .modal .modal-title" },
        { trigger: ".modal button[name=action_show]", run: "click" },
        { trigger: ".o_data_row td[name=available]:contains(400,000)" },
        // The end of the year.
        menu("welfare_menu_funding"),
        menu("welfare_fund_carry_menu"),
        { trigger: ".o_list_button_add", run: "click" },
        { trigger: ".o_field_widget[name=year] input", run: "edit 2019 && click .o_form_sheet" },
        { trigger: "button[name=action_propose]", run: "click" },
        { trigger: ".o_data_row:contains(五财行〔2019〕12号)" },
        { trigger: "button[name=action_submit]", run: "click" },
        { trigger: ".o_field_widget[name=approval_state]:contains(In Approval)" }
    )
);

registry.category("web_tour.tours").add(
    "welfare_fund_carry",
    open(
        menu("welfare_menu_funding"),
        menu("welfare_fund_carry_menu"),
        // The list before has rows as well.
        { trigger: ".o_breadcrumb:contains(Year-end Carry-over)" },
        { trigger: ".o_data_row td[name=amount_carry]", run: "click" },
        { trigger: "button[name=action_post]", run: "click" },
        { trigger: ".modal .modal-footer .btn-primary", run: "click" },
        { trigger: ".o_field_widget[name=amount_carry]:contains(920,000)" },
        { trigger: "button[name=action_open_entries]", run: "click" },
        { trigger: ".o_pager_limit:contains(2)" }
    )
);

registry.category("web_tour.tours").add(
    "welfare_fund_draft",
    open(
        // The homes of the ledger's other sheet add up to what was granted in their year.
        menu("welfare_menu_facility"),
        menu("welfare_facility_import_menu"),
        { trigger: ".o_data_row td[name=filename]", run: "click" },
        { trigger: "a[name=funds]", run: "click" },
        { trigger: ".o_data_row:contains(五财行〔2016〕18号) td[name=allotment_note]:contains(Draft)" },
        { trigger: ".o_data_row:contains(五财行〔2019〕12号) td[name=allotment_note]:contains(no home of 2019)" },
        { trigger: ".o_data_row:contains(五财行〔2015〕21号) td[name=allotment_note]:contains(19, together)" },
        { trigger: ".o_data_row:contains(五财行〔2015〕21号) button[name=action_draft_allotments]", run: "click" },
        { trigger: ".o_data_row:contains(五财行〔2015〕21号) td[name=home_count]:contains(19)", run: "click" },
        { trigger: ".o_field_widget[name=amount_total]:contains(700,000)" },
        { trigger: ".o_field_widget[name=import_id]:contains(五华区儿童之家台账)" },
        { trigger: ".o_field_widget[name=number] input", run: "edit 五妇儿工委办〔2015〕3号" },
        { trigger: "button[name=action_submit]", run: "click" },
        { trigger: ".o_field_widget[name=approval_state]:contains(In Approval)" }
    )
);

registry.category("web_tour.tours").add(
    "welfare_fund_allot",
    open(
        menu("welfare_menu_funding"),
        menu("welfare_allotment_menu"),
        { trigger: ".o_data_row:contains(五妇儿工委办〔2015〕3号) td[name=number]", run: "click" },
        { trigger: "button[name=action_post]", run: "click" },
        { trigger: ".o_field_widget[name=state] .o_arrow_button_current:contains(Posted)" }
    )
);
