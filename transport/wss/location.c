/* Where a call is: see location.h. */
#include "transport/wss/location.h"

#include "transport/wss/answer.h"
#include "transport/wss/why.h"

static bool is_printable(struct parley_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (((unsigned char)text.at[i] < ' ' && text.at[i] != '\t') || (unsigned char)text.at[i] >= 0x7f)
            return false;
    return true;
}

/* Takes the part behind the last slash off the end. */
static struct parley_view last_part(struct parley_view *path)
{
    size_t start = path->len;
    struct parley_view part;

    while (start > 0 && path->at[start - 1] != '/')
        start--;
    part = parley_view_skip(*path, start);
    path->len = start > 0 ? start - 1 : 0;
    return part;
}

int parley_location_read(struct parley_view location, char id[PARLEY_FACT_CALL_ID],
                         char why[PARLEY_TRANSPORT_REASON])
{
    static const struct parley_view prefix = PARLEY_VIEW("rtc_");
    const char *query = location.len > 0 ? memchr(location.at, '?', location.len) : NULL;
    struct parley_view path = location, part = {NULL, 0};
    char shown[PARLEY_ANSWER_LOCATION];

    if (!is_printable(location)) {
        parley_why(why, "invalid realtime call Location: it holds a character that is not printable ASCII");
        return PARLEY_ERR_HTTP;
    }
    if (query != NULL)
        path.len = (size_t)(query - path.at);
    while (path.len > 0 && !(parley_view_starts(part, prefix) && part.len > prefix.len))
        part = last_part(&path);
    if (!(parley_view_starts(part, prefix) && part.len > prefix.len)) {
        parley_answer_location(shown, location);
        parley_why(why, "realtime call Location does not contain a call id: %s", shown);
        return PARLEY_ERR_HTTP;
    }
    if (part.len >= PARLEY_FACT_CALL_ID) {
        parley_why(why, "invalid realtime call Location: its id is longer than %d bytes",
                   PARLEY_FACT_CALL_ID - 1);
        return PARLEY_ERR_HTTP;
    }
    memcpy(id, part.at, part.len);
    id[part.len] = '\0';
    return 0;
}
