import { registry } from "@web/core/registry";
import { FloatField, floatField } from "@web/views/fields/float/float_field";
import { IntegerField, integerField } from "@web/views/fields/integer/integer_field";

/**
 * Numbers that may be unknown. A stored 0 is shown as nothing, unless the boolean field
 * named by the option `mark` says that it is one; the mark follows what is typed.
 */
function isUnknown(field) {
    const { mark, record, name } = field.props;
    return !record.data[name] && !(mark && record.data[mark]);
}

function follow(field, text) {
    const { mark, record } = field.props;
    if (mark) {
        record.update({ [mark]: text.trim() !== "" });
    }
}

export class OptionalFloatField extends FloatField {
    static props = { ...FloatField.props, mark: { type: String, optional: true } };

    parse(text) {
        const value = super.parse(text);
        follow(this, text);
        return value;
    }

    get formattedValue() {
        return isUnknown(this) ? "" : super.formattedValue;
    }
}

export class OptionalIntegerField extends IntegerField {
    static props = { ...IntegerField.props, mark: { type: String, optional: true } };

    get formattedValue() {
        return isUnknown(this) ? "" : super.formattedValue;
    }
}

function describe(field, component) {
    return {
        ...field,
        component,
        isEmpty: (record, name) => !record.data[name],
        fieldDependencies: ({ options }) =>
            options.mark ? [{ name: options.mark, type: "boolean", readonly: false }] : [],
        extractProps: (info, dynamicInfo) => ({
            ...field.extractProps(info, dynamicInfo),
            mark: info.options.mark,
        }),
    };
}

registry.category("fields").add("welfare_optional_float", describe(floatField, OptionalFloatField));
registry
    .category("fields")
    .add("welfare_optional_integer", describe(integerField, OptionalIntegerField));
