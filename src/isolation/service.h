/* The worker's side of a wall: rules, grants and runs as the host's frames ask for them.
 *
 * It is the same code behind every wall, and in a test without one: what holds the worker in
 * is not its business.  Memory for state is made before anything runs; what a rule takes is its
 * slot's affair, as in the host. */
#ifndef CDN_ISOLATION_SERVICE_H
#define CDN_ISOLATION_SERVICE_H

#include <cordon/snapshot.h>

#include "isolation/channel.h"
#include "isolation/wire.h"
#include "sandbox/slot.h"

struct cdn_service;

/* Rules and grants a worker keeps at once; a higher number is refused. */
#define CDN_SERVICE_MAX_RULES  1024u
#define CDN_SERVICE_MAX_GRANTS 1024u

/* The snapshot is what runs see until the host sends a slice.
 *
 * Ownership: *out is the caller's; cdn_service_free() it.  The snapshot (NULL: none) and the
 *            channel are borrowed.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_service_new(struct cdn_service **out, cordon_snapshot *snapshot,
                              const struct cdn_slot_config *config,
                              struct cdn_channel *channel, cordon_error *err);
void cdn_service_free(struct cdn_service *service); /* accepts NULL */

/* Of the snapshot it was made with; 0: none. */
uint64_t cdn_service_identity(const struct cdn_service *service);

/* Answer the one frame that the channel has just received.  Errors: of the channel; CORDON_E_DATA it
 * is none of a host's. */
cordon_status cdn_service_serve(struct cdn_service *service, uint16_t kind,
                                cordon_error *err);

/* Say HELLO, then serve frames until the other side ends it (CORDON_OK) or says what is no
 * frame (CORDON_E_DATA). */
cordon_status cdn_service_run(struct cdn_service *service, uint32_t locks,
                              cordon_error *err);

#endif
