import { Component, onWillStart, useState } from "@odoo/owl";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { deserializeDate, serializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { formatDay, formatMinute } from "./format";

const REPORTS = {
    "reportlab-pdf": "welfare_facility.welfare_duty_report",
    "xlsxwriter-xlsx": "welfare_facility.welfare_duty_workbook",
};

/** Who may do, has done, or was allowed to do both of two incompatible duties. */
export class DutyPage extends Component {
    static template = "welfare_facility.DutyPage";
    static components = { DateTimeInput, Layout };
    static props = { ...standardActionServiceProps };
    static displayName = _t("Duty Conflicts");
    static path = "welfare-duty-report";

    formatDay = formatDay;
    formatTime = formatMinute;

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = { controlPanel: {} };
        this.state = useState({ report: null });
        onWillStart(() => this.load());
    }

    async load(date_from = false, date_to = false) {
        this.state.report = await this.orm.call("welfare.duty.report", "get_report", [date_from, date_to]);
    }

    get from() {
        return deserializeDate(this.state.report.date_from);
    }

    get to() {
        return deserializeDate(this.state.report.date_to);
    }

    onFrom(date) {
        return date && this.load(serializeDate(date), this.state.report.date_to);
    }

    onTo(date) {
        return date && this.load(this.state.report.date_from, serializeDate(date));
    }

    join(names) {
        return names.join(_t(", "));
    }

    print(reportType) {
        const { date_from, date_to, conflict_ids } = this.state.report;
        return this.action.doAction({
            type: "ir.actions.report",
            report_type: reportType,
            report_name: REPORTS[reportType],
            context: { active_ids: conflict_ids },
            data: { date_from, date_to },
        });
    }
}

registry.category("actions").add("welfare_duty_report", DutyPage);
