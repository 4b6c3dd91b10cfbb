/* The startup context for hosts, out of what they give: see parley.h. */
#include "core/parley.h"

#ifndef PARLEY_WITHOUT_CONTEXT

#include "context/startup_context.h"
#include "platform/arena.h"

/* What a call needs. */
struct parts {
    struct parley_startup_work *work;
    struct parley_recent_thread *threads;
    struct parley_message *messages;
    char *text;
};

static size_t threads_of(const struct parley_context *context)
{
    return context->thread_count < PARLEY_RECENT_THREADS ? context->thread_count : PARLEY_RECENT_THREADS;
}

static struct parts carve(struct parley_arena *arena, const struct parley_context *context)
{
    struct parts parts;

    parts.work = parley_arena_take(arena, 1, sizeof *parts.work);
    parts.threads = parley_arena_take(arena, threads_of(context), sizeof *parts.threads);
    parts.messages = parley_arena_take(arena, context->line_count, sizeof *parts.messages);
    parts.text = parley_arena_take(arena, PARLEY_STARTUP_CONTEXT_BYTES, 1);
    return parts;
}

size_t parley_context_memory(const struct parley_context *context)
{
    struct parley_arena arena = parley_arena(NULL, 0);

    carve(&arena, context);
    return arena.failed ? 0 : arena.used;
}

static bool take_lines(struct parley_message *messages, const struct parley_context *context)
{
    for (size_t i = 0; i < context->line_count; i++) {
        struct parley_view role = parley_view(context->lines[i].role);
        bool user = parley_view_is(role, "user");

        if (!user && !parley_view_is(role, "assistant"))
            return false;
        messages[i] =
            (struct parley_message){user ? PARLEY_ROLE_USER : PARLEY_ROLE_ASSISTANT, context->lines[i].text};
    }
    return true;
}

static void take_threads(struct parley_recent_thread *threads, const struct parley_context *context)
{
    for (size_t i = 0; i < threads_of(context); i++) {
        const struct parley_context_thread *given = &context->threads[i];

        threads[i] = (struct parley_recent_thread){given->cwd, given->branch, given->ask, given->updated_us};
    }
}

int parley_context_render(const struct parley_context *context, void *memory, size_t bytes,
                          struct parley_view *text)
{
    struct parley_arena arena = parley_arena(memory, bytes);
    struct parts parts = carve(&arena, context);
    struct parley_startup startup = {.messages = parts.messages,
                                     .message_count = context->line_count,
                                     .threads = parts.threads,
                                     .thread_count = threads_of(context),
                                     .cwd = context->cwd,
                                     .home = context->home};
    long len;

    *text = parley_view(NULL);
    if (memory == NULL || arena.failed)
        return PARLEY_ERR_MEMORY;
    if (!take_lines(parts.messages, context))
        return PARLEY_ERR_ARGUMENT;
    take_threads(parts.threads, context);
    len = parley_startup_context(parts.text, PARLEY_STARTUP_CONTEXT_BYTES, &startup, parts.work);
    if (len > 0)
        *text = parley_view_of(parts.text, (size_t)len);
    return PARLEY_OK;
}

#else

size_t parley_context_memory(const struct parley_context *context)
{
    (void)context;
    return 0;
}

int parley_context_render(const struct parley_context *context, void *memory, size_t bytes,
                          struct parley_view *text)
{
    (void)context;
    (void)memory;
    (void)bytes;
    *text = parley_view(NULL);
    return PARLEY_ERR_STATE;
}

#endif
