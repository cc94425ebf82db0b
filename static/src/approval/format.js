import { deserializeDate, deserializeDateTime, formatDate, formatDateTime } from "@web/core/l10n/dates";
import { localization } from "@web/core/l10n/localization";

/** A day as the server sends it, in the reader's way of writing. */
export function formatDay(day) {
    return formatDate(deserializeDate(day));
}

/** A point in time as the server sends it, to the minute. */
export function formatMinute(time) {
    return formatDateTime(deserializeDateTime(time), { format: `${localization.dateFormat} HH:mm` });
}
