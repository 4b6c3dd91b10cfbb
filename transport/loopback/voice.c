/*
 * The loopback's voice and ear; see voice.h. The tone of a syllable is a sum of the first harmonics of its
 * pitch, weighed by the vowel, under an envelope that swells and fades; that is enough to sound like somebody
 * speaking in the next room.
 */
#include "transport/loopback/voice.h"

/* ---- the voice ----------------------------------------------------------------------------------- */

enum { HARMONICS = 10, SILENCE = 5, MS = PARLEY_VOICE_RATE / 1000 };

/* How strong each harmonic of a, e, i, o, u is, for a pitch of about 150 Hz: the peaks stand where the first
   two formants of the vowel are. */
static const uint8_t weights[5][HARMONICS] = {
    {30, 34, 40, 52, 64, 58, 60, 48, 20, 10}, /* a: 750 and 1200 Hz */
    {40, 50, 66, 52, 20, 10, 8, 10, 16, 26},  /* e: 450 and 1900 Hz */
    {60, 70, 30, 10, 6, 4, 4, 6, 10, 16},     /* i: 300 and 2300 Hz */
    {40, 52, 66, 58, 50, 40, 14, 6, 4, 2},    /* o: 450 and 850 Hz */
    {64, 66, 36, 28, 24, 12, 6, 4, 2, 1},     /* u: 320 and 800 Hz */
};

/* A sine wave of amplitude 4096 out of a phase of 16 bits: a parabola for each half, within 6 %. */
static int32_t wave(uint32_t phase)
{
    int32_t x = (int32_t)(phase & 0x7FFF), half = x * (0x8000 - x) / 65536;

    return (phase & 0x8000) != 0 ? -half : half;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* 0 to 4 for a vowel, SILENCE for any other character. */
static uint8_t vowel_of(char c)
{
    static const char vowels[] = "aeiou";
    char low = lower(c);

    if (low == 'y')
        return 2;
    for (uint8_t i = 0; i < 5; i++)
        if (vowels[i] == low)
            return i;
    return SILENCE;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Letters, digits, and all that is above ASCII, are sounds. */
static bool sounds(char c)
{
    char low = lower(c);

    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80 || c == '\'';
}

static uint32_t noise(struct parley_voice *v)
{
    v->noise = v->noise * 1664525 + 1013904223;
    return v->noise >> 16;
}

/* Phase steps a sample, in 1/65536 turns times 16 for precision. */
static uint32_t steps(uint32_t hz)
{
    return hz * 65536 / (PARLEY_VOICE_RATE / 16);
}

void parley_voice_start(struct parley_voice *v, struct parley_view text, struct parley_view name)
{
    uint32_t hash = 7;

    memset(v, 0, sizeof(*v));
    for (size_t i = 0; i < name.len; i++)
        hash = hash * 31 + (unsigned char)name.at[i];
    v->text = text;
    v->pitch = steps(115 + hash % 7 * 15);
    v->noise = 1;
}

/* A pause, in milliseconds. */
static void rest_for(struct parley_voice *v, uint32_t ms)
{
    v->vowel = SILENCE;
    v->length = ms * MS;
    v->breath = 0;
}

/* One syllable: the consonants before a vowel, the vowels, and what follows at the end of the word. */
static void take_syllable(struct parley_voice *v)
{
    const char *text = v->text.at;
    size_t at = v->at, consonants = 0, vowels = 0, left;

    v->vowel = 1; /* of a syllable without a vowel, such as a digit */
    for (; at < v->text.len && sounds(text[at]) && vowel_of(text[at]) == SILENCE && consonants < 4; at++)
        consonants++;
    for (; at < v->text.len && vowel_of(text[at]) != SILENCE; at++)
        if (vowels++ == 0)
            v->vowel = vowel_of(text[at]);
    for (left = at; left < v->text.len && sounds(text[left]) && vowel_of(text[left]) == SILENCE;)
        left++;
    if (left - at <= 2 && (left == v->text.len || !sounds(text[left]))) {
        consonants += left - at; /* the last consonants of a word make no syllable of their own */
        at = left;
    }
    v->at = at;
    v->breath = (uint32_t)(consonants > 0 ? 20 + 7 * (consonants < 4 ? consonants : 4) : 0) * MS;
    v->length = v->breath + (uint32_t)(90 + 25 * (vowels < 3 ? vowels : 3)) * MS;
    v->tone = v->pitch + v->pitch * (noise(v) % 24) / 100; /* a melody of its own */
    v->rises = at < v->text.len && text[at] == '?';
}

/* The pause behind a mark. */
static uint32_t pause_ms(char mark)
{
    switch (mark) {
    case '.':
    case '!':
    case '?':
        return 340;
    case ',':
    case ';':
    case ':':
        return 190;
    default:
        return is_space(mark) ? 45 : 15;
    }
}

/* The sound after the present one. Returns false at the end of the text. */
static bool take_sound(struct parley_voice *v)
{
    if (v->at >= v->text.len)
        return false;
    v->done = 0;
    if (sounds(v->text.at[v->at]))
        take_syllable(v);
    else
        rest_for(v, pause_ms(v->text.at[v->at++]));
    return true;
}

/* How loud the present sound is at this sample, of 256: 15 ms to swell, 50 ms to fade. */
static int32_t envelope(const struct parley_voice *v)
{
    uint32_t past = v->done, left = v->length - v->done;
    uint32_t level = 256;

    if (past < 15 * MS)
        level = past * 256 / (15 * MS);
    if (left < 50 * MS && left * 256 / (50 * MS) < level)
        level = left * 256 / (50 * MS);
    return (int32_t)level;
}

/* The tone falls by an eighth in each syllable, as voices do, and rises at the end of a question. */
static uint32_t glide(const struct parley_voice *v)
{
    uint32_t change = (uint32_t)((uint64_t)v->tone / 8 * v->done / v->length);

    return v->rises ? v->tone + 2 * change : v->tone - change;
}

static int16_t sample(struct parley_voice *v)
{
    int32_t sum = 0;

    if (v->vowel == SILENCE)
        return 0;
    if (v->done < v->breath)
        return (int16_t)(((int32_t)(noise(v) & 0x7FF) - 0x400) * envelope(v) / 256);
    v->phase += glide(v);
    for (uint32_t i = 0; i < HARMONICS; i++)
        sum += wave((v->phase >> 4) * (i + 1)) * weights[v->vowel][i] / 100;
    return (int16_t)(sum * envelope(v) / 256);
}

size_t parley_voice_read(struct parley_voice *v, int16_t *pcm, size_t samples)
{
    size_t made = 0;

    while (made < samples && (v->done < v->length || take_sound(v))) {
        pcm[made++] = sample(v);
        v->done++;
    }
    return made;
}

size_t parley_voice_said(const struct parley_voice *v)
{
    size_t at = v->at;

    while (at < v->text.len && !is_space(v->text.at[at]))
        at++;
    return at;
}

uint64_t parley_voice_length(struct parley_view text)
{
    struct parley_voice v;
    uint64_t samples = 0;

    parley_voice_start(&v, text, parley_view(NULL));
    while (take_sound(&v))
        samples += v.length;
    return samples;
}

/* ---- the ear ------------------------------------------------------------------------------------- */

/* Speech is judged in frames of 20 ms; it has begun when three of them nearly in a row were loud. */
enum { FRAME = 20 * MS, ENOUGH = 3, LOUDEST_ROOM = 16 * 2000 };

/* The room's loudness follows: down at once, up slowly, and during speech hardly at all, so that a fan that
   was switched on does not speak for ever. */
static void follow_room(struct parley_ear *ear, uint32_t level)
{
    if (level < ear->floor)
        ear->floor -= (ear->floor - level) / 4;
    else
        ear->floor += (level - ear->floor) / (ear->speaking || ear->loud > 0 ? 1024 : 32);
    if (ear->floor > LOUDEST_ROOM)
        ear->floor = LOUDEST_ROOM;
}

/* Loudness, in 1/16 of a step, from which on a frame counts; a little less is enough to go on speaking. */
static uint32_t bound(const struct parley_ear *ear, const struct parley_ear_settings *settings)
{
    uint32_t least = settings->threshold * 16 * 2 / 5, above = ear->floor * 3;
    uint32_t limit = least > above ? least : above;

    return ear->speaking ? limit * 2 / 3 : limit;
}

static enum parley_ear_answer judge_silent(struct parley_ear *ear, bool loud)
{
    if (!loud) {
        ear->loud -= ear->loud > 0;
        return PARLEY_EAR_NOTHING;
    }
    if (ear->loud++ == 0)
        ear->begin = ear->heard - FRAME;
    if (ear->loud < ENOUGH)
        return PARLEY_EAR_NOTHING;
    ear->speaking = true;
    ear->end = ear->heard;
    return PARLEY_EAR_STARTED;
}

static enum parley_ear_answer judge_speaking(struct parley_ear *ear,
                                             const struct parley_ear_settings *settings, bool loud)
{
    if (loud)
        ear->end = ear->heard;
    if (ear->heard - ear->end < (uint64_t)settings->silence_ms * MS)
        return PARLEY_EAR_NOTHING;
    ear->speaking = false;
    ear->loud = 0;
    return PARLEY_EAR_STOPPED;
}

/* A frame is full. */
static enum parley_ear_answer judge(struct parley_ear *ear, const struct parley_ear_settings *settings)
{
    uint32_t level = ear->sum / (FRAME / 16);
    bool loud = level > bound(ear, settings);
    enum parley_ear_answer answer =
        ear->speaking ? judge_speaking(ear, settings, loud) : judge_silent(ear, loud);

    ear->sum = ear->fill = 0;
    follow_room(ear, level);
    return answer;
}

void parley_ear_forget(struct parley_ear *ear)
{
    ear->speaking = false;
    ear->loud = 0;
}

enum parley_ear_answer parley_ear_listen(struct parley_ear *ear, const struct parley_ear_settings *settings,
                                         const int16_t *pcm, size_t samples, size_t *used)
{
    for (*used = 0; *used < samples;) {
        int32_t value = pcm[(*used)++];
        enum parley_ear_answer answer = PARLEY_EAR_NOTHING;

        ear->heard++;
        ear->sum += (uint32_t)(value < 0 ? -value : value);
        if (++ear->fill == FRAME)
            answer = judge(ear, settings);
        if (answer != PARLEY_EAR_NOTHING)
            return answer;
    }
    return PARLEY_EAR_NOTHING;
}
