/* What may not be told is told as stars; see scrub.h. */
#include "core/scrub.h"

enum { SOUND_RUN = 512 /* so many letters of base64 on end are sound */ };

/* ---- what is hidden ---------------------------------------------------------------------------- */

struct sink {
    const struct parley_scrub *scrub;
    void (*put)(void *to, const char *at, size_t len);
    void *to;
};

static void put(const struct sink *sink, const char *at, size_t len)
{
    if (len > 0)
        sink->put(sink->to, at, len);
}

static int hex_digit(char at)
{
    if (at >= '0' && at <= '9')
        return at - '0';
    at = (char)(at | 0x20);
    return at >= 'a' && at <= 'f' ? at - 'a' + 10 : -1;
}

/*
 * The byte a text goes on with, of which JSON may have made an escape, and JSON within JSON one of that: then
 * there are more backslashes. *len is how long it is. -1 for what stands for no byte of ASCII.
 */
static int next_byte(struct parley_view text, size_t *len)
{
    size_t slashes = 0;
    int value = 0;

    while (slashes < text.len && text.at[slashes] == '\\')
        slashes++;
    *len = slashes > 0 ? slashes : 1;
    if (slashes == 0 || slashes == text.len)
        return (unsigned char)text.at[0];
    if (text.at[slashes] == '"' || text.at[slashes] == '/') {
        *len = slashes + 1;
        return text.at[slashes];
    }
    if (text.at[slashes] != 'u' || text.len < slashes + 5)
        return '\\';
    for (size_t i = slashes + 1; i < slashes + 5; i++) {
        int digit = hex_digit(text.at[i]);

        if (digit < 0)
            return '\\';
        value = value * 16 + digit;
    }
    *len = slashes + 5;
    return value < 0x80 ? value : -1;
}

/* How many bytes of the text are the secret, with escapes or (`plainly`) as it is; 0 when it does not begin
   with it. */
static size_t match(struct parley_view text, struct parley_view secret, bool plainly)
{
    size_t at = 0;

    for (size_t i = 0; i < secret.len; i++) {
        size_t len = 1;
        struct parley_view rest = parley_view_skip(text, at);

        if (rest.len == 0)
            return 0;
        if ((plainly ? (unsigned char)rest.at[0] : next_byte(rest, &len)) != (unsigned char)secret.at[i])
            return 0;
        at += len;
    }
    return at;
}

static bool may_begin(const struct parley_scrub *s, char first)
{
    unsigned char at = (unsigned char)first;

    return (s->begins[at / 8] >> at % 8 & 1) != 0;
}

static void note_begin(struct parley_scrub *s, char first)
{
    unsigned char at = (unsigned char)first;

    s->begins[at / 8] |= (uint8_t)(1u << at % 8);
}

static size_t secret_at(const struct parley_scrub *s, struct parley_view text)
{
    size_t longest = 0;

    if (!may_begin(s, text.at[0]))
        return 0;
    for (size_t i = 0; i < 2 * s->secret_count; i++) {
        size_t len = match(text, s->secrets[i / 2], i % 2 == 0);
        longest = len > longest ? len : longest;
    }
    return longest;
}

/* Stars, so many that every length stays what it was: also of what an escape stands for. What JSON would
   escape, and what is not ASCII, has no secret in it worth a difference. */
static void put_stars(const struct sink *sink, struct parley_view secret)
{
    while (secret.len > 0) {
        size_t len;
        int byte = next_byte(secret, &len);
        bool stays = byte < ' ' || byte == '"' || byte == '\\' || byte == '/' || byte >= 0x80;

        if (stays)
            put(sink, secret.at, len);
        else if (len == 1)
            put(sink, "*", 1);
        else
            put(sink, secret.at, len - 4), put(sink, "002a", 4);
        secret = parley_view_skip(secret, len);
    }
}

static bool is_sound(char at)
{
    return (at >= 'A' && at <= 'Z') || (at >= 'a' && at <= 'z') || (at >= '0' && at <= '9') || at == '+' ||
           at == '/';
}

/* The bytes of base64 sound a text begins with, where sound is not recorded. */
static size_t sound_at(const struct parley_scrub *s, struct parley_view text)
{
    size_t len = 0;

    while (s->silence && len < text.len && is_sound(text.at[len]))
        len++;
    return len;
}

static void put_silence(const struct sink *sink, size_t len)
{
    while (len-- > 0)
        put(sink, "A", 1);
}

void parley_scrub(const struct parley_scrub *s, struct parley_view text,
                  void (*take)(void *to, const char *at, size_t len), void *to)
{
    const struct sink whole = {s, take, to}, *sink = &whole;
    size_t plain = 0, at = 0;

    if (text.len == 0)
        return;
    if (s->secret_count == 0 && !s->silence) {
        put(sink, text.at, text.len);
        return;
    }
    while (at < text.len) {
        struct parley_view rest = parley_view_skip(text, at);
        size_t secret = secret_at(s, rest), sound = secret > 0 ? 0 : sound_at(s, rest);

        if (secret == 0 && sound < SOUND_RUN) {
            at++;
            continue;
        }
        put(sink, text.at + plain, at - plain);
        if (secret > 0)
            put_stars(sink, parley_view_of(rest.at, secret));
        else
            put_silence(sink, sound);
        at += secret + (secret > 0 ? 0 : sound);
        plain = at;
    }
    put(sink, text.at + plain, text.len - plain);
}

struct parley_view parley_scrub_cut(const struct parley_scrub *s, struct parley_view text, size_t bytes)
{
    size_t cut = 0, hidden = 0;

    if (text.len <= bytes)
        return text;
    for (; cut<bytes; cut += hidden> 0 ? hidden : 1)
        hidden = secret_at(s, parley_view_skip(text, cut));
    while (cut < text.len && ((unsigned char)text.at[cut] & 0xC0) == 0x80)
        cut++;
    return parley_view_of(text.at, cut);
}

/* ---- what is to be hidden ------------------------------------------------------------------------ */

/* Whoever knows these could take part in a call. */
static void each_ice_password(struct parley_view sdp, void *to,
                              void (*take)(void *to, struct parley_view secret))
{
    static const char name[] = "a=ice-pwd:";

    for (; sdp.len > 0; sdp = parley_view_skip(sdp, 1)) {
        size_t len = sizeof name - 1;

        if (!parley_view_starts(sdp, parley_view(name)))
            continue;
        while (len < sdp.len && sdp.at[len] != '\r' && sdp.at[len] != '\n')
            len++;
        take(to, parley_view_of(sdp.at + sizeof name - 1, len - (sizeof name - 1)));
    }
}

/* Where the secrets of the options are; called twice, to count and to keep. */
static void each_secret(const struct parley_options *o, void *to,
                        void (*take)(void *to, struct parley_view secret))
{
    struct parley_view proxy = o->proxy;

    take(to, o->api_key);
    for (size_t i = 0; i < o->header_count; i++)
        take(to, o->headers[i].value);
    for (size_t i = 0; i < o->query_count; i++)
        take(to, o->query[i].value);
    /* http://USER:PASSWORD@HOST: what may be secret ends at the last '@', and begins behind the first ':'. */
    while (proxy.len > 0 && proxy.at[proxy.len - 1] != '@')
        proxy.len--;
    if (proxy.len > 0)
        proxy.len--;
    for (size_t i = 0; i + 2 < proxy.len; i++)
        if (memcmp(proxy.at + i, "://", 3) == 0) {
            proxy = parley_view_skip(proxy, i + 3);
            break;
        }
    take(to, proxy);
    each_ice_password(o->sdp_offer, to, take);
    while (proxy.len > 0 && proxy.at[0] != ':')
        proxy = parley_view_skip(proxy, 1);
    take(to, parley_view_skip(proxy, 1));
}

struct keeper {
    struct parley_scrub *s;
    struct parley_arena *arena;
    size_t count;
};

static void keep_one(struct keeper *k, struct parley_view secret)
{
    char *copy;

    if (secret.len < PARLEY_SCRUB_MIN)
        return;
    copy = k->arena != NULL ? parley_arena_take(k->arena, secret.len, 1) : NULL;
    if (copy != NULL && k->s->secrets != NULL) {
        memcpy(copy, secret.at, secret.len);
        k->s->secrets[k->count] = parley_view_of(copy, secret.len);
        note_begin(k->s, secret.at[0]);
        note_begin(k->s, '\\');
    }
    if (secret.len * 6 > k->s->longest)
        k->s->longest = secret.len * 6;
    k->count++;
}

/* The whole, and its words: of "Bearer KEY" a service may say the key alone. */
static void keep(void *keeper, struct parley_view secret)
{
    size_t len = 0;

    secret = parley_view_trim(secret);
    keep_one(keeper, secret);
    while (len < secret.len && secret.at[len] != ' ')
        len++;
    if (len == secret.len)
        return;
    for (; secret.len > 0; secret = parley_view_skip(secret, len + 1)) {
        for (len = 0; len < secret.len && secret.at[len] != ' ';)
            len++;
        keep_one(keeper, parley_view_of(secret.at, len));
    }
}

void parley_scrub_open(struct parley_scrub *s, struct parley_arena *arena, const struct parley_options *o)
{
    struct keeper keeper = {.s = s};

    each_secret(o, &keeper, keep);
    s->secret_count = keeper.count;
    s->secrets = parley_arena_take(arena, keeper.count, sizeof *s->secrets);
    keeper = (struct keeper){.s = s, .arena = arena};
    each_secret(o, &keeper, keep);
}
