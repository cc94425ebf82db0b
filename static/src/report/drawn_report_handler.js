import { registry } from "@web/core/registry";
import { download } from "@web/core/network/download";
import { user } from "@web/core/user";

/** The addon's own kinds of report: what the address calls them. */
const CONVERTERS = { "reportlab-pdf": "reportlab", "xlsxwriter-xlsx": "xlsxwriter" };

/** Downloads a report that the server draws itself; `data` goes along as options. */
registry.category("ir.actions.report handlers").add("welfare_drawn", async (action, options, env) => {
    const converter = CONVERTERS[action.report_type];
    if (!converter) {
        return false;
    }
    const ids = (action.context?.active_ids || []).join(",");
    let url = `/report/${converter}/${action.report_name}/${ids}`;
    if (action.data) {
        url += `?options=${encodeURIComponent(JSON.stringify(action.data))}`;
    }
    env.services.ui.block();
    try {
        await download({
            url: "/report/download",
            data: {
                data: JSON.stringify([url, action.report_type]),
                context: JSON.stringify({ ...user.context, ...action.context }),
            },
        });
    } finally {
        env.services.ui.unblock();
    }
    return true;
});
