/*
 * The user a test makes up.
 */
#include "platform/user.h"
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"
#include "platform/first_name.h"
#include "platform/status.h"

static const char *user_full_name, *user_login, *user_home;

void parley_fake_reset_user(void)
{
    parley_fake_user(NULL, NULL, NULL);
}

void parley_fake_user(const char *full_name, const char *login, const char *home)
{
    user_full_name = full_name;
    user_login = login;
    user_home = home;
}

void parley_user_first_name(char *out, size_t bytes)
{
    parley_first_name(parley_view(user_full_name), parley_view(user_login), out, bytes);
}

int parley_user_home(char *out, size_t bytes)
{
    struct parley_view home = parley_view(user_home != NULL ? user_home : "");

    if (home.len >= bytes)
        return PARLEY_ERR_TOO_LONG;
    memcpy(out, home.at, home.len + 1);
    return (int)home.len;
}
