/*
 * Who sits at the machine, out of the account database.
 */
#define _GNU_SOURCE
#include "platform/user.h"
#include "platform/first_name.h"
#include "platform/status.h"

#include <pwd.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

enum { ACCOUNT_BYTES = 16384 };

/* The account of this process; NULL when it has none (a container, a database that does not answer). */
static const struct passwd *account(struct passwd *space, char text[ACCOUNT_BYTES])
{
    struct passwd *found = NULL;

    return getpwuid_r(getuid(), space, text, ACCOUNT_BYTES, &found) == 0 ? found : NULL;
}

void parley_user_first_name(char *out, size_t bytes)
{
    struct passwd space;
    char text[ACCOUNT_BYTES];
    const struct passwd *user = account(&space, text);
    struct parley_view login = parley_view(user != NULL ? user->pw_name : getenv("LOGNAME"));

    parley_first_name(parley_view(user != NULL ? user->pw_gecos : NULL), login, out, bytes);
}

/* $HOME is what every program of the user goes by, so it wins over the account. */
int parley_user_home(char *out, size_t bytes)
{
    struct passwd space;
    char text[ACCOUNT_BYTES];
    const char *home = getenv("HOME");
    size_t length;

    if (home == NULL || home[0] == '\0') {
        const struct passwd *user = account(&space, text);

        home = user != NULL && user->pw_dir != NULL ? user->pw_dir : "";
    }
    length = strlen(home);
    if (length >= bytes)
        return PARLEY_ERR_TOO_LONG;
    memcpy(out, home, length + 1);
    return (int)length;
}
