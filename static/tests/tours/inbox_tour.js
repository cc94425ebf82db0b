import { registry } from "@web/core/registry";

/** An approver decides on a phone: one in two touches, one is returned, the rest at once. */
registry.category("web_tour.tours").add("welfare_inbox", {
    steps: () => [
        { trigger: ".o_welfare_inbox_row:first button", run: "click" },
        { trigger: ".o_welfare_lines:contains(甲)" },
        { trigger: ".o_welfare_step[aria-current=step]" },
        { trigger: "button.o_welfare_approve", run: "click" },
        { trigger: ".o_notification.border-success, .o_notification" },
        { trigger: ".o_welfare_inbox_row:first button", run: "click" },
        { trigger: ".o_welfare_lines:contains(乙)" },
        // Nothing is returned without a reason.
        { trigger: "button.o_welfare_return", run: "click" },
        { trigger: ".o_welfare_inbox textarea", run: "edit 请写清到何时" },
        { trigger: "button.o_welfare_return", run: "click" },
        { trigger: ".o_welfare_inbox_list label input[type=checkbox]:first", run: "click" },
        { trigger: ".o_welfare_approve_marked", run: "click" },
        { trigger: ".o_view_nocontent_smiling_face" },
    ],
});
