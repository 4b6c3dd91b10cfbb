/* Earlier threads by where they worked. See context/recent_work.h. */
#include "context/recent_work.h"

#include "context/git_root.h"
#include "parser/utf8.h"

#include <stdio.h>

enum { GROUPS = 8, ASKS_HERE = 8, ASKS_ELSEWHERE = 5, ASK_CHARACTERS = 240, ASK_CUT = 237 };

/* ---- which group a thread belongs to ---------------------------------------------------------- */

/*
 * `key` where it stays: in `cwd` if that begins with it, as it nearly always does, else among the roots.
 * Absent when these are full.
 */
static struct parley_view keep_key(struct parley_recent_work *w, struct parley_view cwd,
                                   struct parley_view key)
{
    if (parley_view_starts(cwd, key))
        return parley_view_of(cwd.at, key.len);
    for (size_t at = 0; at < w->roots_used; at += strlen(w->roots + at) + 1)
        if (parley_view_is(key, w->roots + at))
            return parley_view(w->roots + at);
    if (key.len + 1 > sizeof w->roots - w->roots_used)
        return parley_view(NULL);
    memcpy(w->roots + w->roots_used, key.at, key.len);
    w->roots[w->roots_used + key.len] = '\0';
    w->roots_used += key.len + 1;
    return parley_view(w->roots + w->roots_used - key.len - 1);
}

/* The repository of a cwd, else the cwd itself. */
static void find_key(struct parley_recent_work *w, struct parley_view cwd, struct parley_recent_place *p)
{
    size_t len = parley_git_root(w->plain, cwd);

    p->git = len > 0;
    if (!p->git)
        len = parley_path_plain(w->plain, parley_view(NULL), cwd);
    p->key = keep_key(w, cwd, parley_view_of(w->plain, len));
    if (len == 0 || p->key.at == NULL) {
        p->key = cwd;
        p->git = false;
    }
}

/* ---- order ------------------------------------------------------------------------------------- */

static int compare_text(struct parley_view a, struct parley_view b)
{
    int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Does `a` come before `b`? The group of the present session first, then the one updated last, then by path;
   in a group the thread updated last. */
static bool is_before(const struct parley_recent_place *a, const struct parley_recent_place *b,
                      struct parley_view here)
{
    bool a_here = parley_view_equal(a->key, here), b_here = parley_view_equal(b->key, here);
    int path = compare_text(a->key, b->key);

    if (path == 0)
        return a->thread->updated_us > b->thread->updated_us;
    if (a_here != b_here)
        return a_here;
    return a->group_us != b->group_us ? a->group_us > b->group_us : path < 0;
}

/* When each group was updated last, for its members. */
static void date_groups(struct parley_recent_place *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        places[i].group_us = places[i].thread->updated_us;
        for (size_t j = 0; j < count; j++)
            if (parley_view_equal(places[i].key, places[j].key) &&
                places[j].thread->updated_us > places[i].group_us)
                places[i].group_us = places[j].thread->updated_us;
    }
}

/* By insertion: few they are, and those of one time keep their order. */
static void sort(struct parley_recent_place *places, size_t count, struct parley_view here)
{
    for (size_t i = 1; i < count; i++) {
        struct parley_recent_place moved = places[i];
        size_t at = i;

        for (; at > 0 && is_before(&moved, &places[at - 1], here); at--)
            places[at] = places[at - 1];
        places[at] = moved;
    }
}

/* ---- asks -------------------------------------------------------------------------------------- */

/* The next word of a text, taken off its front; "" at the end. */
static struct parley_view take_word(struct parley_view *text)
{
    struct parley_view word;

    for (size_t space; (space = parley_utf8_space(*text)) > 0;)
        *text = parley_view_skip(*text, space);
    word = parley_view_of(text->at, 0);
    while (text->len > 0 && parley_utf8_space(*text) == 0) {
        word.len++;
        *text = parley_view_skip(*text, 1);
    }
    return word;
}

static bool same_words(struct parley_view a, struct parley_view b)
{
    struct parley_view in_a, in_b;

    do {
        in_a = take_word(&a);
        in_b = take_word(&b);
    } while (in_a.len > 0 && parley_view_equal(in_a, in_b));
    return in_a.len == 0 && in_b.len == 0;
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

/* How many characters the words of a text have with one space between them. */
static size_t characters(struct parley_view text)
{
    size_t count = 0;

    for (struct parley_view word; (word = take_word(&text)).len > 0;) {
        count += count > 0;
        for (size_t i = 0; i < word.len; i++)
            count += starts_character(word.at[i]);
    }
    return count;
}

/* The first `count` characters of a word; all of it when it has fewer. */
static struct parley_view first_characters(struct parley_view word, size_t count)
{
    size_t len = 0;

    for (; len < word.len; len++) {
        if (!starts_character(word.at[len]))
            continue;
        if (count-- == 0)
            break;
    }
    return parley_view_of(word.at, len);
}

/* Writes an ask on one line, which is not long. */
static void add_words(struct parley_section *out, struct parley_view ask)
{
    bool cut = characters(ask) > ASK_CHARACTERS;
    size_t left = cut ? ASK_CUT : ASK_CHARACTERS;
    bool first = true;

    for (struct parley_view word; left > 0 && (word = take_word(&ask)).len > 0; first = false) {
        if (!first) {
            parley_section_add_text(out, " ");
            left--;
        }
        word = first_characters(word, left);
        parley_section_add(out, word);
        left -= characters(word);
    }
    if (cut)
        parley_section_add_text(out, "...");
}

/* Was the ask of place `i` written already for one before it in the group? All that differ are, up to the
 * limit. */
static bool is_repeated(const struct parley_recent_place *group, size_t i)
{
    for (size_t before = 0; before < i; before++)
        if (parley_view_equal(group[before].thread->cwd, group[i].thread->cwd) &&
            same_words(group[before].thread->ask, group[i].thread->ask))
            return true;
    return false;
}

/* Writes up to `limit` asks, one to a line; returns how many. With `out` NULL only counts. */
static size_t add_asks(struct parley_section *out, const struct parley_recent_place *group, size_t count,
                       size_t limit)
{
    size_t added = 0;

    for (size_t i = 0; i < count && added < limit; i++) {
        const struct parley_recent_thread *thread = group[i].thread;

        if (parley_utf8_trim(thread->ask).len == 0 || is_repeated(group, i))
            continue;
        added++;
        if (out == NULL)
            continue;
        parley_section_add_text(out, "\n- ");
        parley_section_add_name(out, thread->cwd);
        parley_section_add_text(out, ": ");
        add_words(out, thread->ask);
    }
    return added;
}

/* ---- groups ------------------------------------------------------------------------------------ */

/* A day as year, month and day of the Gregorian calendar, counted from 1970-01-01. */
static void date_of(int64_t day, int date[3])
{
    /* Months are counted from March, so that the leap day ends a year; 400 years are 146097 days. */
    enum { DAYS_OF_400_YEARS = 146097, FROM_YEAR_0 = 719468 };
    int64_t from_0 = day + FROM_YEAR_0 + DAYS_OF_400_YEARS; /* not negative in the times we show */
    int64_t left = from_0 % DAYS_OF_400_YEARS;
    int64_t year = (left - left / 1460 + left / 36524 - left / 146096) / 365, month;

    left -= 365 * year + year / 4 - year / 100;
    month = (5 * left + 2) / 153;
    date[0] = (int)(year + from_0 / DAYS_OF_400_YEARS * 400 - 400 + (month >= 10));
    date[1] = (int)(month < 10 ? month + 3 : month - 9);
    date[2] = (int)(left - (153 * month + 2) / 5 + 1);
}

/* Writes a time as RFC 3339 has it, to the second, in UTC. One beyond its four digits of years is shown as
   the first or last it can say. */
static void add_time(struct parley_section *out, int64_t time_us)
{
    static const int64_t first_s = -62167219200, last_s = 253402300799, day_s = 86400;
    int64_t time_s = time_us / 1000000 - (time_us % 1000000 < 0), day;
    int date[3], second;
    char text[80];

    time_s = time_s < first_s ? first_s : time_s > last_s ? last_s : time_s;
    day = time_s / day_s - (time_s % day_s < 0);
    second = (int)(time_s - day * day_s);
    date_of(day, date);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d+00:00", date[0], date[1], date[2],
             second / 3600, second / 60 % 60, second % 60);
    parley_section_add_text(out, text);
}

/* Writes a group, `count` places, newest first; one of which nothing but its name is known is not worth it.
 */
static void add_group(struct parley_section *out, const struct parley_recent_place *group, size_t count,
                      size_t asks)
{
    const struct parley_recent_thread *latest = group[0].thread;

    if (latest->branch.len == 0 && add_asks(NULL, group, count, asks) == 0)
        return;
    parley_section_add_text(out, out->used > 0 ? "\n\n" : "");
    parley_section_add_text(out, group[0].git ? "### Git repo: " : "### Directory: ");
    parley_section_add_name(out, group[0].key);
    parley_section_add_text(out, "\nRecent sessions: ");
    parley_section_add_number(out, count);
    parley_section_add_text(out, "\nLatest activity: ");
    add_time(out, latest->updated_us);
    if (latest->branch.len > 0) {
        parley_section_add_text(out, "\nLatest branch: ");
        parley_section_add_name(out, latest->branch);
    }
    parley_section_add_text(out, "\n\nUser asks:");
    add_asks(out, group, count, asks);
}

static size_t group_length(const struct parley_recent_place *group, size_t count)
{
    size_t length = 1;

    while (length < count && parley_view_equal(group[length].key, group[0].key))
        length++;
    return length;
}

/* Gives each thread that has a cwd its place; returns how many have. */
static size_t place_threads(struct parley_recent_work *work, const struct parley_recent_thread *threads,
                            size_t count)
{
    size_t placed = 0;

    for (size_t i = 0; i < count && i < PARLEY_RECENT_THREADS; i++) {
        if (threads[i].cwd.len == 0)
            continue;
        work->places[placed].thread = &threads[i];
        find_key(work, threads[i].cwd, &work->places[placed++]);
    }
    return placed;
}

void parley_recent_work(struct parley_section *out, struct parley_recent_work *work, struct parley_view cwd,
                        const struct parley_recent_thread *threads, size_t count)
{
    struct parley_recent_place *places = work->places, here = {.key = {NULL, 0}};
    size_t length;

    work->roots_used = 0;
    count = place_threads(work, threads, count);
    if (cwd.len > 0)
        find_key(work, cwd, &here);
    date_groups(places, count);
    sort(places, count, here.key);
    for (size_t at = 0, groups = 0; at < count && groups < GROUPS; at += length, groups++) {
        bool is_here = cwd.len > 0 && parley_view_equal(places[at].key, here.key);

        length = group_length(places + at, count - at);
        add_group(out, places + at, length, is_here ? ASKS_HERE : ASKS_ELSEWHERE);
    }
}
