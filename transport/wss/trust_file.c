/*
 * Files of certificates and keys, as mbedTLS reads them, with reasons that name the file. See trust_parts.h.
 */
#include "transport/wss/trust_parts.h"

#include "transport/wss/why.h"

#if defined(MBEDTLS_FS_IO)
#include "platform/file.h"

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
    if (parley_trust_is_full(unread)) {
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

static int load_certificates(mbedtls_x509_crt *into, const char *option, struct parley_view name,
                             const struct parley_log *log, char why[PARLEY_TRANSPORT_REASON])
{
    struct path path;
    int status = set_path(&path, option, name, why);

    if (status == 0)
        status = check_readable(&path, why);
    if (status < 0)
        return status;
    return judge_certificates(mbedtls_x509_crt_parse_file(into, path.text), &path, log, why);
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

int parley_trust_file(mbedtls_x509_crt *trusted, struct parley_view ca_file, const struct parley_log *log,
                      char why[PARLEY_TRANSPORT_REASON])
{
    return load_certificates(trusted, "ca_file", ca_file, log, why);
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

int parley_trust_folders(mbedtls_x509_crt *trusted, struct parley_view ca_dir,
                         char why[PARLEY_TRANSPORT_REASON])
{
    int status = 0;

    while (status == 0 && ca_dir.len > 0) {
        const char *colon = memchr(ca_dir.at, ':', ca_dir.len);
        size_t len = colon != NULL ? (size_t)(colon - ca_dir.at) : ca_dir.len;

        if (len > 0)
            status = load_folder(trusted, parley_view_of(ca_dir.at, len), why);
        ca_dir = parley_view_skip(ca_dir, len + 1);
    }
    return status;
}

static bool is_there(const char *path)
{
    int fd = parley_file_open(path, PARLEY_FILE_READ);

    parley_file_close(fd);
    return fd >= 0;
}

int parley_trust_system(mbedtls_x509_crt *trusted, const struct parley_log *log,
                        char why[PARLEY_TRANSPORT_REASON])
{
    for (size_t i = 0; i < BUNDLES; i++)
        if (is_there(bundles[i]))
            return parley_trust_file(trusted, parley_view(bundles[i]), log, why);
    for (size_t i = 0; i < FOLDERS; i++)
        if (is_there(folders[i]) && load_folder(trusted, parley_view(folders[i]), why) == 0)
            return 0;
    parley_why(why,
               "no bundle of trusted certificates: neither %s nor one of %d other usual places is there; "
               "install ca-certificates or set ca_file",
               bundles[0], BUNDLES + FOLDERS - 1);
    return PARLEY_ERR_FILE;
}

/* ---- our own certificate ----------------------------------------------------------------------- */

int parley_trust_certificate_file(mbedtls_x509_crt *own, const char *option, struct parley_view name,
                                  char why[PARLEY_TRANSPORT_REASON])
{
    return load_certificates(own, option, name, NULL, why);
}

static int load_key(mbedtls_pk_context *key, const struct path *path, char why[PARLEY_TRANSPORT_REASON])
{
    int code = mbedtls_pk_parse_keyfile(key, path->text, NULL PARLEY_TRUST_RANDOM);

    if (code == 0)
        return 0;
    if (code == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
        parley_why(why, "%s %s: the key has a passphrase, which cannot be asked for", path->option,
                   path->text);
    else
        parley_why(why, "%s %s: holds no key that can be read (PEM is expected; mbedTLS -0x%04x)",
                   path->option, path->text, (unsigned)-code);
    return parley_trust_is_full(code) ? PARLEY_ERR_MEMORY : PARLEY_ERR_FILE;
}

int parley_trust_key_file(mbedtls_pk_context *key, const char *option, struct parley_view name,
                          char why[PARLEY_TRANSPORT_REASON])
{
    struct path path;
    int status = set_path(&path, option, name, why);

    if (status == 0)
        status = check_readable(&path, why);
    return status == 0 ? load_key(key, &path, why) : status;
}

#else /* of a board: mbedTLS reads no files */

static int refuse(const char *option, const char *instead, char why[PARLEY_TRANSPORT_REASON])
{
    parley_why(why, "%s: this mbedTLS reads no files (MBEDTLS_FS_IO); set %s instead", option, instead);
    return PARLEY_ERR_FILE;
}

int parley_trust_file(mbedtls_x509_crt *trusted, struct parley_view ca_file, const struct parley_log *log,
                      char why[PARLEY_TRANSPORT_REASON])
{
    (void)trusted, (void)ca_file, (void)log;
    return refuse("ca_file", "ca_pem", why);
}

int parley_trust_folders(mbedtls_x509_crt *trusted, struct parley_view ca_dir,
                         char why[PARLEY_TRANSPORT_REASON])
{
    (void)trusted;
    return ca_dir.len > 0 ? refuse("ca_dir", "ca_pem", why) : 0;
}

int parley_trust_system(mbedtls_x509_crt *trusted, const struct parley_log *log,
                        char why[PARLEY_TRANSPORT_REASON])
{
    (void)trusted, (void)log;
    return refuse("the system's authorities", "ca_pem", why);
}

int parley_trust_certificate_file(mbedtls_x509_crt *own, const char *option, struct parley_view name,
                                  char why[PARLEY_TRANSPORT_REASON])
{
    (void)own, (void)name;
    return refuse(option, "client_cert_pem", why);
}

int parley_trust_key_file(mbedtls_pk_context *key, const char *option, struct parley_view name,
                          char why[PARLEY_TRANSPORT_REASON])
{
    (void)key, (void)name;
    return refuse(option, "client_key_pem", why);
}

#endif
