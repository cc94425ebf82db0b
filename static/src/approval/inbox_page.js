import { Component, onWillStart, useState } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { ApprovalSteps } from "./approval_steps";
import { formatDay, formatMinute } from "./format";

const MODEL = "welfare.approval.request";

/**
 * What waits for the user's decision, of every kind. A row opens the document's contents;
 * a decision is about exactly what was shown, by its fingerprint.
 */
export class InboxPage extends Component {
    static template = "welfare_facility.InboxPage";
    static components = { ApprovalSteps, Layout };
    static props = { ...standardActionServiceProps };
    static displayName = _t("Inbox");
    static path = "welfare-inbox";

    formatDay = formatDay;
    formatTime = formatMinute;

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.ui = useState(useService("ui"));
        this.display = { controlPanel: {} };
        this.state = useState({
            records: [],
            length: 0,
            open: null, // the row whose contents are shown
            details: null,
            comment: "",
            isBusy: false,
            marked: {}, // ids of the rows that are marked
        });
        onWillStart(() => this.load());
    }

    get marked() {
        return this.state.records.filter((row) => this.state.marked[row.id]);
    }

    /** The sum of what is marked, in yuan and always with its 分. */
    get markedAmount() {
        const fen = this.marked.reduce((sum, row) => sum + Math.round(row.amount * 100), 0);
        return (fen / 100).toLocaleString(undefined, { minimumFractionDigits: 2 });
    }

    get isAllMarked() {
        return this.marked.length === this.state.records.length;
    }

    async load() {
        const page = await this.orm.call(MODEL, "get_inbox", []);
        Object.assign(this.state, { ...page, open: null, details: null, comment: "", marked: {} });
        if (!this.ui.isSmall && page.records.length) {
            await this.open(this.state.records[0]);
        }
    }

    async showMore() {
        const offset = this.state.records.length;
        const page = await this.orm.call(MODEL, "get_inbox", [], { offset });
        this.state.records.push(...page.records);
        this.state.length = page.length;
    }

    async open(row) {
        Object.assign(this.state, { open: row, details: null, comment: "" });
        const details = await this.orm.call(MODEL, "get_details", [row.id]);
        if (this.state.open === row) {
            this.state.details = details;
        }
    }

    close() {
        Object.assign(this.state, { open: null, details: null });
    }

    mark(row, isMarked) {
        this.state.marked[row.id] = isMarked;
    }

    markAll(isMarked) {
        for (const row of this.state.records) {
            this.state.marked[row.id] = isMarked;
        }
    }

    async decide(method, done) {
        const { open, comment } = this.state;
        if (method !== "action_approve" && !comment.trim()) {
            this.notification.add(_t("Write in the comment why, please."), { type: "warning" });
            document.querySelector(".o_welfare_inbox textarea")?.focus();
            return;
        }
        await this.run(
            () => this.orm.call(MODEL, method, [[open.id], open.fingerprint, comment]),
            done.replace("%s", open.name)
        );
    }

    approve() {
        return this.decide("action_approve", _t("Approved: %s"));
    }

    giveBack() {
        return this.decide("action_return", _t("Returned for change: %s"));
    }

    reject() {
        return this.decide("action_reject", _t("Rejected: %s"));
    }

    approveMarked() {
        const shown = this.marked.map((row) => [row.id, row.fingerprint]);
        return this.run(
            () => this.orm.call(MODEL, "action_approve_shown", [shown]),
            _t("Approved: %s", shown.length)
        );
    }

    /** Decides, and shows what is left, also when the server has refused. */
    async run(call, done) {
        this.state.isBusy = true;
        try {
            await call();
            this.notification.add(done, { type: "success" });
        } finally {
            this.state.isBusy = false;
            await this.load();
        }
    }

    openDocument() {
        const { res_model, res_id } = this.state.open;
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model,
            res_id,
            views: [[false, "form"]],
        });
    }

    formatSince(time) {
        return deserializeDateTime(time).toRelative();
    }
}

registry.category("actions").add("welfare_inbox", InboxPage);
