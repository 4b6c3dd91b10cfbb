/* The whole of the startup context, section by section. See context/startup_context.h. */
#include "context/startup_context.h"

#include "context/git_root.h"
#include "platform/status.h"
#include "templates/render.h"
#include "templates/templates.h"

static const struct parley_startup_use sections[PARLEY_STARTUP_SECTIONS] = {
    {"Current Thread", 0, 1200},
    {"Recent Work", 0, 2200},
    {"Machine / Workspace Map", 0, 1600},
    {"Notes", 0, 300},
};

enum { THREAD, RECENT, WORKSPACE, NOTES };

/* Adds what was written into `w->section`, if something of it is left in its budget, which its heading counts
 * against. Returns whether. */
static bool add_section(struct parley_render *r, struct parley_startup_work *w, int which)
{
    struct parley_startup_use *use = &w->uses[which];
    size_t before = r->used, start, heading;
    long len;

    *use = sections[which];
    parley_render_raw(r, parley_view("\n\n"));
    start = r->used;
    parley_render_raw(r, parley_view("## "));
    parley_render_raw(r, parley_view(use->title));
    parley_render_raw(r, parley_view("\n"));
    heading = parley_tokens(r->used - start);
    len = parley_section_fit(&w->section, r->at + r->used, r->size - r->used, use->budget - heading);
    if (len > 0) {
        r->used += (size_t)len;
        use->tokens = heading + parley_tokens((size_t)len);
        return true;
    }
    r->overflow = r->overflow || len < 0;
    r->used = before;
    return false;
}

static bool add_thread(struct parley_render *r, const struct parley_startup *s, struct parley_startup_work *w)
{
    parley_section_begin(&w->section);
    parley_current_thread(&w->section, &w->of.turn, s->messages, s->message_count);
    return add_section(r, w, THREAD);
}

static bool add_recent(struct parley_render *r, const struct parley_startup *s, struct parley_startup_work *w)
{
    parley_section_begin(&w->section);
    parley_recent_work(&w->section, &w->of.recent, s->cwd, s->threads, s->thread_count);
    return add_section(r, w, RECENT);
}

/* A path in plain form; absent when it has none. */
static struct parley_view plain(char out[PARLEY_PATH_BYTES], struct parley_view path)
{
    size_t len = parley_path_plain(out, parley_view(NULL), path);

    return parley_view_of(len > 0 ? out : NULL, len);
}

static bool add_workspace(struct parley_render *r, const struct parley_startup *s,
                          struct parley_startup_work *w)
{
    struct parley_view cwd = plain(w->cwd, s->cwd);
    struct parley_view root = {w->git_root, parley_git_root(w->git_root, s->cwd)};

    parley_section_begin(&w->section);
    parley_workspace(&w->section, &w->of.tree, cwd, root, plain(w->home, s->home));
    return add_section(r, w, WORKSPACE);
}

static void add_notes(struct parley_render *r, struct parley_startup_work *w)
{
    parley_section_begin(&w->section);
    parley_section_add(&w->section, parley_template_text(&parley_template_prompts_startup_notes));
    add_section(r, w, NOTES);
}

long parley_startup_context(char *out, size_t bytes, const struct parley_startup *startup,
                            struct parley_startup_work *work)
{
    struct parley_render r = parley_render(out, bytes);
    bool thread, recent, workspace;

    parley_render_raw(&r, parley_view("<startup_context>\n"));
    parley_render_raw(&r, parley_template_text(&parley_template_prompts_startup_header));
    thread = add_thread(&r, startup, work);
    recent = add_recent(&r, startup, work);
    workspace = add_workspace(&r, startup, work);
    add_notes(&r, work);
    parley_render_raw(&r, parley_view("\n</startup_context>"));
    if (r.overflow)
        return PARLEY_ERR_TOO_LONG;
    return thread || recent || workspace ? (long)r.used : 0;
}
