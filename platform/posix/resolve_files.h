#ifndef PARLEY_PLATFORM_POSIX_RESOLVE_FILES_H
#define PARLEY_PLATFORM_POSIX_RESOLVE_FILES_H

/*
 * For tests: reads these files instead of /etc/hosts and /etc/resolv.conf, in all resolvers started from
 * now on. The strings must stay. NULL goes back to the system's.
 */
void parley_resolver_files(const char *hosts, const char *resolv_conf);

#endif
