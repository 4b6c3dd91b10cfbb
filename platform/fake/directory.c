/*
 * Folders of a made-up disk: those that the files in memory imply, and what else a test puts there.
 */
#include "platform/directory.h"
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"
#include "platform/status.h"

#include <stdio.h>

enum { OPEN_FOLDERS = 4 };

static struct made {
    const char *path;
    enum parley_entry entry;
    size_t crowd;     /* so many files besides, */
    uint64_t each_us; /* each of which takes so long to read */
} made[PARLEY_FAKE_ENTRIES_MAX];
static size_t made_count;

static struct open_folder {
    bool open;
    char path[8192];
    size_t next; /* of the paths, then of the crowd */
    char name[32];
} open_folders[OPEN_FOLDERS];

void parley_fake_reset_folders(void)
{
    made_count = 0;
    memset(open_folders, 0, sizeof open_folders);
}

static struct made *make(const char *path, enum parley_entry entry)
{
    PARLEY_FAKE_MUST(made_count < PARLEY_FAKE_ENTRIES_MAX, "a place for the entry");
    made[made_count] = (struct made){.path = path, .entry = entry};
    return &made[made_count++];
}

void parley_fake_folder(const char *path)
{
    make(path, PARLEY_ENTRY_FOLDER);
}

void parley_fake_entry(const char *path)
{
    make(path, PARLEY_ENTRY_FILE);
}

void parley_fake_special(const char *path)
{
    make(path, PARLEY_ENTRY_OTHER);
}

void parley_fake_crowd(const char *path, size_t count, uint64_t each_us)
{
    struct made *folder = make(path, PARLEY_ENTRY_FOLDER);

    folder->crowd = count;
    folder->each_us = each_us;
}

/* ---- the side of the program under test -------------------------------------------------------- */

/* The i-th path there is, a file's or one that was made; NULL beyond the last. "" for one that has gone. */
static const char *path_at(size_t i)
{
    if (i < PARLEY_FAKE_FILES_MAX)
        return parley_fake_file_path(i);
    i -= PARLEY_FAKE_FILES_MAX;
    return i < made_count ? made[i].path : NULL;
}

/* What of `path` follows "folder/"; absent when it does not lie in there. */
static struct parley_view below(const char *path, const char *folder)
{
    struct parley_view rest = parley_view(path), start = parley_view(folder);

    if (start.len > 0 && start.at[start.len - 1] == '/')
        start.len--;
    if (!parley_view_starts(rest, start) || rest.len < start.len + 2 || rest.at[start.len] != '/')
        return parley_view(NULL);
    return parley_view_skip(rest, start.len + 1);
}

static const struct made *find(const char *path)
{
    for (size_t i = 0; i < made_count; i++)
        if (strcmp(made[i].path, path) == 0)
            return &made[i];
    return NULL;
}

enum parley_entry parley_directory_look(const char *path)
{
    const struct made *found = find(path);

    if (found != NULL)
        return found->entry;
    if (strcmp(path, "/") == 0)
        return PARLEY_ENTRY_FOLDER;
    for (size_t i = 0; path_at(i) != NULL; i++) {
        if (strcmp(path_at(i), path) == 0)
            return PARLEY_ENTRY_FILE;
        if (below(path_at(i), path).at != NULL)
            return PARLEY_ENTRY_FOLDER;
    }
    return PARLEY_ENTRY_NONE;
}

/* Nobody's link leads to a folder here, so `follow` makes no difference. */
int parley_directory_open(struct parley_directory *d, const char *path, bool follow)
{
    (void)follow;
    d->handle = NULL;
    if (parley_directory_look(path) != PARLEY_ENTRY_FOLDER || parley_fake_file_is_denied(path))
        return PARLEY_ERR_FILE;
    for (size_t i = 0; i < OPEN_FOLDERS && d->handle == NULL; i++) {
        if (!open_folders[i].open) {
            open_folders[i].open = true;
            open_folders[i].next = 0;
            snprintf(open_folders[i].path, sizeof open_folders[i].path, "%s", path);
            d->handle = &open_folders[i];
        }
    }
    return d->handle != NULL ? 0 : PARLEY_ERR_FILE;
}

static struct parley_view first_part(struct parley_view path)
{
    const char *slash = path.len > 0 ? memchr(path.at, '/', path.len) : NULL;

    return slash != NULL ? parley_view_of(path.at, (size_t)(slash - path.at)) : path;
}

/* The name of what the i-th path has in a folder, the first time it comes; absent otherwise. */
static struct parley_view name_at(const char *folder, size_t i)
{
    struct parley_view name = first_part(below(path_at(i), folder));

    for (size_t before = 0; before < i && name.at != NULL; before++)
        if (parley_view_equal(first_part(below(path_at(before), folder)), name))
            name = parley_view(NULL);
    return name;
}

/* Is it more than the end of a path? */
static enum parley_entry entry_at(const char *folder, size_t i)
{
    struct parley_view rest = below(path_at(i), folder);

    if (first_part(rest).len < rest.len)
        return PARLEY_ENTRY_FOLDER;
    return parley_directory_look(path_at(i));
}

/* The crowd comes in falling order, which is the hardest for whoever looks for the first. */
static int next_of_crowd(struct open_folder *open, size_t member, struct parley_view *name,
                         enum parley_entry *entry)
{
    const struct made *folder = find(open->path);

    if (folder == NULL || member >= folder->crowd)
        return 0;
    parley_fake_clock_advance_us(folder->each_us);
    snprintf(open->name, sizeof open->name, "one-%07zu", folder->crowd - member);
    *name = parley_view(open->name);
    *entry = PARLEY_ENTRY_FILE;
    open->next++;
    return 1;
}

int parley_directory_next(struct parley_directory *d, struct parley_view *name, enum parley_entry *entry)
{
    struct open_folder *open = d->handle;

    for (; path_at(open->next) != NULL; open->next++) {
        *name = name_at(open->path, open->next);
        if (name->at != NULL) {
            *entry = entry_at(open->path, open->next++);
            return 1;
        }
    }
    return next_of_crowd(open, open->next - PARLEY_FAKE_FILES_MAX - made_count, name, entry);
}

void parley_directory_close(struct parley_directory *d)
{
    struct open_folder *open = d->handle;

    open->open = false;
    d->handle = NULL;
}
