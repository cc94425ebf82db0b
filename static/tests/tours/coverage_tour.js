import { registry } from "@web/core/registry";

/** The facility manager reads the coverage of a past day, down to what is lacking. */
registry.category("web_tour.tours").add("welfare_coverage", {
    url: "/odoo",
    steps: () => [
        // The own work, with which the day begins.
        { trigger: ".o_last_breadcrumb_item" },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_menu_facility']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='welfare_facility.welfare_coverage_menu']",
            run: "click",
        },
        { trigger: "[data-figure=denominator]:contains(85)" },
        { trigger: ".o_welfare_print" },
        { trigger: ".o_welfare_export" },
        { content: "the end of 2018", trigger: ".o_welfare_date input", run: "edit 12/31/2018" },
        { trigger: ".o_welfare_date input", run: "press Enter" },
        { trigger: "[data-figure=rate]:contains(61.18)" },
        { trigger: "[data-figure=gap]:contains(25)" },
        { trigger: ".o_welfare_forecast:contains(76.47)" },
        { trigger: ".alert-warning:contains(62.2)" },
        {
            content: "down to a street, whose communities are listed",
            trigger: ".o_welfare_parts .o_welfare_part:contains(黑林铺) a:contains(黑林铺)",
            run: "click",
        },
        { trigger: ".o_welfare_community:contains(龙院社区) .text-bg-danger" },
        { trigger: ".o_welfare_community:contains(海源社区) .text-bg-success" },
        {
            content: "only those that lack a home",
            trigger: "button[data-figure=missing]:contains(4)",
            run: "click",
        },
        { trigger: ".o_welfare_communities:not(:contains(海源社区)):contains(龙院社区)" },
        {
            content: "up again",
            trigger: ".o_welfare_path a:contains(五华区)",
            run: "click",
        },
        {
            content: "what is left out, and why",
            trigger: "button[data-figure=excluded]:contains(7)",
            run: "click",
        },
        { trigger: ".o_welfare_community:contains(单位型社区)" },
        {
            content: "a home, as it is today",
            trigger: "button[data-figure=built]:contains(52)",
            run: "click",
        },
        { trigger: ".o_welfare_community a:contains(翠湖西路)", run: "click" },
        { trigger: ".o_form_view .o_field_widget[name=region_id]" },
        { trigger: ".o_back_button, .breadcrumb-item a", run: "click" },
        { trigger: "[data-figure=rate]:contains(61.18)" },
    ],
});
