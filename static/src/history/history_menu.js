import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { STATIC_ACTIONS_GROUP_NUMBER } from "@web/search/action_menus/action_menus";
import { Component } from "@odoo/owl";

/** Models whose records have a history without being ours. */
const OTHERS = ["res.users", "res.partner"];

/** Opens the history of the record that the form shows. */
export class HistoryMenu extends Component {
    static template = "welfare_facility.HistoryMenu";
    static components = { DropdownItem };
    static props = {};

    async open() {
        // Not useService(): the menu closes, and with it what would answer.
        const { action, orm } = this.env.services;
        const { resModel, resId } = this.env.model.root;
        action.doAction(
            await orm.call("welfare.audit.event", "action_open_history", [resModel, resId])
        );
    }
}

registry.category("cogMenu").add("welfare-history", {
    Component: HistoryMenu,
    groupNumber: STATIC_ACTIONS_GROUP_NUMBER,
    isDisplayed: async (env) => {
        const root = env.config.viewType === "form" && env.model?.root;
        if (!root?.resId || root.resModel.startsWith("welfare.audit.")) {
            return false;
        }
        if (!root.resModel.startsWith("welfare.") && !OTHERS.includes(root.resModel)) {
            return false;
        }
        return (
            (await user.hasGroup("welfare_facility.welfare_group_auditor")) ||
            (await user.hasGroup("welfare_facility.welfare_group_administrator"))
        );
    },
});
