#ifndef PARLEY_TRANSPORT_LOOPBACK_SHAPE_H
#define PARLEY_TRANSPORT_LOOPBACK_SHAPE_H

#include "transport/loopback/rules.h"
#include <stdint.h>

/*
 * What a client's message may look like, as tables, and a check that names the first thing that is wrong: the
 * rule it breaks, the error's code and the path of the field ("session.tools[2].name").
 */
enum parley_shape_kind { /* what a value may be, as bits */
                         PARLEY_IS_STRING = 1,
                         PARLEY_IS_BOOLEAN = 2,
                         PARLEY_IS_INTEGER = 4,
                         PARLEY_IS_NUMBER = 8,
                         PARLEY_IS_OBJECT = 16,
                         PARLEY_IS_ARRAY = 32,
                         PARLEY_IS_NULL = 64,
                         PARLEY_IS_ANY = 127,
};

struct parley_shape;

struct parley_shape_field {
    const char *name;                 /* NULL ends a list */
    uint8_t kinds;                    /* of parley_shape_kind */
    bool required;                    /* whoever leaves it out breaks `rule`, or the missing rule */
    bool word;                        /* letters, digits, _ and - alone */
    const struct parley_shape *shape; /* of an object, or of an array's objects; NULL: anything */
    const char *values;               /* "a|b": of a string, or of an array's strings; NULL: any */
    double least, most;               /* of a number, where most is not 0 */
    uint32_t longest;                 /* characters of a string, elements of an array; 0: no matter */
    enum parley_rule rule;            /* a value that is not allowed breaks it; NONE: the value rule */
};

struct parley_shape_variant {
    const char *value; /* NULL ends a list */
    const struct parley_shape *shape;
};

/* Either the value of the member `by` picks one of the variants, or the fields count. */
struct parley_shape {
    const char *by;
    const struct parley_shape_variant *variants;
    const struct parley_shape_field *fields;
    enum parley_rule rule;    /* a wrong `by` breaks it; NONE: the value rule */
    enum parley_rule missing; /* its absence; NONE: the missing rule */
    enum parley_rule unknown; /* a field that is not in the list; NONE: the unknown rule */
};

/* The rules that are broken where a table names none. */
struct parley_shape_rules {
    enum parley_rule unknown, type, missing, value;
    bool lenient; /* what is a matter of form passes */
};

struct parley_shape_fault {
    enum parley_rule rule;
    const char *code;
    char param[96], text[256];
};

/* Checks the object `json`, whose path is `path`. False with *fault filled for the first thing wrong. */
bool parley_shape_check(const struct parley_shape *shape, struct parley_view json, const char *path,
                        const struct parley_shape_rules *rules, struct parley_shape_fault *fault);

#endif
