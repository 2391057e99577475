/* All a registry says, as text, so that two moments can be compared; and whether it agrees
 * with itself. */
#ifndef CORDON_TESTS_REGISTRY_STATE_H
#define CORDON_TESTS_REGISTRY_STATE_H

#include "support/unit.h"

#include <inttypes.h>

#include <cordon/registry.h>

#include "base/buf.h"
#include "engine/registry.h"

#define OK(call)                                                                       \
    do {                                                                               \
        cordon_error state_err;                                                        \
        cordon_error *err = &state_err;                                                \
        cordon_status state_status = (call);                                           \
        ck_assert_msg(state_status == CORDON_OK, "%s: %s", #call, state_err.message);  \
    } while (0)

static const cordon_change by_ann = {
    .struct_size = sizeof(by_ann), .author = "ann", .reason = "because"};

static inline const char *rule_text(char *out, size_t size, const char *name, int what)
{
    snprintf(out, size,
             "return { name = '%s', decisions = { 'allow', 'deny' }, fallback = "
             "'deny',\n  evaluate = function(graph, request) return { decision = "
             "'allow', score = %d } end }\n",
             name, what);
    return out;
}

/* The newest change of an object is the one that made its standing, and the last change of
 * the active version led to it. */
static inline void state_agrees(cordon_registry *registry,
                                const cordon_standing *standing)
{
    cordon_change_record change = {.struct_size = sizeof(change)};
    uint64_t before = 0;
    bool newest = true;

    while (!cordon_registry_history(&change, registry, standing->name, before, NULL)) {
        if (newest)
            ck_assert_uint_eq(change.sequence, standing->revision);
        newest = false;
        before = change.sequence;
        if (change.action == CORDON_ACTION_PUSH)
            continue;
        ck_assert_uint_eq(change.to, standing->active);
        return;
    }
    ck_assert(!newest);
    ck_assert_uint_eq(standing->active, 0);
}

static inline void state_of_object(struct cdn_buf *out, cordon_registry *registry,
                                   const cordon_standing *standing)
{
    cdn_buf_printf(
        out, "%s kind %d state %d active %u previous %u newest %u rev %" PRIu64,
        standing->name, (int)standing->kind, (int)standing->state, standing->active,
        standing->previous, standing->newest, standing->revision);
    for (uint32_t i = 0; i < standing->variant_count; i++)
        cdn_buf_printf(out, " variant %u %d %u", standing->variants[i].version,
                       (int)standing->variants[i].kind, standing->variants[i].share);
    for (uint32_t i = 0; i < standing->shadow_count; i++)
        cdn_buf_printf(out, " shadow %u %u", standing->shadows[i].version,
                       standing->shadows[i].sample);
    for (uint32_t i = 0; i < standing->trust_count; i++)
        cdn_buf_printf(out, " trust %u %d %d %" PRIu64, standing->trusts[i].version,
                       (int)standing->trusts[i].wall, standing->trusts[i].quarantined,
                       standing->trusts[i].sequence);
    cdn_buf_printf(out, " guarded %d evidence '%s'\n", standing->guarded,
                   standing->evidence);
    for (uint32_t version = 1; version <= standing->newest; version++) {
        cordon_version_info info = {.struct_size = sizeof(info)};
        struct cdn_buf text = {0};
        uint64_t runs;

        OK(cordon_registry_version(&info, registry, standing->name, version, err));
        OK(cdn_registry_text(&text, registry, standing->name, version, err));
        ck_assert_uint_eq(text.length, info.source_bytes);
        OK(cdn_registry_runs(&runs, registry, standing->name, version, err));
        cdn_buf_printf(out, "  version %u %s %" PRIu64 " by %s, %" PRIu64 " runs\n",
                       version, info.source_hash, info.sequence, info.author, runs);
        cdn_buf_deinit(&text);
    }
}

/* Append the whole state; times are left out. */
static inline void state_of(struct cdn_buf *out, cordon_registry *registry)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};
    cordon_change_record change = {.struct_size = sizeof(change)};
    uint64_t sequence = cdn_registry_sequence(registry);
    uint64_t before = 0;
    char after[CORDON_RULE_MAX_NAME_BYTES + 1] = "";

    cdn_buf_printf(out, "sequence %" PRIu64 "\n", sequence);
    while (!cordon_registry_next(&standing, registry, after[0] ? after : NULL, NULL)) {
        state_of_object(out, registry, &standing);
        state_agrees(registry, &standing);
        memcpy(after, standing.name, sizeof(after));
    }
    while (!cordon_registry_history(&change, registry, NULL, before, NULL)) {
        ck_assert_uint_eq(change.sequence, before ? before - 1 : sequence);
        cdn_buf_printf(out, "change %" PRIu64 " %d %s %u %u %s %s %s\n",
                       change.sequence, (int)change.action, change.name, change.from,
                       change.to, change.author, change.reason, change.details);
        before = change.sequence;
    }
    ck_assert_uint_eq(before, sequence ? 1 : 0);
    for (before = 0;;) {
        struct cdn_buf note = {0};
        cordon_status status =
            cdn_registry_untold(&before, &note, registry, before, NULL);

        if (!status)
            cdn_buf_printf(out, "untold %" PRIu64 " %.*s\n", before, (int)note.length,
                           (const char *)note.data);
        cdn_buf_deinit(&note);
        if (status) {
            ck_assert_int_eq(status, CORDON_E_NOTFOUND);
            return;
        }
    }
}

#endif
