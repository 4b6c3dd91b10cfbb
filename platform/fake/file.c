/*
 * Files in memory, and the three standard streams. In memory rather than on the machine's disk: a test then
 * needs no folder of its own, sees no file of somebody else's, and can have a full disk.
 */
#include "platform/file.h"
#include "platform/clock.h"
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"
#include "platform/status.h"

#include <limits.h>

enum { OPEN_FILES = 16, PATH_BYTES = 256, STREAMS = 3 };

struct file {
    char path[PATH_BYTES];
    bool there, denied;
    size_t length;
    int64_t changed_us;
    unsigned char bytes[PARLEY_FAKE_FILE_BYTES];
};

struct open_file {
    struct file *file; /* NULL: free */
    enum parley_file_mode mode;
    size_t at;
};

static struct file files[PARLEY_FAKE_FILES_MAX];
static size_t file_count;
static struct open_file open_files[OPEN_FILES];
static unsigned char stream_bytes[STREAMS][PARLEY_FAKE_PIPE_BYTES];
static struct parley_ring streams[STREAMS] = {
    {.at = stream_bytes[0], .size = PARLEY_FAKE_PIPE_BYTES},
    {.at = stream_bytes[1], .size = PARLEY_FAKE_PIPE_BYTES},
    {.at = stream_bytes[2], .size = PARLEY_FAKE_PIPE_BYTES},
};
static bool input_ended, is_terminal;
static const char *last_reason = "", *working_folder = "/";

void parley_fake_reset_files(void)
{
    file_count = 0;
    memset(open_files, 0, sizeof open_files);
    for (int i = 0; i < STREAMS; i++)
        parley_ring_clear(&streams[i]);
    input_ended = is_terminal = false;
    last_reason = "";
    working_folder = "/";
}

void parley_fake_working_folder(const char *path)
{
    working_folder = path;
}

/* ---- the test's side -------------------------------------------------------------------------- */

static struct file *find(const char *path)
{
    for (size_t i = 0; i < file_count; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

static void touch(struct file *file)
{
    file->changed_us = parley_clock_unix_s() * 1000000;
}

static bool is_open(const struct file *file)
{
    for (size_t i = 0; i < OPEN_FILES; i++)
        if (open_files[i].file == file)
            return true;
    return false;
}

/* A place of the table that was never used, or whose file was removed; NULL when it is full. */
static struct file *free_entry(void)
{
    for (size_t i = 0; i < file_count; i++)
        if (!files[i].there && !files[i].denied && !is_open(&files[i]))
            return &files[i];
    return file_count < PARLEY_FAKE_FILES_MAX ? &files[file_count++] : NULL;
}

/* The entry for a path, made if there is none; NULL when the table is full. */
static struct file *entry_for(const char *path)
{
    struct file *file = find(path);

    if (file != NULL)
        return file;
    file = strlen(path) < PATH_BYTES ? free_entry() : NULL;
    if (file == NULL)
        return NULL;
    memcpy(file->path, path, strlen(path) + 1);
    file->there = file->denied = false;
    file->length = 0;
    return file;
}

void parley_fake_file(const char *path, const void *bytes, size_t length)
{
    struct file *file = entry_for(path);

    PARLEY_FAKE_MUST(file != NULL && length <= sizeof file->bytes,
                     "a place for the file, and it is not too long");
    if (length > 0)
        memcpy(file->bytes, bytes, length);
    file->length = length;
    file->there = true;
    touch(file);
}

void parley_fake_file_denied(const char *path)
{
    struct file *file = entry_for(path);

    PARLEY_FAKE_MUST(file != NULL, "a place for the file");
    file->denied = true;
}

struct parley_view parley_fake_file_content(const char *path)
{
    const struct file *file = find(path);

    return file != NULL && file->there ? parley_view_of((const char *)file->bytes, file->length)
                                       : parley_view(NULL);
}

const char *parley_fake_file_path(size_t i)
{
    return i < file_count && files[i].there ? files[i].path : "";
}

bool parley_fake_file_is_denied(const char *path)
{
    const struct file *file = find(path);

    return file != NULL && file->denied;
}

void parley_fake_input(const void *bytes, size_t length)
{
    size_t put = parley_ring_put(&streams[0], bytes, length);

    PARLEY_FAKE_MUST(put == length, "room for the input");
}

void parley_fake_input_end(void)
{
    input_ended = true;
}

size_t parley_fake_output(int fd, void *into, size_t bytes)
{
    PARLEY_FAKE_MUST(fd == 1 || fd == 2, "output is 1 or 2");
    return parley_ring_take(&streams[fd], into, bytes);
}

void parley_fake_terminal(bool terminal)
{
    is_terminal = terminal;
}

/* ---- the side of the program under test -------------------------------------------------------- */

static int failed(const char *reason, int status)
{
    last_reason = reason;
    return status;
}

const char *parley_file_reason(void)
{
    return last_reason;
}

int parley_file_open(const char *path, enum parley_file_mode mode)
{
    struct file *file = mode == PARLEY_FILE_READ ? find(path) : entry_for(path);
    int index = 0;

    while (index < OPEN_FILES && open_files[index].file != NULL)
        index++;
    if (index == OPEN_FILES)
        return failed("Too many open files", PARLEY_ERR_FILE);
    if (file == NULL && mode != PARLEY_FILE_READ)
        return failed("No space left on device", PARLEY_ERR_FILE);
    if (file != NULL && file->denied)
        return failed("Permission denied", PARLEY_ERR_FILE);
    if (mode == PARLEY_FILE_READ && (file == NULL || !file->there))
        return failed("No such file or directory", PARLEY_ERR_FILE);
    if (mode == PARLEY_FILE_CREATE || mode == PARLEY_FILE_PRIVATE)
        file->length = 0;
    if (!file->there || mode == PARLEY_FILE_CREATE || mode == PARLEY_FILE_PRIVATE)
        touch(file);
    file->there = true;
    open_files[index] = (struct open_file){.file = file, .mode = mode};
    return PARLEY_FAKE_FD_FILE + index;
}

static struct open_file *opened(int fd)
{
    int index = fd - PARLEY_FAKE_FD_FILE;

    return index >= 0 && index < OPEN_FILES && open_files[index].file != NULL ? &open_files[index] : NULL;
}

int parley_file_nonblocking(int fd)
{
    if ((fd >= 0 && fd < STREAMS) || fd >= PARLEY_FAKE_FD_PIPE || opened(fd) != NULL)
        return 0;
    return failed("Bad file descriptor", PARLEY_ERR_FILE);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int read_input(void *into, size_t bytes)
{
    size_t got = parley_ring_take(&streams[0], into, bytes);

    if (got == 0 && bytes > 0 && input_ended)
        return failed("the other end closed it", PARLEY_ERR_PEER_CLOSED);
    return (int)got;
}

int parley_file_read(int fd, void *into, size_t bytes)
{
    struct open_file *open = opened(fd);

    bytes = smaller(bytes, INT_MAX);
    if (fd >= PARLEY_FAKE_FD_PIPE)
        return parley_fake_pipe_read(fd, into, bytes, &last_reason);
    if (fd == 0)
        return read_input(into, bytes);
    if (open == NULL || open->mode != PARLEY_FILE_READ)
        return failed("Bad file descriptor", PARLEY_ERR_FILE);
    if (open->at >= open->file->length)
        return bytes == 0 ? 0 : failed("the other end closed it", PARLEY_ERR_PEER_CLOSED);
    bytes = smaller(bytes, open->file->length - open->at);
    memcpy(into, open->file->bytes + open->at, bytes);
    open->at += bytes;
    return (int)bytes;
}

/* A stream nobody reads loses its oldest bytes: a test that does not look at the output need not drain it. */
static int write_stream(struct parley_ring *stream, const unsigned char *from, size_t bytes)
{
    size_t kept = smaller(bytes, stream->size);

    if (kept > parley_ring_free(stream))
        parley_ring_take(stream, NULL, kept - parley_ring_free(stream));
    parley_ring_put(stream, from + (bytes - kept), kept);
    return (int)bytes;
}

static int write_file(struct open_file *open, const void *from, size_t bytes)
{
    struct file *file = open->file;
    size_t at = open->mode == PARLEY_FILE_APPEND ? file->length : open->at;

    if (bytes == 0)
        return 0;
    if (at >= sizeof file->bytes)
        return failed("No space left on device", PARLEY_ERR_FILE);
    if (at > file->length) /* a seek beyond the end leaves zeros */
        memset(file->bytes + file->length, 0, at - file->length);
    bytes = smaller(bytes, sizeof file->bytes - at);
    memcpy(file->bytes + at, from, bytes);
    open->at = at + bytes;
    if (open->at > file->length)
        file->length = open->at;
    touch(file);
    return (int)bytes;
}

int parley_file_write(int fd, const void *from, size_t bytes)
{
    struct open_file *open = opened(fd);

    bytes = smaller(bytes, INT_MAX);
    if (fd >= PARLEY_FAKE_FD_PIPE)
        return parley_fake_pipe_write(fd, from, bytes, &last_reason);
    if (fd == 1 || fd == 2)
        return write_stream(&streams[fd], from, bytes);
    if (open == NULL || open->mode == PARLEY_FILE_READ)
        return failed("Bad file descriptor", PARLEY_ERR_FILE);
    return write_file(open, from, bytes);
}

int parley_file_seek(int fd, unsigned long offset)
{
    struct open_file *open = opened(fd);

    if (open == NULL)
        return failed("Illegal seek", PARLEY_ERR_FILE);
    open->at = offset;
    return 0;
}

int parley_file_load(const char *path, void *into, size_t bytes)
{
    int fd = parley_file_open(path, PARLEY_FILE_READ);
    struct parley_view content = parley_fake_file_content(path);

    if (fd < 0)
        return fd;
    parley_file_close(fd);
    if (content.len > bytes)
        return failed("File too large", PARLEY_ERR_TOO_LONG);
    if (content.len > 0)
        memcpy(into, content.at, content.len);
    return (int)content.len;
}

int parley_file_look(const char *path, struct parley_file_facts *facts)
{
    const struct file *file = find(path);

    if (file == NULL || !file->there)
        return failed("No such file or directory", PARLEY_ERR_FILE);
    *facts = (struct parley_file_facts){file->length, file->changed_us};
    return 0;
}

int parley_file_remove(const char *path)
{
    struct file *file = find(path);

    if (file == NULL || !file->there)
        return failed("No such file or directory", PARLEY_ERR_FILE);
    if (file->denied)
        return failed("Permission denied", PARLEY_ERR_FILE);
    file->there = false;
    return 0;
}

/* Folders are there as soon as a file is in them; this only notices one that is denied. */
int parley_file_make_folder(const char *path)
{
    const struct file *file = find(path);

    if (file != NULL && file->denied)
        return failed("Permission denied", PARLEY_ERR_FILE);
    return file != NULL && file->there ? failed("Not a directory", PARLEY_ERR_FILE) : 0;
}

int parley_file_working_folder(char *out, size_t bytes)
{
    struct parley_view folder = parley_view(working_folder);

    if (folder.len >= bytes)
        return PARLEY_ERR_TOO_LONG;
    memcpy(out, folder.at, folder.len + 1);
    return (int)folder.len;
}

bool parley_file_is_terminal(int fd)
{
    return is_terminal && fd >= 0 && fd < STREAMS;
}

void parley_file_close(int fd)
{
    struct open_file *open = opened(fd);

    if (fd >= PARLEY_FAKE_FD_PIPE)
        parley_fake_pipe_close(fd);
    else if (open != NULL)
        open->file = NULL;
}

bool parley_fake_file_ready(int fd, bool read, bool write)
{
    if (fd == 0)
        return read && (input_ended || parley_ring_used(&streams[0]) > 0);
    return read || write; /* the disk, and streams somebody always reads, are never waited for */
}
