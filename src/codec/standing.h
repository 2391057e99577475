/* How objects of a registry stand, their versions and changes, as JSON: what the command and
 * the server both tell, under the same keys. */
#ifndef CDN_CODEC_STANDING_H
#define CDN_CODEC_STANDING_H

#include <cordon/registry.h>

#include "codec/json.h"

/* The fields of one, inside an object. */
void cdn_json_standing(struct cdn_json *json, const cordon_standing *standing);
void cdn_json_version(struct cdn_json *json, const cordon_version_info *info);
void cdn_json_change(struct cdn_json *json, const cordon_change_record *change);

/* "trust_changes": who made versions of the object trusted less, when and why, as history has it;
 * nothing where all are trusted alike. */
void cdn_json_trust_changes(struct cdn_json *json, cordon_registry *registry,
                            const cordon_standing *standing);

#endif
