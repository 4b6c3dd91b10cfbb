/*
 * Holds a message against its table; see shape.h. What may come in any depth is bounded by the tables: where
 * they end, anything goes.
 */
#include "transport/loopback/shape.h"
#include "parser/json.h"
#include "transport/loopback/peek.h"

#include <stdarg.h>
#include <stdio.h>

struct check {
    const struct parley_shape_rules *rules;
    struct parley_shape_fault *fault;
};

enum { PATH = 96 };

/* Says what is wrong, unless it may pass. */
__attribute__((format(printf, 5, 6))) static bool wrong(const struct check *c, enum parley_rule rule,
                                                        const char *code, const char *path,
                                                        const char *format, ...)
{
    va_list list;

    if (c->rules->lenient && parley_rule_is_form(rule))
        return true;
    c->fault->rule = rule;
    c->fault->code = code;
    snprintf(c->fault->param, sizeof(c->fault->param), "%s", path);
    va_start(list, format);
    vsnprintf(c->fault->text, sizeof(c->fault->text), format, list);
    va_end(list);
    return false;
}

static enum parley_rule rule_or(enum parley_rule rule, enum parley_rule otherwise)
{
    return rule != PARLEY_RULE_NONE ? rule : otherwise;
}

/* The path of a member. */
static void join(char into[PATH], const char *path, struct parley_view name)
{
    snprintf(into, PATH, "%s%s%.*s", path, path[0] != '\0' ? "." : "", (int)(name.len < 40 ? name.len : 40),
             name.at);
}

/* ---- one value ----------------------------------------------------------------------------------- */

static void start(struct parley_json *j, struct parley_view raw)
{
    parley_json_start(j, (char *)(uintptr_t)raw.at, raw.len); /* nothing is unescaped, so nothing changes */
}

static uint8_t kind_of(struct parley_view raw)
{
    struct parley_json j;
    int64_t number;

    start(&j, raw);
    switch (parley_json_next(&j)) {
    case PARLEY_JSON_OBJECT:
        return PARLEY_IS_OBJECT;
    case PARLEY_JSON_ARRAY:
        return PARLEY_IS_ARRAY;
    case PARLEY_JSON_STRING:
        return PARLEY_IS_STRING;
    case PARLEY_JSON_NUMBER:
        return parley_json_i64(&j, &number) ? PARLEY_IS_INTEGER | PARLEY_IS_NUMBER : PARLEY_IS_NUMBER;
    case PARLEY_JSON_NULL:
        return PARLEY_IS_NULL;
    default:
        return PARLEY_IS_BOOLEAN;
    }
}

static const char *kind_name(uint8_t kinds)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } names[] = {{PARLEY_IS_OBJECT, "an object"}, {PARLEY_IS_ARRAY, "an array"},
                 {PARLEY_IS_STRING, "a string"},  {PARLEY_IS_INTEGER, "an integer"},
                 {PARLEY_IS_NUMBER, "a number"},  {PARLEY_IS_BOOLEAN, "a boolean"},
                 {PARLEY_IS_NULL, "a null value"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if ((kinds & names[i].bit) != 0)
            return names[i].name;
    return "nothing";
}

/* True when the text of a string is one of "a|b". */
static bool among(struct parley_view raw, const char *values)
{
    char text[96];
    struct parley_view found = parley_peek_unescape(raw, text, sizeof(text));

    while (*values != '\0') {
        size_t len = strcspn(values, "|");

        if (parley_view_equal(found, parley_view_of(values, len)))
            return true;
        values += len;
        values += *values == '|';
    }
    return false;
}

/* Characters of a string, at most `enough` and one. */
static uint32_t characters(struct parley_view raw, uint32_t enough)
{
    const char *at = raw.at + 1, *end = raw.at + raw.len - 1;
    uint32_t count = 0;

    for (; at < end && count <= enough; count++) {
        if (*at == '\\')
            parley_json_escape(&at);
        else
            for (at++; at < end && ((unsigned char)*at & 0xC0) == 0x80; at++)
                ;
    }
    return count;
}

static bool is_word(struct parley_view raw)
{
    for (size_t i = 1; i + 1 < raw.len; i++) {
        char c = raw.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
              c == '-'))
            return false;
    }
    return raw.len > 2;
}

static bool check_string(const struct check *c, const struct parley_shape_field *field,
                         struct parley_view raw, const char *path)
{
    enum parley_rule rule = rule_or(field->rule, c->rules->value);
    char text[48];
    struct parley_view shown = parley_peek_unescape(raw, text, sizeof(text));

    if (field->values != NULL && !among(raw, field->values))
        return wrong(c, rule, "invalid_value", path, "Invalid value: '%.*s'. Supported values are: %s.",
                     (int)shown.len, shown.at, field->values);
    if (field->longest > 0 && characters(raw, field->longest) > field->longest)
        return wrong(c, rule, "string_above_max_length", path,
                     "Invalid '%s': string too long. Expected a string with maximum length %u.", path,
                     (unsigned)field->longest);
    if (field->word && !is_word(raw))
        return wrong(c, rule, "invalid_value", path,
                     "Invalid '%s': expected letters, digits, underscores and dashes.", path);
    return true;
}

/* A bound of the tables, not negative and with two decimals at most: small C libraries print no doubles. */
static const char *bound_text(double bound, char text[32])
{
    unsigned long hundredths = (unsigned long)(bound * 100 + 0.5);

    if (hundredths % 100 == 0)
        snprintf(text, 32, "%lu", hundredths / 100);
    else
        snprintf(text, 32, "%lu.%02lu", hundredths / 100, hundredths % 100);
    return text;
}

static bool check_number(const struct check *c, const struct parley_shape_field *field,
                         struct parley_view raw, const char *path)
{
    bool integer = (field->kinds & PARLEY_IS_NUMBER) == 0;
    enum parley_rule rule = rule_or(field->rule, c->rules->value);
    int shown = (int)(raw.len < 32 ? raw.len : 32);
    struct parley_json j;
    double number = 0;
    char bound[32];

    start(&j, raw);
    parley_json_next(&j);
    if (field->most <= 0 || !parley_json_double(&j, &number))
        return true;
    if (field->least >= field->most && (number < field->most || number > field->most))
        return wrong(c, rule, "invalid_value", path, "Invalid value: %.*s. Supported values are: %s.", shown,
                     raw.at, bound_text(field->most, bound));
    if (number < field->least)
        return wrong(c, rule, integer ? "integer_below_min_value" : "decimal_below_min_value", path,
                     "Invalid '%s': below minimum value. Expected a value >= %s, but got %.*s instead.", path,
                     bound_text(field->least, bound), shown, raw.at);
    if (number > field->most)
        return wrong(c, rule, integer ? "integer_above_max_value" : "decimal_above_max_value", path,
                     "Invalid '%s': above maximum value. Expected a value <= %s, but got %.*s instead.", path,
                     bound_text(field->most, bound), shown, raw.at);
    return true;
}

static bool check_value(const struct check *c, const struct parley_shape_field *field, struct parley_view raw,
                        const char *path);

/* The elements of an array are as the field says: objects of its shape, or strings. */
static bool check_array(const struct check *c, const struct parley_shape_field *field, struct parley_view raw,
                        const char *path)
{
    struct parley_shape_field element = *field;
    struct parley_json j;
    enum parley_json_token token;

    element.kinds = field->shape != NULL ? PARLEY_IS_OBJECT : PARLEY_IS_STRING;
    if (field->shape == NULL && field->values == NULL)
        return true;
    start(&j, raw);
    parley_json_next(&j);
    for (unsigned i = 0; (token = parley_json_next(&j)) > 0 && token != PARLEY_JSON_ARRAY_END; i++) {
        const char *at = j.raw.at;
        char place[PATH];

        if (field->longest > 0 && i == field->longest)
            return wrong(c, rule_or(field->rule, c->rules->value), "array_above_max_length", path,
                         "Invalid '%s': array too long. Expected an array with maximum length %u.", path,
                         (unsigned)field->longest);
        parley_json_skip(&j);
        snprintf(place, sizeof(place), "%.80s[%u]", path, i);
        element.longest = 0;
        if (!check_value(c, &element, parley_view_of(at, (size_t)(j.at - at)), place))
            return false;
    }
    return true;
}

static bool check_value(const struct check *c, const struct parley_shape_field *field, struct parley_view raw,
                        const char *path)
{
    uint8_t kind = kind_of(raw);

    if ((kind & field->kinds) == 0)
        return wrong(c, c->rules->type, "invalid_type", path,
                     "Invalid type for '%s': expected %s, but got %s instead.", path, kind_name(field->kinds),
                     kind_name(kind));
    switch (kind & PARLEY_IS_ANY) {
    case PARLEY_IS_STRING:
        return check_string(c, field, raw, path);
    case PARLEY_IS_ARRAY:
        return check_array(c, field, raw, path);
    case PARLEY_IS_OBJECT:
        return field->shape == NULL || parley_shape_check(field->shape, raw, path, c->rules, c->fault);
    case PARLEY_IS_NULL:
    case PARLEY_IS_BOOLEAN:
        return true;
    default:
        return check_number(c, field, raw, path);
    }
}

/* ---- an object ----------------------------------------------------------------------------------- */

static void name_variants(const struct parley_shape *shape, char *into, size_t bytes)
{
    size_t used = 0;

    into[0] = '\0';
    for (const struct parley_shape_variant *v = shape->variants; v->value != NULL && used + 8 < bytes; v++)
        used += (size_t)snprintf(into + used, bytes - used, "%s'%s'", used > 0 ? ", " : "", v->value);
}

/* The variant that the member `by` picks; NULL with the fault told. */
static const struct parley_shape *pick(const struct check *c, const struct parley_shape *shape,
                                       struct parley_view json, const char *path)
{
    char place[PATH], value[64], names[160];
    struct parley_view raw, text;

    join(place, path, parley_view(shape->by));
    if (!parley_peek(json, parley_view(shape->by), &raw)) {
        wrong(c, rule_or(shape->missing, c->rules->missing), "missing_required_parameter", place,
              "Missing required parameter: '%s'.", place);
        return NULL;
    }
    if (!parley_peek_is_string(raw)) {
        wrong(c, c->rules->type, "invalid_type", place,
              "Invalid type for '%s': expected a string, but got %s instead.", place,
              kind_name(kind_of(raw)));
        return NULL;
    }
    text = parley_peek_unescape(raw, value, sizeof(value));
    for (const struct parley_shape_variant *v = shape->variants; v->value != NULL; v++)
        if (parley_view_is(text, v->value))
            return v->shape;
    name_variants(shape, names, sizeof(names));
    wrong(c, rule_or(shape->rule, c->rules->value), "invalid_value", place,
          "Invalid value: '%.*s'. Supported values are: %s.", (int)text.len, text.at, names);
    return NULL;
}

/* One member of an object; `seen` gets the bit of its field. */
static bool check_member(const struct check *c, const struct parley_shape *shape, const char *const *by,
                         struct parley_json *j, const char *path, uint32_t *seen)
{
    struct parley_json name = *j;
    struct parley_view raw;
    char place[PATH];

    join(place, path, parley_view_of(j->raw.at + 1, j->raw.len - 2));
    if (!parley_json_raw(j, &raw))
        return true;
    for (unsigned i = 0; shape->fields[i].name != NULL; i++)
        if (parley_json_name_is(&name, shape->fields[i].name)) {
            *seen |= (uint32_t)1 << i;
            return check_value(c, &shape->fields[i], raw, place);
        }
    for (; *by != NULL; by++)
        if (parley_json_name_is(&name, *by))
            return true;
    return wrong(c, rule_or(shape->unknown, c->rules->unknown), "unknown_parameter", place,
                 "Unknown parameter: '%s'.", place);
}

static bool check_missing(const struct check *c, const struct parley_shape *shape, const char *path,
                          uint32_t seen)
{
    for (unsigned i = 0; shape->fields[i].name != NULL; i++) {
        const struct parley_shape_field *field = &shape->fields[i];
        char place[PATH];

        if (!field->required || (seen >> i & 1) != 0)
            continue;
        join(place, path, parley_view(field->name));
        if (!wrong(c, rule_or(field->rule, c->rules->missing), "missing_required_parameter", place,
                   "Missing required parameter: '%s'.", place))
            return false;
    }
    return true;
}

bool parley_shape_check(const struct parley_shape *shape, struct parley_view json, const char *path,
                        const struct parley_shape_rules *rules, struct parley_shape_fault *fault)
{
    const struct check c = {.rules = rules, .fault = fault};
    const char *by[4] = {NULL};
    uint32_t seen = 0;
    struct parley_json j;

    for (unsigned i = 0; shape->by != NULL && i < 3; i++) {
        by[i] = shape->by;
        shape = pick(&c, shape, json, path);
        if (shape == NULL)
            return false;
    }
    if (shape->fields == NULL)
        return true;
    start(&j, json);
    if (parley_json_next(&j) != PARLEY_JSON_OBJECT)
        return false;
    while (parley_json_next(&j) == PARLEY_JSON_NAME)
        if (!check_member(&c, shape, by, &j, path, &seen))
            return false;
    return check_missing(&c, shape, path, seen);
}
