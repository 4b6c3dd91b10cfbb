/* The session asked for; see session.h. Pure: options in, a message or a reason out. */
#include "core/session.h"

#include "core/endpoint.h"
#include "parser/utf8.h"
#include "templates/templates.h"
#include <stdarg.h>
#include <stdio.h>

int parley_error_set(struct parley_error *error, int status, const char *format, ...)
{
    va_list arguments;

    if (error == NULL)
        return status;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->status = status;
    return status;
}

/* ---- checks ------------------------------------------------------------------------------------ */

static bool is_voice(const struct parley_dialect *dialect, struct parley_view voice)
{
    for (const char *const *known = dialect->voices; *known != NULL; known++)
        if (parley_view_is(voice, *known))
            return true;
    return false;
}

static int check_voice(const struct parley_dialect *dialect, struct parley_view voice,
                       struct parley_error *error)
{
    char list[160] = "";
    size_t used = 0;

    if (voice.at == NULL || is_voice(dialect, voice))
        return PARLEY_OK;
    for (const char *const *known = dialect->voices; *known != NULL && used < sizeof list; known++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", *known);
    return parley_error_set(error, PARLEY_ERR_ARGUMENT,
                            "realtime voice `%.*s` is not supported for %s; supported voices: %s",
                            voice.len < 40 ? (int)voice.len : 40, voice.at, dialect->name, list);
}

static int check_texts(const struct parley_options *o, struct parley_error *error)
{
    const struct {
        const char *name;
        struct parley_view text;
    } texts[] = {
        {"model", o->model},
        {"prompt", o->prompt},
        {"prompt_override", o->prompt_override},
        {"startup_context", o->startup_context},
        {"assistant_name", o->assistant_name},
        {"user_first_name", o->user_first_name},
        {"sdp_offer", o->sdp_offer},
        {"call_id", o->call_id},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!parley_utf8_valid(texts[i].text))
            return parley_error_set(error, PARLEY_ERR_UTF8, "%s is not UTF-8", texts[i].name);
    return PARLEY_OK;
}

int parley_session_check(const struct parley_options *options, struct parley_error *error)
{
    const struct parley_dialect *dialect = parley_dialect(options->protocol);
    int status = check_texts(options, error);

    if (status < 0)
        return status;
    if (dialect == NULL)
        return parley_error_set(error, PARLEY_ERR_ARGUMENT, "protocol %d is not known",
                                (int)options->protocol);
    if (options->modality == PARLEY_MODALITY_TEXT && !dialect->text_modality)
        return parley_error_set(error, PARLEY_ERR_ARGUMENT,
                                "text realtime output modality requires realtime v2");
    return check_voice(dialect, options->voice, error);
}

/* ---- the message ------------------------------------------------------------------------------- */

struct parley_view parley_session_model(const struct parley_options *o)
{
    return o->model.len > 0 ? o->model : parley_view("gpt-realtime-1.5");
}

static struct parley_view or_default(struct parley_view text, const char *fallback)
{
    return text.at != NULL ? text : parley_view(fallback);
}

/* Reference 7.3: the override unless blank, else the given prompt even if empty, else the built-in one. */
struct parley_session parley_session_of(const struct parley_options *o)
{
    const struct parley_dialect *dialect = parley_dialect(o->protocol);

    return (struct parley_session){
        .dialect = dialect,
        .transcribes = o->mode == PARLEY_TRANSCRIPTION,
        .answers_in_text = o->modality == PARLEY_MODALITY_TEXT,
        .model = parley_session_model(o),
        .voice = or_default(o->voice, dialect->voices[dialect->voice_default]),
        .prompt = parley_utf8_trim(o->prompt_override).len > 0 ? o->prompt_override : o->prompt,
        .assistant_name = or_default(o->assistant_name, "parley"),
        .user_first_name = or_default(o->user_first_name, "there"),
        .startup_context = o->startup_context,
    };
}

struct parley_session parley_session_keep(const struct parley_session *s, struct parley_arena *arena)
{
    struct parley_session kept = *s;

    kept.model = parley_carve_text(arena, s->model);
    kept.voice = parley_carve_text(arena, s->voice);
    kept.prompt = parley_carve_text(arena, s->prompt);
    kept.assistant_name = parley_carve_text(arena, s->assistant_name);
    kept.user_first_name = parley_carve_text(arena, s->user_first_name);
    kept.startup_context = parley_carve_text(arena, s->startup_context);
    return kept;
}

/* The prompt, then, after a blank line, the startup context. */
static void write_instructions(struct parley_render *r, const void *session)
{
    const struct parley_session *s = session;
    size_t before = r->used;

    if (s->prompt.at != NULL) {
        parley_render_text(r, s->prompt);
    } else {
        const struct parley_slot names[] = {
            {.name = "assistant_name", .text = s->assistant_name},
            {.name = "user_first_name", .text = s->user_first_name},
            {.name = NULL},
        };
        parley_render_template(r, &parley_template_prompts_backend_prompt, names);
    }
    if (r->used > before && s->startup_context.len > 0)
        parley_render_text(r, parley_view("\n\n"));
    parley_render_text(r, s->startup_context);
}

/* Renders `usual`, or `transcription` where that is asked for and there is such a thing. */
static void render(struct parley_render *r, const struct parley_session *s,
                   const struct parley_template *usual, const struct parley_template *transcription)
{
    const struct parley_slot slots[] = {
        {.name = "instructions", .write = write_instructions, .state = s},
        {.name = "modality", .text = parley_view(s->answers_in_text ? "text" : "audio")},
        {.name = "voice", .text = s->voice},
        {.name = "model", .text = s->model},
        {.name = NULL},
    };

    parley_render_template(r, s->transcribes && transcription != NULL ? transcription : usual, slots);
}

void parley_session_render(struct parley_render *r, const struct parley_session *s)
{
    render(r, s, s->dialect->session_update, s->dialect->session_update_transcription);
}

void parley_session_render_for_call(struct parley_render *r, const struct parley_session *s)
{
    render(r, s, s->dialect->call_session, s->dialect->call_session_transcription);
}
