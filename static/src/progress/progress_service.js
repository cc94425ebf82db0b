import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

/**
 * Shows how far a long request of this user is: the server reports it over the bus
 * while the request still runs.
 */
export const welfareProgressService = {
    dependencies: ["bus_service", "notification"],
    start(env, { bus_service: bus, notification }) {
        let close = () => {};
        bus.subscribe("welfare_facility.progress", ({ label, done, total }) => {
            close();
            const percent = total ? Math.floor((100 * done) / total) : 100;
            const text = _t("%(label)s: %(done)s of %(total)s (%(percent)s%)", {
                label,
                done,
                total,
                percent,
            });
            close = notification.add(text, { type: "info", sticky: done < total });
        });
    },
};

registry.category("services").add("welfare_progress", welfareProgressService);
