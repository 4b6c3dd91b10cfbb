/*
 * The table of the service's rules; see rules.h.
 */
#include "transport/loopback/rules.h"

static const struct parley_rule_row rows[] = {{"", "", "", "", ' '},
#define ROW(name, id, kind, answer, title, source) {id, answer, title, source, kind},
                                              PARLEY_RULES(ROW)
#undef ROW
};

const struct parley_rule_row *parley_rule(enum parley_rule rule)
{
    return &rows[rule < PARLEY_RULES_END ? rule : PARLEY_RULE_NONE];
}

enum parley_rule parley_rule_named(struct parley_view id)
{
    for (int i = 1; i < PARLEY_RULES_END; i++)
        if (parley_view_is(id, rows[i].id))
            return (enum parley_rule)i;
    return PARLEY_RULE_NONE;
}

bool parley_rule_is_form(enum parley_rule rule)
{
    return parley_rule(rule)->kind == 'f';
}
