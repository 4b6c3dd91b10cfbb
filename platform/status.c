/*
 * The names and texts of the statuses, made from the one list in status.h.
 */
#include "platform/status.h"

const char *parley_status_name(int status)
{
    switch (status) {
#define NAME(name, number, text)                                                                             \
    case number:                                                                                             \
        return #name;
        PARLEY_STATUS(NAME)
#undef NAME
    }
    return "?";
}

const char *parley_status_text(int status)
{
    switch (status) {
#define TEXT(name, number, text)                                                                             \
    case number:                                                                                             \
        return text;
        PARLEY_STATUS(TEXT)
#undef TEXT
    }
    return "unknown status";
}
