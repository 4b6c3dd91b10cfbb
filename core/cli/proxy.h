#ifndef PARLEY_CLI_PROXY_H
#define PARLEY_CLI_PROXY_H

#include "platform/view.h"

/*
 * Which proxy to go through, as programs for the network agree to be told.
 *
 * `asked` is what the command line says: a URL, or "none" or "" for no proxy at all; it wins over the
 * environment. NULL: for https and wss the first of https_proxy and HTTPS_PROXY that is set, for http and ws
 * http_proxy (HTTP_PROXY could be a header of a web server's visitor), then all_proxy and ALL_PROXY; unless
 * no_proxy or NO_PROXY names the host of `url` (NULL: the default service's).
 * Returns the proxy's URL, which may hold a password, or NULL for none. It points into the environment.
 */
const char *parley_cli_proxy(const char *asked, const char *url);

/*
 * True when the list of NO_PROXY, comma or white space in between, names this host and port. An entry is "*"
 * for everything, a domain, which stands for all below it as well (".example.com", "*.example.com" and
 * "example.com" are the same), an address, or a network ("10.0.0.0/8", "fd00::/8"); "entry:port" or
 * "[v6]:port" only for that port. Case and a dot at the end do not matter.
 */
bool parley_cli_proxy_excepts(struct parley_view list, struct parley_view host, unsigned port);

#endif
