/*
 * Files of certificates and keys, as mbedTLS reads them, with reasons that name the file. See trust.h.
 */
#include "transport/wss/trust.h"

#include "platform/file.h"
#include "platform/random.h"
#include "transport/wss/why.h"

#include <mbedtls/version.h>

enum { PATH_BYTES = 1024 };

/* A file or folder that an option named. */
struct path {
    const char *option;
    char text[PATH_BYTES];
};

static int set_path(struct path *path, const char *option, struct parley_view text,
                    char why[PARLEY_TRANSPORT_REASON])
{
    path->option = option;
    why[0] = '\0';
    if (text.len == 0 || text.len >= sizeof path->text || memchr(text.at, '\0', text.len) != NULL) {
        parley_why(why, "%s: no name of a file (%lu bytes)", option, (unsigned long)text.len);
        return PARLEY_ERR_FILE;
    }
    memcpy(path->text, text.at, text.len);
    path->text[text.len] = '\0';
    return 0;
}

/* Opens and touches the file first: mbedTLS does not say why a file cannot be read, and a pipe would
   make it wait. */
static int check_readable(const struct path *path, char why[PARLEY_TRANSPORT_REASON])
{
    unsigned char byte;
    int fd = parley_file_open(path->text, PARLEY_FILE_READ);

    if (fd < 0) {
        parley_why(why, "%s %s: %s", path->option, path->text, parley_file_reason());
        return PARLEY_ERR_FILE;
    }
    int got = parley_file_read(fd, &byte, 1);
    if (got == PARLEY_ERR_PEER_CLOSED)
        parley_why(why, "%s %s: the file is empty", path->option, path->text);
    else if (got == 0 || (got > 0 && parley_file_seek(fd, 0) < 0))
        parley_why(why, "%s %s: not a regular file", path->option, path->text);
    else if (got < 0)
        parley_why(why, "%s %s: %s", path->option, path->text, parley_file_reason());
    parley_file_close(fd);
    return why[0] == '\0' ? 0 : PARLEY_ERR_FILE;
}

/* What mbedTLS said of a file or folder of certificates: a failure, or how many it could not read. */
static int judge_certificates(int unread, const struct path *path, const struct parley_log *log,
                              char why[PARLEY_TRANSPORT_REASON])
{
    if (unread == MBEDTLS_ERR_X509_ALLOC_FAILED) {
        parley_why(why, "%s %s: no memory for its certificates", path->option, path->text);
        return PARLEY_ERR_MEMORY;
    }
    if (unread < 0) {
        parley_why(why, "%s %s: holds no certificate that can be read (PEM is expected; mbedTLS -0x%04x)",
                   path->option, path->text, (unsigned)-unread);
        return PARLEY_ERR_FILE;
    }
    if (unread > 0 && log != NULL) /* usual in a large bundle: a key of a kind unknown here */
        parley_log_line(log, PARLEY_LOG_WARN, "tls: certificates of %s that cannot be read: %d", path->text,
                        unread);
    return 0;
}

/* ---- whom to trust ----------------------------------------------------------------------------- */

static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine, OpenWrt, Buildroot, Yocto */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* their newer home */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/etc/ssl/cert.pem",                                 /* Alpine, BSDs */
    "/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD */
};
static const char *const folders[] = {
    "/etc/ssl/certs",              /* boards with OpenSSL's single files and no bundle */
    "/system/etc/security/cacerts" /* Android */
};
enum { BUNDLES = sizeof bundles / sizeof *bundles, FOLDERS = sizeof folders / sizeof *folders };

static int load_file(mbedtls_x509_crt *trusted, struct parley_view name, const struct parley_log *log,
                     char why[PARLEY_TRANSPORT_REASON])
{
    struct path path;
    int status = set_path(&path, "ca_file", name, why);

    if (status == 0)
        status = check_readable(&path, why);
    if (status < 0)
        return status;
    return judge_certificates(mbedtls_x509_crt_parse_file(trusted, path.text), &path, log, why);
}

/* Other files are usual in such a folder, so those that cannot be read are not told of. */
static int load_folder(mbedtls_x509_crt *trusted, struct parley_view name, char why[PARLEY_TRANSPORT_REASON])
{
    bool had_some = trusted->raw.p != NULL, has_more;
    mbedtls_x509_crt *last = trusted;
    struct path path;
    int status = set_path(&path, "ca_dir", name, why), unread;

    if (status < 0)
        return status;
    while (last->next != NULL)
        last = last->next;
    unread = mbedtls_x509_crt_parse_path(trusted, path.text);
    if (unread == MBEDTLS_ERR_X509_FILE_IO_ERROR) {
        parley_why(why, "ca_dir %s: not a folder that can be read", path.text);
        return PARLEY_ERR_FILE;
    }
    has_more = had_some ? last->next != NULL : trusted->raw.p != NULL;
    if (unread >= 0 && !has_more) {
        parley_why(why, "ca_dir %s: no file in it holds a certificate that can be read (PEM is expected)",
                   path.text);
        return PARLEY_ERR_FILE;
    }
    return judge_certificates(unread, &path, NULL, why);
}

static int load_folders(mbedtls_x509_crt *trusted, struct parley_view names,
                        char why[PARLEY_TRANSPORT_REASON])
{
    int status = 0;

    while (status == 0 && names.len > 0) {
        const char *colon = memchr(names.at, ':', names.len);
        size_t len = colon != NULL ? (size_t)(colon - names.at) : names.len;

        if (len > 0)
            status = load_folder(trusted, parley_view_of(names.at, len), why);
        names = parley_view_skip(names, len + 1);
    }
    return status;
}

static bool is_there(const char *path)
{
    int fd = parley_file_open(path, PARLEY_FILE_READ);

    parley_file_close(fd);
    return fd >= 0;
}

static int load_system(mbedtls_x509_crt *trusted, const struct parley_log *log,
                       char why[PARLEY_TRANSPORT_REASON])
{
    for (size_t i = 0; i < BUNDLES; i++)
        if (is_there(bundles[i]))
            return load_file(trusted, parley_view(bundles[i]), log, why);
    for (size_t i = 0; i < FOLDERS; i++)
        if (is_there(folders[i]) && load_folder(trusted, parley_view(folders[i]), why) == 0)
            return 0;
    parley_why(why,
               "no bundle of trusted certificates: neither %s nor one of %d other usual places is there; "
               "install ca-certificates or set ca_file",
               bundles[0], BUNDLES + FOLDERS - 1);
    return PARLEY_ERR_FILE;
}

int parley_trust_load(mbedtls_x509_crt *trusted, struct parley_view ca_file, struct parley_view ca_dir,
                      const struct parley_log *log, char why[PARLEY_TRANSPORT_REASON])
{
    int status = 0;

    if (ca_file.at == NULL && ca_dir.len == 0)
        return load_system(trusted, log, why);
    if (ca_file.at != NULL)
        status = load_file(trusted, ca_file, log, why);
    return status == 0 ? load_folders(trusted, ca_dir, why) : status;
}

/* ---- our own certificate ----------------------------------------------------------------------- */

static int random_bytes(void *context, unsigned char *out, size_t bytes)
{
    (void)context;
    return parley_random(out, bytes) == 0 ? 0 : MBEDTLS_ERR_PK_BAD_INPUT_DATA;
}

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define RANDOM , random_bytes, NULL
#else
#define RANDOM
#endif

static int load_key(mbedtls_pk_context *key, const struct path *path, char why[PARLEY_TRANSPORT_REASON])
{
    int code = mbedtls_pk_parse_keyfile(key, path->text, NULL RANDOM);

    if (code == 0)
        return 0;
    if (code == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
        parley_why(why, "%s %s: the key has a passphrase, which cannot be asked for", path->option,
                   path->text);
    else
        parley_why(why, "%s %s: holds no key that can be read (PEM is expected; mbedTLS -0x%04x)",
                   path->option, path->text, (unsigned)-code);
    return code == MBEDTLS_ERR_PK_ALLOC_FAILED ? PARLEY_ERR_MEMORY : PARLEY_ERR_FILE;
}

static int check_pair(const mbedtls_x509_crt *own, const mbedtls_pk_context *key, const struct path *path,
                      char why[PARLEY_TRANSPORT_REASON])
{
    (void)random_bytes; /* 2.28 needs none for this */
    if (mbedtls_pk_check_pair(&own->pk, key RANDOM) == 0)
        return 0;
    parley_why(why, "%s %s: the key is not the one of the certificate in client_cert", path->option,
               path->text);
    return PARLEY_ERR_FILE;
}

int parley_trust_own(mbedtls_x509_crt *own, mbedtls_pk_context *key, struct parley_view cert_file,
                     struct parley_view key_file, char why[PARLEY_TRANSPORT_REASON])
{
    struct path cert, path;
    int status;

    if (cert_file.len == 0) {
        parley_why(why, "client_key needs client_cert");
        return PARLEY_ERR_ARGUMENT;
    }
    status = set_path(&cert, "client_cert", cert_file, why);
    if (status == 0)
        status = check_readable(&cert, why);
    if (status == 0)
        status = judge_certificates(mbedtls_x509_crt_parse_file(own, cert.text), &cert, NULL, why);
    if (status == 0)
        status = key_file.len > 0 ? set_path(&path, "client_key", key_file, why)
                                  : set_path(&path, "client_cert", cert_file, why);
    if (status == 0)
        status = check_readable(&path, why);
    if (status == 0)
        status = load_key(key, &path, why);
    return status == 0 ? check_pair(own, key, &path, why) : status;
}
