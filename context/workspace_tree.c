/* The workspace as lines. See context/workspace_tree.h. */
#include "context/workspace_tree.h"

#include "parser/utf8.h"
#include "platform/clock.h"
#include "platform/directory.h"

enum { SHOWN = PARLEY_TREE_SHOWN, ENTRIES_BETWEEN_LOOKS_AT_THE_CLOCK = 256 };

/* ---- the first entries of a folder ----------------------------------------------------------- */

/* Hidden, or made by tools in such numbers that nothing else would be seen. */
static bool is_noise(struct parley_view name)
{
    static const char *const noise[] = {"build", "dist", "node_modules", "out", "target", "__pycache__"};

    if (name.len > 0 && name.at[0] == '.')
        return true;
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++)
        if (parley_view_is(name, noise[i]))
            return true;
    return false;
}

/* Folders first, then by the bytes of the name. */
static bool is_before(bool folder, struct parley_view name, const struct parley_tree_entry *e)
{
    size_t common = name.len < e->len ? name.len : e->len;
    int order = folder != e->folder ? (folder ? -1 : 1) : memcmp(name.at, e->name, common);

    return order < 0 || (order == 0 && name.len < e->len);
}

/* Takes an entry in at its place; the last one gives way when all places are taken. */
static void keep_if_first(struct parley_tree_level *l, struct parley_view name, bool folder)
{
    size_t place = l->count, slot = l->count;

    while (place > 0 && is_before(folder, name, &l->entries[l->order[place - 1]]))
        place--;
    if (place == SHOWN || name.len > PARLEY_TREE_NAME_BYTES)
        return;
    if (l->count == SHOWN)
        slot = l->order[SHOWN - 1];
    else
        l->count++;
    memmove(&l->order[place + 1], &l->order[place], l->count - 1 - place);
    l->order[place] = (uint8_t)slot;
    l->entries[slot].folder = folder;
    l->entries[slot].len = (uint16_t)name.len;
    memcpy(l->entries[slot].name, name.at, name.len);
}

/* True when no more of a folder is to be read, of which `read` entries were. */
static bool is_enough(const struct parley_workspace_tree *t, uint64_t read)
{
    return read == PARLEY_TREE_ENTRIES ||
           (read % ENTRIES_BETWEEN_LOOKS_AT_THE_CLOCK == 0 && parley_clock_us() >= t->until_us);
}

/* Reads the folder at t->path; one that cannot be read is empty. */
static void read_folder(const struct parley_workspace_tree *t, struct parley_tree_level *l, bool follow)
{
    struct parley_directory directory;
    struct parley_view name;
    enum parley_entry entry;
    uint64_t read = 0;

    l->count = 0;
    l->seen = 0;
    l->cut = false;
    if (parley_clock_us() >= t->until_us || parley_directory_open(&directory, t->path, follow) != 0)
        return;
    while (!l->cut && parley_directory_next(&directory, &name, &entry) > 0) {
        if (!is_noise(name)) {
            l->seen++;
            keep_if_first(l, name, entry == PARLEY_ENTRY_FOLDER);
        }
        l->cut = is_enough(t, ++read);
    }
    parley_directory_close(&directory);
}

/* ---- the tree --------------------------------------------------------------------------------- */

/* One more line of a tree, which comes after a heading or another line. */
static void begin_line(struct parley_section *out, size_t depth)
{
    parley_section_add_text(out, depth > 0 ? "\n  - " : "\n- ");
}

static void add_entry(struct parley_section *out, const struct parley_tree_entry *e, size_t depth)
{
    begin_line(out, depth);
    parley_section_add_name(out, parley_view_of(e->name, e->len));
    if (e->folder)
        parley_section_add_text(out, "/");
}

static void add_rest(struct parley_section *out, const struct parley_tree_level *l, size_t depth)
{
    if (l->seen == l->count && !l->cut)
        return;
    begin_line(out, depth);
    parley_section_add_text(out, l->cut ? "... at least " : "... ");
    parley_section_add_number(out, l->seen - l->count);
    parley_section_add_text(out, " more entries");
}

/* Writes the folder in the folder at the first `len` bytes of t->path, if its path is not too long. */
static void add_inner(struct parley_section *out, struct parley_workspace_tree *t, size_t len,
                      const struct parley_tree_entry *inner)
{
    struct parley_tree_level *l = &t->levels[1];

    if (len + 1 + inner->len >= PARLEY_PATH_BYTES)
        return;
    t->path[len] = '/';
    memcpy(t->path + len + 1, inner->name, inner->len);
    t->path[len + 1 + inner->len] = '\0';
    read_folder(t, l, false);
    for (size_t i = 0; i < l->count; i++)
        add_entry(out, &l->entries[l->order[i]], 1);
    add_rest(out, l, 1);
}

/* Writes the tree below a path, with its title. Returns false, and writes nothing, when it has no line. */
static bool add_tree(struct parley_section *out, struct parley_workspace_tree *t, const char *title,
                     struct parley_view start)
{
    struct parley_tree_level *l = &t->levels[0];

    memcpy(t->path, start.at, start.len);
    t->path[start.len] = '\0';
    read_folder(t, l, true);
    if (l->count == 0 && !l->cut)
        return false;
    parley_section_add_text(out, "\n\n");
    parley_section_add_text(out, title);
    for (size_t i = 0; i < l->count; i++) {
        const struct parley_tree_entry *e = &l->entries[l->order[i]];

        add_entry(out, e, 0);
        if (e->folder)
            add_inner(out, t, start.len > 1 ? start.len : 0, e);
    }
    add_rest(out, l, 0);
    return true;
}

/* ---- the section ------------------------------------------------------------------------------ */

/* Writes "label: value", if there is a value. */
static void add_fact(struct parley_section *out, const char *label, struct parley_view value)
{
    if (value.len == 0)
        return;
    if (out->used > 0)
        parley_section_add_text(out, "\n");
    parley_section_add_text(out, label);
    parley_section_add_text(out, ": ");
    parley_section_add_name(out, value);
}

/* What a folder is called: the last part of its path; all of it when that is no text. */
static struct parley_view called(struct parley_view path)
{
    struct parley_view name = parley_path_name(path);

    return name.len > 0 && parley_utf8_valid(name) ? name : path;
}

void parley_workspace(struct parley_section *out, struct parley_workspace_tree *work, struct parley_view cwd,
                      struct parley_view git_root, struct parley_view home)
{
    bool worth = git_root.len > 0;

    work->until_us = parley_clock_add(parley_clock_us(), PARLEY_TREE_US);
    add_fact(out, "Current working directory", cwd);
    add_fact(out, "Working directory name", called(cwd));
    add_fact(out, "Git root", git_root);
    add_fact(out, "Git project", called(git_root));
    add_fact(out, "User root", home);
    if (cwd.len > 0 && add_tree(out, work, "Working directory tree:", cwd))
        worth = true;
    if (git_root.len > 0 && !parley_view_equal(git_root, cwd))
        add_tree(out, work, "Git root tree:", git_root);
    if (home.len > 0 && !parley_view_equal(home, cwd) && !parley_view_equal(home, git_root) &&
        add_tree(out, work, "User root tree:", home))
        worth = true;
    if (!worth)
        parley_section_begin(out);
}
