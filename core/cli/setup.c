/*
 * What `talk` asks parley_open for: see setup.h.
 */
#include "core/cli/setup.h"

#include "platform/user.h"

#include <stdio.h>
#include <stdlib.h>

static int refuse(struct parley_cli_setup *s, int status, const char *what, const char *why)
{
    snprintf(s->why, sizeof s->why, "%.120s: %.240s", what, why);
    return status;
}

static int set_script(struct parley_cli_setup *s, const char *script)
{
    if (script == NULL)
        return PARLEY_OK;
    s->options.script_name = parley_view(script);
    return parley_cli_text_file(script, PARLEY_CLI_SCRIPT_BYTES, &s->script, &s->options.script, s->why);
}

/* The real service wants a key; another address may do without; the loopback never asks for one. */
static int set_key(struct parley_cli_setup *s, const struct parley_cli_options *o)
{
    bool asked = o->key_env != NULL || o->key_file != NULL;
    const char *variable = o->key_env != NULL ? o->key_env : "OPENAI_API_KEY";
    char why[PARLEY_CLI_KEY_WHY];
    int status;

    if (!asked && strcmp(parley_transport(), "wss") != 0)
        return PARLEY_OK;
    status = parley_cli_key_read(&s->key, o->key_file, variable, why);
    if (status != PARLEY_OK)
        return refuse(s, status, "key", why);
    s->options.api_key = parley_view_of(s->key.len > 0 ? s->key.text : NULL, s->key.len);
    if (s->key.len == 0 && asked)
        return refuse(s, PARLEY_ERR_ARGUMENT, variable, "this environment variable with the key is not set");
    if (s->key.len == 0 && o->way.url == NULL)
        return refuse(s, PARLEY_ERR_ARGUMENT, "key",
                      "the service wants one: set OPENAI_API_KEY, or give --key-env or --key-file");
    return PARLEY_OK;
}

static void set_name(struct parley_cli_setup *s, const char *name)
{
    if (name == NULL) {
        parley_user_first_name(s->user_name, sizeof s->user_name);
        name = s->user_name;
    }
    s->options.user_first_name = parley_view(name);
}

/* What the command line says, else what is known of this folder. */
static int set_startup_context(struct parley_cli_setup *s, const struct parley_cli_options *o)
{
    const struct parley_cli_background_wish wish = {
        .thread = o->thread, .no_store = o->no_store, .quiet = o->quiet};
    int status;

    if (o->startup_context != NULL && strcmp(o->startup_context, "off") == 0)
        return PARLEY_OK;
    if (o->startup_context != NULL)
        return parley_cli_text_or_file(o->startup_context, &s->startup_context, &s->options.startup_context,
                                       s->why);
    status = parley_cli_background_make(&s->background, &wish);
    s->options.startup_context = s->background.text;
    if (status == PARLEY_ERR_STATE && o->thread == NULL)
        return PARLEY_OK; /* built without */
    if (status != PARLEY_OK)
        snprintf(s->why, sizeof s->why, "%.390s", s->background.why);
    return status;
}

/* Who sits in front of it can see why a first connection fails, and start again. A script that plays a break
   would begin at its top. */
static void set_reconnect(struct parley_reconnect *r, const struct parley_cli_options *o)
{
    r->on = o->reconnect == PARLEY_CLI_ON || (o->reconnect == PARLEY_CLI_AUTO && o->script == NULL);
    r->first_attempts = PARLEY_LIMIT_NONE;
}

int parley_cli_setup_make(struct parley_cli_setup *s, const struct parley_cli_options *o)
{
    int status;

    memset(s, 0, sizeof *s); /* options: the default is all zero */
    parley_cli_way_apply(&o->way, &s->options);
    s->options.model = parley_view(o->model);
    s->options.voice = parley_view(o->voice);
    s->options.session_id = parley_view(o->session_id);
    s->options.compress = o->compress;
    s->options.call_url = parley_view(o->call_url);
    s->options.call_id = parley_view(o->call_id);
    set_reconnect(&s->options.reconnect, o);
    s->options.modality = o->modality;
    set_name(s, o->user_name);
    status = set_key(s, o);
    if (status == PARLEY_OK)
        status = parley_cli_text_or_file(o->prompt, &s->prompt, &s->options.prompt, s->why);
    if (status == PARLEY_OK && o->sdp != NULL)
        status =
            parley_cli_text_file(o->sdp, PARLEY_CLI_PROMPT_BYTES, &s->sdp, &s->options.sdp_offer, s->why);
    if (status == PARLEY_OK)
        status = set_script(s, o->script);
    if (status == PARLEY_OK)
        status = set_startup_context(s, o);
    return status;
}

void parley_cli_setup_wipe(struct parley_cli_setup *s)
{
    parley_cli_key_wipe(&s->key);
    free(s->prompt);
    free(s->sdp);
    free(s->script);
    free(s->startup_context);
    parley_cli_background_free(&s->background);
    s->prompt = s->sdp = s->script = s->startup_context = NULL;
    memset(&s->options, 0, sizeof s->options);
}
