#ifndef PARLEY_PLATFORM_DNS_H
#define PARLEY_PLATFORM_DNS_H

#include "platform/address.h"
#include "platform/view.h"
#include <stdint.h>

/*
 * The words of DNS: a question for the addresses of a name, and what an answer says to it. No I/O and no
 * state, so that any bytes can be thrown at it (test/fuzz/dns_fuzz.c). RFC 1035 section 4, RFC 3596.
 */
enum parley_dns_type { PARLEY_DNS_A = 1, PARLEY_DNS_AAAA = 28 };

/* The longest question, and the addresses kept of one answer. */
enum { PARLEY_DNS_QUESTION = 12 + 255 + 4, PARLEY_DNS_ADDRESSES = 8 };

/*
 * Why `host` cannot be a host name, in words ("it is empty"); NULL when it can be one. Strict about length
 * and labels (RFC 1035 section 2.3.4), and only letters, digits, '-' and '_' are let through: what else there
 * may be in a name comes from a mistake, or is meant to do harm further on. A dot at the end is fine.
 */
const char *parley_dns_name_fault(struct parley_view host);

/*
 * Writes the question for `host`, recursion desired. Returns its length, 0 when `host` has a fault.
 */
size_t parley_dns_question(unsigned char out[PARLEY_DNS_QUESTION], uint16_t id, struct parley_view host,
                           enum parley_dns_type type);

enum parley_dns_verdict {
    PARLEY_DNS_FOREIGN,   /* no answer to this question (other id, other name, a query): read on */
    PARLEY_DNS_FOUND,     /* addresses */
    PARLEY_DNS_NODATA,    /* the name exists, but not with this type of address */
    PARLEY_DNS_NXDOMAIN,  /* no such name */
    PARLEY_DNS_TRUNCATED, /* ask again over TCP */
    PARLEY_DNS_FAILED,    /* the server could not or would not tell: see `rcode`; ask another one */
    PARLEY_DNS_UNUSABLE,  /* not well-formed, or from a server that only refers to others; ask another one */
};

struct parley_dns_answer {
    unsigned rcode;
    size_t count;
    struct parley_address addresses[PARLEY_DNS_ADDRESSES]; /* port 0; those beyond are left out */
};

/*
 * Reads what came back to `question` (as parley_dns_question wrote it). Follows CNAMEs as far as the answer
 * holds their targets. Of a message `cut` short by the reader's own buffer the records that are whole count.
 */
enum parley_dns_verdict parley_dns_answer(struct parley_dns_answer *answer, const unsigned char *question,
                                          size_t question_bytes, const unsigned char *message, size_t bytes,
                                          bool cut);

/* "SERVFAIL" and the like; "an unknown error" for a number without a name. Static memory. */
const char *parley_dns_rcode_name(unsigned rcode);

#endif
