/* Keeping up with what is served: the policy, the store, the registry, rules of files, and with
 * what the configuration says.
 *
 * A thread of the server's looks ten times a second, and at once where a file that is followed
 * has changed; POST /v1/reload and SIGHUP look now and say what came of it, and alone read the
 * configuration again (server.h, `again`) and the certificate: who may call and how the log is
 * written change at once, the others are named as taking a new start.  What cannot be taken
 * over (a rule with a fault, a damaged generation, a faulty configuration) leaves what is
 * served as it was, and /readyz and the log say so until it can.
 *
 * A version of the registry that does not load is no failed reload: the log says it, and the
 * rule's standing does; whoever pushed it is told by the push.
 *
 * Threads: every function is safe from any, but open and close. */
#ifndef CDN_SERVER_RELOAD_H
#define CDN_SERVER_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

#include "codec/json.h"

struct cdn_host;
struct cdn_reload;
struct cdn_server_setting; /* server.h */

/* X(name, word): what can fail to be taken over, each on its own. */
#define CDN_RELOAD_MAP(X)                                                              \
    X(POLICY, "policy")                                                                \
    X(DATA, "data") /* the store, the registry, the log of decisions */                \
    X(RULES, "rules")                                                                  \
    X(CONFIG, "config") /* the configuration */                                        \
    X(TLS, "tls")       /* the certificate and its key */

enum cdn_reload_part {
#define CDN_RELOAD_ENUM(name, word) CDN_RELOAD_##name,
    CDN_RELOAD_MAP(CDN_RELOAD_ENUM)
#undef CDN_RELOAD_ENUM
        CDN_RELOAD_PARTS
};

/* Load the files that the host's options name, and follow everything from now on.
 * Ownership: *out is the caller's; cdn_reload_close() it before the host's engine is freed.
 * Errors:    as cdn_files_open(). */
cordon_status cdn_reload_open(struct cdn_reload **out, struct cdn_host *host,
                              cordon_error *err);
void cdn_reload_close(struct cdn_reload *reload); /* accepts NULL */

/* Look.  Waits for one that is under way. */
void cdn_reload_look(struct cdn_reload *reload);
/* Look, and try again what failed; read the configuration and the certificate anew.  True:
 * everything is as the files say, but what takes a new start. */
bool cdn_reload_now(struct cdn_reload *reload);
/* Readable when it is worth looking: `fds` has room for two; how many there are. */
size_t cdn_reload_fds(const struct cdn_reload *reload, int fds[2]);

/* Does anything stand otherwise than its file says? */
bool cdn_reload_failed(const struct cdn_reload *reload);
/* "failures": an array with the word of each part that could not be taken over, or, `whole`, with
 * what is wrong with it.  Nothing where there is none. */
void cdn_reload_write(struct cdn_json *json, struct cdn_reload *reload, bool whole);
/* "restart": an array with the name of each setting that the configuration, when it was read
 * last, had otherwise than it is in force.  Nothing where there is none. */
void cdn_reload_write_restart(struct cdn_json *json, struct cdn_reload *reload);
/* What a reload has made of a setting since the start: its value, which lies in `value` then, and
 * its origin.  True: the configuration says something else, which takes a new start. */
#define CDN_RELOAD_VALUE_BYTES 16
bool cdn_reload_setting(struct cdn_server_setting *setting,
                        char value[CDN_RELOAD_VALUE_BYTES], struct cdn_reload *reload);

#endif
