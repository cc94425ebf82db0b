import { registry } from "@web/core/registry";
import { FloatField, floatField } from "@web/views/fields/float/float_field";
import { formatInteger } from "@web/views/fields/formatters";
import { parseInteger } from "@web/views/fields/parsers";

/**
 * A number that may be unknown. A stored 0 is shown as nothing, unless the boolean field
 * named by the option `mark` says that it is a figure; the mark follows what is typed.
 */
export class OptionalFloatField extends FloatField {
    static template = "welfare_facility.OptionalNumberField";
    static props = {
        ...FloatField.props,
        mark: { type: String, optional: true },
        placeholder: { type: String, optional: true },
    };

    parse(text) {
        const value = this.parseNumber(text);
        if (this.props.mark) {
            this.props.record.update({ [this.props.mark]: text.trim() !== "" });
        }
        return value;
    }

    parseNumber(text) {
        return super.parse(text);
    }

    get formattedValue() {
        const { mark, record } = this.props;
        return this.value || (mark && record.data[mark]) ? this.formattedNumber : "";
    }

    get formattedNumber() {
        return super.formattedValue;
    }
}

export class OptionalIntegerField extends OptionalFloatField {
    parseNumber(text) {
        return parseInteger(text, { allowOperation: true });
    }

    get formattedNumber() {
        return this.props.formatNumber ? formatInteger(this.value) : String(this.value);
    }
}

export const optionalFloatField = {
    ...floatField,
    component: OptionalFloatField,
    isEmpty: (record, name) => !record.data[name],
    fieldDependencies: ({ options }) =>
        options.mark ? [{ name: options.mark, type: "boolean", readonly: false }] : [],
    extractProps: (info, dynamicInfo) => ({
        ...floatField.extractProps(info, dynamicInfo),
        mark: info.options.mark,
        placeholder: info.placeholder,
    }),
};

export const optionalIntegerField = {
    ...optionalFloatField,
    component: OptionalIntegerField,
    supportedTypes: ["integer"],
};

registry.category("fields").add("welfare_optional_float", optionalFloatField);
registry.category("fields").add("welfare_optional_integer", optionalIntegerField);
