/*
 * What the client is told: see rpc_out.h.
 */
#include "core/cli/rpc_out.h"

static const char *const methods[] = {
#define PARLEY_CLI_RPC_NAME(name, method) method,
    PARLEY_CLI_RPC_NOTIFICATIONS(PARLEY_CLI_RPC_NAME)
#undef PARLEY_CLI_RPC_NAME
};

enum { METHODS = sizeof methods / sizeof methods[0] };

void parley_cli_rpc_out_open(struct parley_cli_rpc_out *o, int fd, bool nonblocking,
                             struct parley_arena *arena)
{
    char *line = parley_arena_take(arena, PARLEY_CLI_RPC_MESSAGE, 1);

    *o = (struct parley_cli_rpc_out){.line = parley_render(line, PARLEY_CLI_RPC_MESSAGE)};
    parley_cli_output_open(&o->queue, fd, nonblocking, arena, PARLEY_CLI_RPC_QUEUE);
}

/* ---- room ------------------------------------------------------------------------------------ */

bool parley_cli_rpc_room(const struct parley_cli_rpc_out *o)
{
    return parley_cli_output_room(&o->queue) >= PARLEY_CLI_RPC_MESSAGE;
}

bool parley_cli_rpc_audio_room(struct parley_cli_rpc_out *o)
{
    size_t used = PARLEY_CLI_RPC_QUEUE - parley_cli_output_room(&o->queue);

    if (used >= PARLEY_CLI_RPC_AUDIO_SHARE)
        o->shedding = true;
    else if (used <= PARLEY_CLI_RPC_AUDIO_SHARE / 2)
        o->shedding = false;
    return !o->shedding;
}

/* ---- what the client wants ------------------------------------------------------------------- */

void parley_cli_rpc_opt_out(struct parley_cli_rpc_out *o, struct parley_view method)
{
    for (int i = 0; i < METHODS; i++)
        if (parley_view_is(method, methods[i]))
            o->opted_out |= UINT32_C(1) << i;
}

bool parley_cli_rpc_wanted(const struct parley_cli_rpc_out *o, enum parley_cli_rpc_notification what)
{
    return (o->opted_out >> what & 1) == 0;
}

/* ---- messages -------------------------------------------------------------------------------- */

static void raw(struct parley_cli_rpc_out *o, const char *text)
{
    parley_render_raw(&o->line, parley_view(text));
}

static void begin(struct parley_cli_rpc_out *o, const char *closing)
{
    o->line.used = 0;
    o->line.overflow = false;
    o->closing = closing;
    raw(o, o->versioned ? "{\"jsonrpc\":\"2.0\"" : "{");
}

struct parley_render *parley_cli_rpc_result(struct parley_cli_rpc_out *o, struct parley_view id)
{
    begin(o, id.at != NULL ? "}\n" : NULL);
    parley_cli_json_verbatim(&o->line, "id", id);
    raw(o, ",\"result\":");
    return &o->line;
}

struct parley_render *parley_cli_rpc_notify(struct parley_cli_rpc_out *o,
                                            enum parley_cli_rpc_notification what)
{
    begin(o, parley_cli_rpc_wanted(o, what) ? "}}\n" : NULL);
    parley_cli_json_word(&o->line, "method", methods[what]);
    parley_cli_json_open(&o->line, "params", '{');
    return &o->line;
}

/* A message longer than any can be by the bounds of what goes into it would be our own mistake; it is left
   out, as half of it would be worse. */
void parley_cli_rpc_send(struct parley_cli_rpc_out *o)
{
    if (o->closing == NULL)
        return;
    raw(o, o->closing);
    if (!o->line.overflow)
        parley_cli_output_put(&o->queue, o->line.at, o->line.used);
}

void parley_cli_rpc_done(struct parley_cli_rpc_out *o, struct parley_view id)
{
    struct parley_render *r = parley_cli_rpc_result(o, id);

    parley_cli_json_open(r, NULL, '{');
    parley_cli_json_close(r, '}');
    parley_cli_rpc_send(o);
}

void parley_cli_rpc_error(struct parley_cli_rpc_out *o, struct parley_view id, enum parley_cli_rpc_code code,
                          const char *why)
{
    struct parley_render *r = &o->line;

    begin(o, id.at != NULL ? "}}\n" : NULL);
    parley_cli_json_verbatim(r, "id", id);
    parley_cli_json_open(r, "error", '{');
    raw(o, "\"code\":-");
    parley_render_number(r, (uint64_t)(-(int)code));
    parley_cli_json_word(r, "message", why);
    parley_cli_rpc_send(o);
}
