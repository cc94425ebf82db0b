import { Component, onWillStart, useState } from "@odoo/owl";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { deserializeDate, formatDate, serializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { registry } from "@web/core/registry";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const REPORTS = {
    "reportlab-pdf": "welfare_facility.welfare_coverage_region_report",
    "xlsxwriter-xlsx": "welfare_facility.welfare_coverage_region_workbook",
};

/**
 * Coverage by region: the figures of a region and of each of its parts on any day, from
 * the province down to the communities that lack a facility. Nothing is stored; the
 * address holds what is shown, so that it can be kept, sent and gone back to.
 */
export class CoveragePage extends Component {
    static template = "welfare_facility.CoveragePage";
    static components = { DateTimeInput, Layout, RecordSelector };
    static props = { ...standardActionServiceProps };
    static displayName = _t("Coverage by Region");
    static path = "welfare-coverage-by-region";

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.keepLast = new KeepLast();
        this.display = { controlPanel: {} };
        this.state = useState({ page: null, choice: this.initialChoice });
        onWillStart(() => this.load(this.state.choice));
    }

    get initialChoice() {
        const params = { ...this.props.action.params, ...this.props.state };
        return {
            region_id: Number(this.props.resId || params.region_id) || false,
            date: params.date || false,
            measure_id: Number(params.measure_id) || false,
            status: params.status || false,
        };
    }

    get date() {
        return deserializeDate(this.state.page.date);
    }

    /** The figures that the measure has, with what it calls them. */
    get statuses() {
        const statuses = ["excluded", "built", "missing", "planned"];
        return Object.entries(this.state.page.labels).map(([key, label]) => ({
            key,
            label,
            status: statuses.includes(key) && key,
        }));
    }

    get statusLabels() {
        return { ...this.state.page.labels, planned: _t("Planned") };
    }

    get regionDomain() {
        return [["id", "child_of", this.state.page.own_region_ids]];
    }

    /** The title of the list of communities. */
    get listTitle() {
        const titles = {
            missing: _t("Communities without one"),
            planned: _t("Communities in which one is planned"),
            built: _t("Communities with one"),
            excluded: _t("Communities that are left out"),
        };
        return (
            this.state.page.list_title ||
            titles[this.state.choice.status] ||
            _t("List of the communities")
        );
    }

    async load(choice) {
        const page = await this.keepLast.add(
            this.orm.call("welfare.coverage.measure", "get_coverage_page", [], {
                region_id: choice.region_id,
                date: choice.date,
                measure_id: choice.measure_id,
                status: choice.status,
            })
        );
        this.state.choice = {
            ...choice,
            region_id: page.region && page.region.id,
            date: page.date,
            measure_id: page.measure.id,
        };
        this.state.page = page;
        this.env.config.setDisplayName(
            page.region ? _t("Coverage: %s", page.region.name) : _t("Coverage by Region")
        );
        this.props.updateActionState?.({
            resId: this.state.choice.region_id,
            date: page.date,
            measure_id: page.measure.id,
            status: choice.status || undefined,
        });
    }

    choose(changes) {
        return this.load({ ...this.state.choice, ...changes });
    }

    openRegion(id) {
        return this.choose({ region_id: id, status: false });
    }

    onRegion(id) {
        if (id) {
            this.openRegion(id);
        }
    }

    onDate(date) {
        if (date) {
            this.choose({ date: serializeDate(date) });
        }
    }

    onMeasure(event) {
        this.choose({ measure_id: Number(event.target.value) });
    }

    /** Lists the communities of a status, in a region below or in this one. */
    list(status, regionId = this.state.choice.region_id) {
        return this.choose({ status, region_id: regionId });
    }

    async showMore() {
        const { choice, page } = this.state;
        const more = await this.orm.call("welfare.coverage.measure", "get_coverage_page", [], {
            ...choice,
            offset: page.communities.lines.length,
        });
        page.communities.lines.push(...more.communities.lines);
        page.communities.has_more = more.communities.has_more;
    }

    formatDay(day) {
        return formatDate(deserializeDate(day));
    }

    openFacility(id) {
        this.openRecord("welfare.facility", id);
    }

    openTarget() {
        this.openRecord("welfare.coverage.target", this.state.page.target.id);
    }

    openRecord(model, id) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: id,
            views: [[false, "form"]],
        });
    }

    print(reportType) {
        const { region_id, date, measure_id } = this.state.choice;
        return this.action.doAction({
            type: "ir.actions.report",
            report_type: reportType,
            report_name: REPORTS[reportType],
            context: { active_ids: [region_id] },
            data: { date, measure_id },
        });
    }
}

registry.category("actions").add("welfare_coverage", CoveragePage);
