/*
 * WAV and raw PCM, in and out, for the programs. The library itself knows samples only.
 */
#include "core/cli/sound.h"

#include "core/parley.h"
#include "platform/file.h"

#include <stdio.h>

enum { FORMAT_PCM = 1, FORMAT_EXTENSIBLE = 0xfffe, FORMAT_BYTES = 40, BYTES_A_SAMPLE = 2 };

static uint32_t little(const unsigned char *at, size_t bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

void parley_cli_sound_open(struct parley_cli_sound *sound, int fd)
{
    *sound = (struct parley_cli_sound){.fd = fd};
}

static int refuse(struct parley_cli_sound *s, const char *why)
{
    s->at = PARLEY_CLI_SOUND_REFUSED;
    snprintf(s->why, sizeof s->why, "%s", why);
    return PARLEY_ERR_FILE;
}

/* ---- bytes from the input -------------------------------------------------------------------- */

/* Reads on until `need` bytes are held. 1: they are; 0: not now; PARLEY_ERR_PEER_CLOSED: they never will. */
static int hold(struct parley_cli_sound *s, size_t need)
{
    while (s->held_bytes < need) {
        int got = s->input_ended ? PARLEY_ERR_PEER_CLOSED
                                 : parley_file_read(s->fd, s->held + s->held_bytes, need - s->held_bytes);

        if (got == PARLEY_ERR_PEER_CLOSED)
            s->input_ended = true;
        if (got == PARLEY_ERR_FILE)
            return refuse(s, parley_file_reason());
        if (got <= 0)
            return got;
        s->held_bytes += (size_t)got;
    }
    return 1;
}

static void use(struct parley_cli_sound *s, size_t bytes)
{
    s->held_bytes -= bytes;
    memmove(s->held, s->held + bytes, s->held_bytes);
}

/* ---- the header ------------------------------------------------------------------------------ */

/* What somebody may well hand in instead, told by its first bytes. */
static const struct {
    struct parley_view magic;
    const char *what;
} others[] = {
    {PARLEY_VIEW("fLaC"), "this is a FLAC file"},
    {PARLEY_VIEW("OggS"), "this is an Ogg file (Vorbis or Opus)"},
    {PARLEY_VIEW("ID3"), "this is an MP3 file"},
    {PARLEY_VIEW("FORM"), "this is an AIFF file"},
    {PARLEY_VIEW("RIFX"), "this is a WAV file with big-endian samples"},
    {PARLEY_VIEW("RF64"), "this is an RF64 file (a WAV beyond 4 GB)"},
    {PARLEY_VIEW("caff"), "this is a Core Audio file"},
    {PARLEY_VIEW("\x1a\x45\xdf\xa3"), "this is a Matroska or WebM file"},
};

static const char wanted[] = "wanted is WAV or raw PCM, 24000 Hz, mono, 16 bit";

static int refuse_other(struct parley_cli_sound *s, const char *what)
{
    char why[PARLEY_CLI_SOUND_WHY];

    snprintf(why, sizeof why, "%s; %s", what, wanted);
    return refuse(s, why);
}

static int start_raw(struct parley_cli_sound *s)
{
    s->left = UINT64_MAX;
    s->at = PARLEY_CLI_SOUND_DATA;
    return 1;
}

static int step_start(struct parley_cli_sound *s)
{
    int got = hold(s, 4);
    struct parley_view start = parley_view_of((const char *)s->held, s->held_bytes);

    if (got == PARLEY_ERR_PEER_CLOSED)
        return start_raw(s);
    if (got <= 0)
        return got;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (parley_view_starts(start, others[i].magic))
            return refuse_other(s, others[i].what);
    if (memcmp(s->held, "RIFF", 4) != 0)
        return start_raw(s);
    got = hold(s, 12);
    if (got == PARLEY_ERR_PEER_CLOSED || (got == 1 && memcmp(s->held + 8, "WAVE", 4) != 0))
        return refuse_other(s, "this is a RIFF file without WAVE in it");
    if (got <= 0)
        return got;
    s->wav = true;
    use(s, 12);
    s->at = PARLEY_CLI_SOUND_CHUNK;
    return 1;
}

/* Streams leave the length open: with 0 (a writer that was killed) or with numbers near 2 or 4 GB. */
static uint64_t data_bytes(uint32_t size)
{
    return size == 0 || size >= 0xfffff000 || (size >= 0x7ffff000 && size <= 0x7fffffff) ? UINT64_MAX : size;
}

static int step_chunk(struct parley_cli_sound *s)
{
    int got = hold(s, 8);
    uint32_t size = little(s->held + 4, 4);

    if (got == PARLEY_ERR_PEER_CLOSED)
        return refuse_other(s, "this WAV file ends before its sound data");
    if (got <= 0)
        return got;
    if (memcmp(s->held, "fmt ", 4) == 0) {
        s->at = PARLEY_CLI_SOUND_FORMAT;
        s->left = size;
    } else if (memcmp(s->held, "data", 4) == 0) {
        if (!s->format_seen)
            return refuse_other(s, "this WAV file has sound data before its format");
        s->at = PARLEY_CLI_SOUND_DATA;
        s->left = data_bytes(size);
    } else {
        s->at = PARLEY_CLI_SOUND_SKIP;
        s->left = (uint64_t)size + (size & 1); /* odd chunks are padded */
    }
    use(s, 8);
    return 1;
}

static const char *coding_name(uint32_t tag)
{
    switch (tag) {
    case FORMAT_PCM:
        return "PCM";
    case 2:
    case 0x11:
        return "ADPCM";
    case 3:
        return "floating point";
    case 6:
        return "A-law";
    case 7:
        return "u-law";
    case 0x55:
        return "MP3";
    default:
        return "a coding that is not known here";
    }
}

static int refuse_format(struct parley_cli_sound *s, uint32_t tag, uint32_t channels, uint32_t rate,
                         uint32_t bits)
{
    char what[160];

    snprintf(what, sizeof what, "this WAV file is %lu Hz, %lu channel%s, %lu bit, %s", (unsigned long)rate,
             (unsigned long)channels, channels == 1 ? "" : "s", (unsigned long)bits, coding_name(tag));
    return refuse_other(s, what);
}

/* The format chunk: tag, channels, rate, bytes a second, bytes a frame, bits; of an extensible one also its
   length, valid bits, speakers and a GUID whose first two bytes are the tag. */
static int step_format(struct parley_cli_sound *s)
{
    size_t bytes = s->left < FORMAT_BYTES ? (size_t)s->left : FORMAT_BYTES;
    int got = hold(s, bytes);
    uint32_t tag = little(s->held, 2), channels = little(s->held + 2, 2);
    uint32_t rate = little(s->held + 4, 4), bits = little(s->held + 14, 2);

    if (bytes < 16 || got == PARLEY_ERR_PEER_CLOSED)
        return refuse_other(s, "this WAV file has a broken format chunk");
    if (got <= 0)
        return got;
    if (tag == FORMAT_EXTENSIBLE && bytes == FORMAT_BYTES)
        tag = little(s->held + 24, 2);
    if (tag != FORMAT_PCM || channels != 1 || rate != PARLEY_SAMPLE_RATE || bits != 16)
        return refuse_format(s, tag, channels, rate, bits);
    s->format_seen = true;
    use(s, bytes);
    s->left = s->left - bytes + (s->left & 1);
    s->at = PARLEY_CLI_SOUND_SKIP;
    return 1;
}

static int step_skip(struct parley_cli_sound *s)
{
    while (s->left > 0) {
        size_t piece = s->left < sizeof s->held ? (size_t)s->left : sizeof s->held;
        int got = hold(s, piece);

        if (got == PARLEY_ERR_PEER_CLOSED)
            return refuse_other(s, "this WAV file ends before its sound data");
        if (got <= 0)
            return got;
        use(s, piece);
        s->left -= piece;
    }
    s->at = PARLEY_CLI_SOUND_CHUNK;
    return 1;
}

int parley_cli_sound_probe(struct parley_cli_sound *s)
{
    for (;;) {
        int got = 1;

        switch (s->at) {
        case PARLEY_CLI_SOUND_START:
            got = step_start(s);
            break;
        case PARLEY_CLI_SOUND_CHUNK:
            got = step_chunk(s);
            break;
        case PARLEY_CLI_SOUND_FORMAT:
            got = step_format(s);
            break;
        case PARLEY_CLI_SOUND_SKIP:
            got = step_skip(s);
            break;
        case PARLEY_CLI_SOUND_DATA:
        case PARLEY_CLI_SOUND_ENDED:
            return 1;
        case PARLEY_CLI_SOUND_REFUSED:
            return PARLEY_ERR_FILE;
        }
        if (got <= 0)
            return got;
    }
}

/* ---- samples in ------------------------------------------------------------------------------ */

static long end(struct parley_cli_sound *s)
{
    s->at = PARLEY_CLI_SOUND_ENDED;
    if (s->input_ended && s->left > 0 && s->left != UINT64_MAX)
        snprintf(s->why, sizeof s->why, "the sound data ends %llu bytes early", (unsigned long long)s->left);
    return PARLEY_ERR_PEER_CLOSED;
}

/* Up to `bytes` bytes: those held from before first, then the input. As parley_file_read. */
static int take_bytes(struct parley_cli_sound *s, unsigned char *into, size_t bytes)
{
    int got;

    if (s->held_bytes > 0) {
        size_t held = s->held_bytes < bytes ? s->held_bytes : bytes;

        memcpy(into, s->held, held);
        use(s, held);
        return (int)held;
    }
    got = s->input_ended ? PARLEY_ERR_PEER_CLOSED : parley_file_read(s->fd, into, bytes);
    if (got == PARLEY_ERR_PEER_CLOSED)
        s->input_ended = true;
    return got;
}

/* Half a sample waits for its other half. */
static size_t keep_odd(struct parley_cli_sound *s, const unsigned char *bytes, size_t count)
{
    if (count % BYTES_A_SAMPLE == 1)
        s->held[s->held_bytes++] = bytes[count - 1];
    return count / BYTES_A_SAMPLE;
}

long parley_cli_sound_read(struct parley_cli_sound *s, int16_t *pcm, size_t samples)
{
    unsigned char bytes[2048];
    size_t want = samples < sizeof bytes / BYTES_A_SAMPLE ? samples * BYTES_A_SAMPLE : sizeof bytes;
    size_t have = 0, count;
    int got = parley_cli_sound_probe(s);

    if (got <= 0)
        return got;
    want = s->left < want ? (size_t)s->left : want;
    while (have < want && (got = take_bytes(s, bytes + have, want - have)) > 0)
        have += (size_t)got;
    if (s->left != UINT64_MAX)
        s->left -= have;
    if (have == 0 && got == PARLEY_ERR_FILE)
        return refuse(s, parley_file_reason());
    count = keep_odd(s, bytes, have);
    if (s->left != UINT64_MAX)
        s->left += have % BYTES_A_SAMPLE; /* it is taken again */
    for (size_t i = 0; i < count; i++)
        pcm[i] = (int16_t)little(bytes + i * BYTES_A_SAMPLE, BYTES_A_SAMPLE);
    if (count == 0 && samples > 0 && (got == PARLEY_ERR_PEER_CLOSED || s->left < BYTES_A_SAMPLE))
        return end(s);
    return (long)count;
}

/* ---- out ------------------------------------------------------------------------------------- */

static unsigned char *put(unsigned char *out, uint32_t value, size_t bytes)
{
    while (bytes-- > 0) {
        *out++ = (unsigned char)value;
        value >>= 8;
    }
    return out;
}

void parley_cli_wav_header(unsigned char out[PARLEY_CLI_WAV_HEADER], uint64_t data_bytes)
{
    enum { BEFORE_DATA = PARLEY_CLI_WAV_HEADER - 8 };
    uint32_t data = data_bytes < UINT32_MAX - BEFORE_DATA ? (uint32_t)data_bytes : UINT32_MAX;
    uint32_t riff = data == UINT32_MAX ? UINT32_MAX : data + BEFORE_DATA;

    memcpy(out, "RIFF", 4);
    put(out + 4, riff, 4);
    memcpy(out + 8, "WAVEfmt ", 8);
    out = put(out + 16, 16, 4);
    out = put(out, FORMAT_PCM, 2);
    out = put(out, 1, 2);
    out = put(out, PARLEY_SAMPLE_RATE, 4);
    out = put(out, PARLEY_SAMPLE_RATE * BYTES_A_SAMPLE, 4);
    out = put(out, BYTES_A_SAMPLE, 2);
    out = put(out, 8 * BYTES_A_SAMPLE, 2);
    memcpy(out, "data", 4);
    put(out + 4, data, 4);
}

void parley_cli_sound_bytes(unsigned char *out, const int16_t *pcm, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        out = put(out, (uint16_t)pcm[i], BYTES_A_SAMPLE);
}

bool parley_cli_sound_is_wav_name(const char *path)
{
    size_t len = strlen(path);

    if (len < 4)
        return false;
    path += len - 4;
    return path[0] == '.' && (path[1] | 32) == 'w' && (path[2] | 32) == 'a' && (path[3] | 32) == 'v';
}
