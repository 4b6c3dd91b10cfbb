/*
 * Folders on POSIX. The type of an entry comes with its name where the file system tells it.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "platform/directory.h"
#include "platform/status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum parley_entry kind_of_mode(mode_t mode)
{
    return S_ISREG(mode) ? PARLEY_ENTRY_FILE : S_ISDIR(mode) ? PARLEY_ENTRY_FOLDER : PARLEY_ENTRY_OTHER;
}

enum parley_entry parley_directory_look(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 ? kind_of_mode(found.st_mode) : PARLEY_ENTRY_NONE;
}

int parley_directory_open(struct parley_directory *d, const char *path, bool follow)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);
    int fd = open(path, flags);

    d->handle = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && d->handle == NULL)
        close(fd);
    return d->handle != NULL ? 0 : PARLEY_ERR_FILE;
}

/* Asks for what a file system did not tell (some of them never do). */
static enum parley_entry look_at(DIR *dir, const char *name)
{
    struct stat found;

    if (fstatat(dirfd(dir), name, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return PARLEY_ENTRY_OTHER;
    return kind_of_mode(found.st_mode);
}

static enum parley_entry kind_of(DIR *dir, const struct dirent *e)
{
    switch (e->d_type) {
    case DT_REG:
        return PARLEY_ENTRY_FILE;
    case DT_DIR:
        return PARLEY_ENTRY_FOLDER;
    case DT_UNKNOWN:
        return look_at(dir, e->d_name);
    default:
        return PARLEY_ENTRY_OTHER;
    }
}

int parley_directory_next(struct parley_directory *d, struct parley_view *name, enum parley_entry *entry)
{
    const struct dirent *e;

    do {
        errno = 0;
        e = readdir(d->handle);
        if (e == NULL)
            return errno == 0 ? 0 : PARLEY_ERR_FILE;
    } while (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
    *name = parley_view(e->d_name);
    *entry = kind_of(d->handle, e);
    return 1;
}

void parley_directory_close(struct parley_directory *d)
{
    closedir(d->handle);
    d->handle = NULL;
}
