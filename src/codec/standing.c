/* Standings, versions and changes as JSON: see standing.h. */
#include "codec/standing.h"

#include "base/time.h"

static void json_guard(struct cdn_json *json, const cordon_guard *guard)
{
    cdn_json_key(json, "guard");
    cdn_json_object(json);
    cdn_json_key_uint(json, "min_samples", guard->min_samples);
    cdn_json_key(json, "max_error_rate");
    cdn_json_double(json, guard->max_error_rate);
    cdn_json_key(json, "max_limit_rate");
    cdn_json_double(json, guard->max_limit_rate);
    cdn_json_key(json, "max_p99_ratio");
    cdn_json_double(json, guard->max_p99_ratio);
    cdn_json_key(json, "max_drift");
    cdn_json_double(json, guard->max_drift);
    cdn_json_object_end(json);
}

static void json_trusts(struct cdn_json *json, const cordon_standing *standing)
{
    cdn_json_key(json, "trust");
    cdn_json_array(json);
    for (uint32_t i = 0; i < standing->trust_count; i++) {
        const cordon_trust *trust = &standing->trusts[i];

        cdn_json_object(json);
        if (trust->version)
            cdn_json_key_uint(json, "version", trust->version);
        cdn_json_key_cstr(json, "wall", cordon_wall_str(trust->wall));
        cdn_json_key_bool(json, "quarantined", trust->quarantined);
        cdn_json_key_uint(json, "sequence", trust->sequence);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
}

void cdn_json_standing(struct cdn_json *json, const cordon_standing *standing)
{
    cdn_json_key_cstr(json, "name", standing->name);
    cdn_json_key_cstr(json, "kind", cordon_object_kind_str(standing->kind));
    cdn_json_key_cstr(json, "state", cordon_object_state_str(standing->state));
    cdn_json_key_uint(json, "active", standing->active);
    cdn_json_key_uint(json, "previous", standing->previous);
    cdn_json_key_uint(json, "newest", standing->newest);
    cdn_json_key_uint(json, "revision", standing->revision);
    cdn_json_key(json, "variants");
    cdn_json_array(json);
    for (uint32_t i = 0; i < standing->variant_count; i++) {
        cdn_json_object(json);
        cdn_json_key_uint(json, "version", standing->variants[i].version);
        cdn_json_key_cstr(json, "kind", cordon_variant_str(standing->variants[i].kind));
        cdn_json_key(json, "percent");
        cdn_json_double(json, standing->variants[i].share / 100.0);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    if (standing->guarded)
        json_guard(json, &standing->guard);
    cdn_json_key(json, "shadows");
    cdn_json_array(json);
    for (uint32_t i = 0; i < standing->shadow_count; i++) {
        cdn_json_object(json);
        cdn_json_key_uint(json, "version", standing->shadows[i].version);
        cdn_json_key(json, "sample_rate");
        cdn_json_double(json, standing->shadows[i].sample / (double)CORDON_WHOLE);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    if (standing->trust_count)
        json_trusts(json, standing);
    if (standing->evidence[0])
        cdn_json_key_cstr(json, "last_abort", standing->evidence);
}

void cdn_json_change(struct cdn_json *json, const cordon_change_record *change)
{
    char when[40];

    cdn_json_key_uint(json, "sequence", change->sequence);
    cdn_json_key_cstr(json, "time",
                      cdn_time_format(when, sizeof(when), change->time_ms));
    cdn_json_key_cstr(json, "action", cordon_action_str(change->action));
    cdn_json_key_cstr(json, "name", change->name);
    cdn_json_key_cstr(json, "kind", cordon_object_kind_str(change->kind));
    cdn_json_key_uint(json, "from", change->from);
    cdn_json_key_uint(json, "to", change->to);
    cdn_json_key_cstr(json, "author", change->author);
    cdn_json_key_cstr(json, "reason", change->reason);
    if (change->details[0])
        cdn_json_key_cstr(json, "details", change->details);
}

void cdn_json_trust_changes(struct cdn_json *json, cordon_registry *registry,
                            const cordon_standing *standing)
{
    if (!standing->trust_count)
        return;
    cdn_json_key(json, "trust_changes");
    cdn_json_array(json);
    for (uint32_t i = 0; i < standing->trust_count; i++) {
        uint64_t sequence = standing->trusts[i].sequence;
        cordon_change_record change = {.struct_size = sizeof(change)};

        if (cordon_registry_history(&change, registry, standing->name, sequence + 1,
                                    NULL) ||
            change.sequence != sequence)
            continue;
        cdn_json_object(json);
        cdn_json_change(json, &change);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
}

void cdn_json_version(struct cdn_json *json, const cordon_version_info *info)
{
    char when[40];

    cdn_json_key_cstr(json, "name", info->name);
    cdn_json_key_cstr(json, "kind", cordon_object_kind_str(info->kind));
    cdn_json_key_uint(json, "version", info->version);
    cdn_json_key_cstr(json, "source_hash", info->source_hash);
    cdn_json_key_uint(json, "source_bytes", info->source_bytes);
    cdn_json_key_uint(json, "cases_bytes", info->cases_bytes);
    cdn_json_key_uint(json, "sequence", info->sequence);
    cdn_json_key_cstr(json, "time", cdn_time_format(when, sizeof(when), info->time_ms));
    cdn_json_key_cstr(json, "file", info->file);
    cdn_json_key_cstr(json, "author", info->author);
    cdn_json_key_cstr(json, "reason", info->reason);
}
