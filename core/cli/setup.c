/*
 * What `talk` asks parley_open for: see setup.h.
 */
#include "core/cli/setup.h"

#include "platform/file.h"
#include "platform/user.h"

#include <stdio.h>
#include <stdlib.h>

enum { PROMPT_BYTES = 128 * 1024, SCRIPT_BYTES = 1024 * 1024 };

static int refuse(struct parley_cli_setup *s, int status, const char *what, const char *why)
{
    snprintf(s->why, sizeof s->why, "%.120s: %.240s", what, why);
    return status;
}

/* Reads a whole text file into memory of its own; *text is a view of it. */
static int load(struct parley_cli_setup *s, const char *path, size_t most, char **memory,
                struct parley_view *text)
{
    int got;

    *memory = malloc(most);
    if (*memory == NULL)
        return refuse(s, PARLEY_ERR_MEMORY, path, "no memory to read it");
    got = parley_file_load(path, *memory, most);
    if (got == PARLEY_ERR_TOO_LONG)
        return refuse(s, got, path, "the file is too long");
    if (got < 0)
        return refuse(s, got, path, parley_file_reason());
    *text = parley_view_of(*memory, (size_t)got);
    return PARLEY_OK;
}

/* "@FILE" stands for what is in the file. */
static int set_prompt(struct parley_cli_setup *s, const char *prompt)
{
    if (prompt != NULL && prompt[0] == '@')
        return load(s, prompt + 1, PROMPT_BYTES, &s->prompt, &s->options.prompt);
    s->options.prompt = parley_view(prompt);
    return PARLEY_OK;
}

static int set_script(struct parley_cli_setup *s, const char *script)
{
    if (script == NULL)
        return PARLEY_OK;
    s->options.script_name = parley_view(script);
    return load(s, script, SCRIPT_BYTES, &s->script, &s->options.script);
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
    if (s->key.len == 0 && o->url == NULL)
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

int parley_cli_setup_make(struct parley_cli_setup *s, const struct parley_cli_options *o)
{
    int status;

    memset(s, 0, sizeof *s); /* options: the default is all zero */
    s->options.url = parley_view(o->url);
    s->options.model = parley_view(o->model);
    s->options.voice = parley_view(o->voice);
    s->options.session_id = parley_view(o->session_id);
    s->options.ca_file = parley_view(o->ca_file);
    s->options.insecure_no_verify = o->insecure_no_verify;
    s->options.modality = o->modality;
    s->options.headers = o->headers.at;
    s->options.header_count = o->headers.count;
    set_name(s, o->user_name);
    status = set_key(s, o);
    if (status == PARLEY_OK)
        status = set_prompt(s, o->prompt);
    if (status == PARLEY_OK)
        status = set_script(s, o->script);
    return status;
}

void parley_cli_setup_wipe(struct parley_cli_setup *s)
{
    parley_cli_key_wipe(&s->key);
    free(s->prompt);
    free(s->script);
    s->prompt = s->script = NULL;
    memset(&s->options, 0, sizeof s->options);
}
