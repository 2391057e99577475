/* The layouts that callers compile into their programs, pinned.
 *
 * A struct that carries its size may grow at its end; nothing in it may move.  A change
 * that fails here breaks every program compiled before it, so it is either a mistake or
 * a new soname. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include <cordon.h>

static int failures;

static void expect(const char *what, size_t is, size_t should)
{
    if (is == should)
        return;
    printf("FAILED: %s is %zu, not %zu\n", what, is, should);
    failures++;
}

#define SIZE(type, should) expect("sizeof " #type, sizeof(type), should)
#define OFFSET(type, field, should)                                                    \
    expect(#type "." #field, offsetof(type, field), should)

/* Every field but the first is zero: what _INIT promises. */
static void zero_but_size(const char *what, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (size_t i = sizeof(size_t); i < size; i++) {
        if (at[i])
            expect(what, at[i], 0);
    }
}

static void functions_and_proposals(void)
{
    static cordon_function function = CORDON_FUNCTION_INIT;
    static cordon_proposals_options proposals = CORDON_PROPOSALS_OPTIONS_INIT;
    static cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    static cordon_proposal_filter filter = CORDON_PROPOSAL_FILTER_INIT;

    SIZE(cordon_function, 48);
    OFFSET(cordon_function, body, 16);
    OFFSET(cordon_function, ud, 24);
    OFFSET(cordon_function, flags, 32);
    OFFSET(cordon_function, cost, 40);
    SIZE(cordon_proposals_options, 24);
    OFFSET(cordon_proposals_options, map_bytes, 16);
    SIZE(cordon_proposal_source, 48);
    OFFSET(cordon_proposal_source, policy, 16);
    OFFSET(cordon_proposal_source, defer, 24);
    OFFSET(cordon_proposal_source, refused, 32);
    SIZE(cordon_proposal_filter, 56);
    OFFSET(cordon_proposal_filter, state, 16);
    OFFSET(cordon_proposal_filter, limit, 48);
    SIZE(cordon_proposal, 176);
    OFFSET(cordon_proposal, decision_id, 32);
    OFFSET(cordon_proposal, generation, 56);
    OFFSET(cordon_proposal, history, 104);
    OFFSET(cordon_proposal, content, 128);
    expect("CORDON_FUNCTION_INIT.struct_size", function.struct_size, sizeof function);
    expect("CORDON_PROPOSALS_OPTIONS_INIT.struct_size", proposals.struct_size,
           sizeof proposals);
    expect("CORDON_PROPOSAL_SOURCE_INIT.struct_size", source.struct_size,
           sizeof source);
    expect("CORDON_PROPOSAL_FILTER_INIT.struct_size", filter.struct_size,
           sizeof filter);
    zero_but_size("CORDON_FUNCTION_INIT", &function, sizeof function);
    zero_but_size("CORDON_PROPOSALS_OPTIONS_INIT", &proposals, sizeof proposals);
    zero_but_size("CORDON_PROPOSAL_SOURCE_INIT", &source, sizeof source);
    zero_but_size("CORDON_PROPOSAL_FILTER_INIT", &filter, sizeof filter);
}

/* Static, so that padding is zero as well and may be looked at. */
static void traces(void)
{
    static cordon_trace_options trace = CORDON_TRACE_OPTIONS_INIT;

    OFFSET(cordon_request, trace, 112);
    OFFSET(cordon_request, graph, 120);
    SIZE(cordon_trace_options, 24);
    OFFSET(cordon_trace_options, memory_bytes, 8);
    OFFSET(cordon_trace_options, counts_only, 16);
    SIZE(cordon_trace_line, 40);
    SIZE(cordon_trace_jump, 16);
    SIZE(cordon_trace_step, 8);
    SIZE(cordon_trace_value, 32);
    SIZE(cordon_trace_read, 88);
    OFFSET(cordon_trace_read, kept, 80);
    SIZE(cordon_trace_summary, 72);
    OFFSET(cordon_trace_summary, lost_reads, 64);
    expect("CORDON_TRACE_OPTIONS_INIT.struct_size", trace.struct_size, sizeof trace);
    zero_but_size("CORDON_TRACE_OPTIONS_INIT", &trace, sizeof trace);
}

static void audits_and_conducts(void)
{
    SIZE(cordon_audit_options, 96);
    OFFSET(cordon_audit_options, sync, 8);
    OFFSET(cordon_audit_options, on_full, 12);
    OFFSET(cordon_audit_options, sample, 20);
    OFFSET(cordon_audit_options, ring_bytes, 24);
    OFFSET(cordon_audit_options, keep_segments, 48);
    OFFSET(cordon_audit_options, keep_ms, 64);
    OFFSET(cordon_audit_options, key_file, 72);
    OFFSET(cordon_audit_options, mask_count, 88);
    SIZE(cordon_audit_mask, 16);
    SIZE(cordon_audit_stats, 120);
    OFFSET(cordon_audit_stats, damaged, 112);
    SIZE(cordon_audit_entry, 144);
    OFFSET(cordon_audit_entry, prev_hash, 40);
    OFFSET(cordon_audit_entry, record, 104);
    OFFSET(cordon_audit_entry, value, 120);
    SIZE(cordon_audit_finding, 40);
    SIZE(cordon_audit_report, 120);
    OFFSET(cordon_audit_report, keyed, 80);
    SIZE(cordon_conduct, 1528);
    OFFSET(cordon_conduct, outcomes, 32);
    OFFSET(cordon_conduct, limits, 80);
    OFFSET(cordon_conduct, decisions, 184);
    OFFSET(cordon_conduct, wall_ns, 1504);
}

static void reads(void)
{
    static cordon_read read = CORDON_READ_INIT;
    static cordon_query query = CORDON_QUERY_INIT;

    SIZE(cordon_read, 56);
    OFFSET(cordon_read, as_of_ms, 16);
    OFFSET(cordon_read, priority, 40);
    OFFSET(cordon_read, usage, 48);
    SIZE(cordon_condition, 40);
    OFFSET(cordon_condition, value, 16);
    SIZE(cordon_query, 136);
    OFFSET(cordon_query, direction, 32);
    OFFSET(cordon_query, types, 40);
    OFFSET(cordon_query, since_ms, 56);
    OFFSET(cordon_query, where, 72);
    OFFSET(cordon_query, properties, 88);
    OFFSET(cordon_query, limit, 104);
    OFFSET(cordon_query, cursor, 112);
    OFFSET(cordon_query, hops, 120);
    OFFSET(cordon_query, max_edges, 128);
    expect("CORDON_READ_INIT.struct_size", read.struct_size, sizeof read);
    expect("CORDON_QUERY_INIT.struct_size", query.struct_size, sizeof query);
    read.as_of_ms -= CORDON_NO_TIME;
    query.since_ms -= CORDON_NO_TIME;
    query.until_ms -= CORDON_NO_TIME;
    zero_but_size("CORDON_READ_INIT", &read, sizeof read);
    zero_but_size("CORDON_QUERY_INIT", &query, sizeof query);
}

int main(void)
{
    static cordon_limits limits = CORDON_LIMITS_INIT;
    static cordon_engine_options engine = CORDON_ENGINE_OPTIONS_INIT;
    static cordon_snapshot_options snapshot = CORDON_SNAPSHOT_OPTIONS_INIT;
    static cordon_request request = CORDON_REQUEST_INIT;
    static cordon_change change = CORDON_CHANGE_INIT;
    static cordon_audit_options audit = CORDON_AUDIT_OPTIONS_INIT;
    static cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    static cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    static cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;

    if (sizeof(void *) != 8) {
        puts("SKIPPED: the layouts pinned here are those of 64-bit machines");
        return 77;
    }
    SIZE(cordon_limits, 64);
    OFFSET(cordon_limits, instructions, 8);
    OFFSET(cordon_limits, edges, 16);
    OFFSET(cordon_limits, memory_bytes, 24);
    OFFSET(cordon_limits, output_bytes, 32);
    OFFSET(cordon_limits, wall_ns, 40);
    OFFSET(cordon_limits, nodes, 48);
    OFFSET(cordon_limits, hops, 56);
    SIZE(cordon_engine_options, 152);
    OFFSET(cordon_engine_options, max_waiting, 88);
    OFFSET(cordon_engine_options, interrupt_slots, 92);
    OFFSET(cordon_engine_options, tighten, 96);
    OFFSET(cordon_engine_options, wall, 100);
    OFFSET(cordon_engine_options, worker, 104);
    OFFSET(cordon_engine_options, workers_min, 112);
    OFFSET(cordon_engine_options, workers_max, 116);
    OFFSET(cordon_engine_options, workers_idle_ms, 120);
    OFFSET(cordon_engine_options, slice, 124);
    OFFSET(cordon_engine_options, slice_hops, 128);
    OFFSET(cordon_engine_options, slice_max_nodes, 136);
    OFFSET(cordon_engine_options, slice_max_edges, 144);
    OFFSET(cordon_engine_options, slots, 8);
    OFFSET(cordon_engine_options, busy_wait_ms, 12);
    OFFSET(cordon_engine_options, max_instructions, 16);
    OFFSET(cordon_engine_options, max_wall_ns, 48);
    OFFSET(cordon_engine_options, image_budget_bytes, 64);
    OFFSET(cordon_engine_options, max_nodes, 72);
    OFFSET(cordon_engine_options, max_hops, 80);
    SIZE(cordon_snapshot_options, 24);
    OFFSET(cordon_snapshot_options, verify, 8);
    OFFSET(cordon_snapshot_options, generation, 16);
    SIZE(cordon_slice_node, 16);
    SIZE(cordon_slice_kind, 24);
    SIZE(cordon_slice_options, 72);
    OFFSET(cordon_slice_options, nodes, 8);
    OFFSET(cordon_slice_options, hops, 24);
    OFFSET(cordon_slice_options, as_of_ms, 32);
    OFFSET(cordon_slice_options, kinds, 40);
    OFFSET(cordon_slice_options, max_nodes, 56);
    OFFSET(cordon_slice_options, max_edges, 64);
    SIZE(cordon_request, 128);
    OFFSET(cordon_request, label, 8);
    OFFSET(cordon_request, key, 16);
    OFFSET(cordon_request, params, 32);
    OFFSET(cordon_request, now_ms, 48);
    OFFSET(cordon_request, as_of_ms, 56);
    OFFSET(cordon_request, seed, 64);
    OFFSET(cordon_request, limits, 72);
    OFFSET(cordon_request, cancel, 80);
    OFFSET(cordon_request, principal, 88);
    OFFSET(cordon_request, traceparent, 96);
    OFFSET(cordon_request, priority, 104);
    traces();
    audits_and_conducts();
    SIZE(cordon_cancel, 4);
    SIZE(cordon_usage, 128);
    OFFSET(cordon_usage, host_ns, 120);
    OFFSET(cordon_usage, nodes_limit, 96);
    OFFSET(cordon_usage, hops, 104);
    OFFSET(cordon_usage, hops_limit, 112);
    OFFSET(cordon_usage, native_ns, 72);
    OFFSET(cordon_usage, wall_limit_ns, 88);
    SIZE(cordon_value, 24);
    OFFSET(cordon_value, as, 8);
    OFFSET(cordon_value, end, 16);
    SIZE(cordon_value_iter, 24);
    SIZE(cordon_builder, 24);
    SIZE(cordon_rollout_variant, 12);
    SIZE(cordon_rollout_shadow, 8);
    SIZE(cordon_guard, 40);
    SIZE(cordon_standing, 3064);
    OFFSET(cordon_standing, name, 8);
    OFFSET(cordon_standing, active, 84);
    OFFSET(cordon_standing, variants, 100);
    OFFSET(cordon_standing, shadows, 200);
    OFFSET(cordon_standing, guard, 240);
    OFFSET(cordon_standing, revision, 280);
    OFFSET(cordon_standing, evidence, 288);
    OFFSET(cordon_standing, trusts, 2296);
    SIZE(cordon_trust, 24);
    OFFSET(cordon_trust, sequence, 16);
    SIZE(cordon_version_info, 1576);
    OFFSET(cordon_version_info, version, 80);
    OFFSET(cordon_version_info, source_hash, 84);
    OFFSET(cordon_version_info, time_ms, 168);
    OFFSET(cordon_version_info, author, 440);
    SIZE(cordon_change_record, 3240);
    OFFSET(cordon_change_record, time_ms, 16);
    OFFSET(cordon_change_record, name, 32);
    OFFSET(cordon_change_record, from, 100);
    OFFSET(cordon_change_record, details, 1238);
    SIZE(cordon_change, 40);
    OFFSET(cordon_change, expect_revision, 24);
    OFFSET(cordon_change, dry_run, 32);
    SIZE(cordon_candidate, 88);
    OFFSET(cordon_candidate, source, 40);
    OFFSET(cordon_candidate, cases_bytes, 64);
    OFFSET(cordon_candidate, worker, 80);
    SIZE(cordon_rollout, 152);
    OFFSET(cordon_rollout, variants, 12);
    OFFSET(cordon_rollout, guarded, 108);
    OFFSET(cordon_rollout, guard, 112);
    functions_and_proposals();
    reads();
    SIZE(cordon_error, 12 + CORDON_ERROR_FILE_BYTES + CORDON_ERROR_MESSAGE_BYTES);

    expect("CORDON_LIMITS_INIT.struct_size", limits.struct_size, sizeof limits);
    expect("CORDON_ENGINE_OPTIONS_INIT.struct_size", engine.struct_size, sizeof engine);
    expect("CORDON_SNAPSHOT_OPTIONS_INIT.struct_size", snapshot.struct_size,
           sizeof snapshot);
    expect("CORDON_REQUEST_INIT.struct_size", request.struct_size, sizeof request);
    expect("CORDON_CHANGE_INIT.struct_size", change.struct_size, sizeof change);
    zero_but_size("CORDON_CHANGE_INIT", &change, sizeof change);
    expect("CORDON_AUDIT_OPTIONS_INIT.struct_size", audit.struct_size, sizeof audit);
    expect("CORDON_AUDIT_STATS_INIT.struct_size", stats.struct_size, sizeof stats);
    expect("CORDON_AUDIT_ENTRY_INIT.struct_size", entry.struct_size, sizeof entry);
    expect("CORDON_AUDIT_REPORT_INIT.struct_size", report.struct_size, sizeof report);
    zero_but_size("CORDON_AUDIT_OPTIONS_INIT", &audit, sizeof audit);
    zero_but_size("CORDON_AUDIT_STATS_INIT", &stats, sizeof stats);
    zero_but_size("CORDON_AUDIT_ENTRY_INIT", &entry, sizeof entry);
    zero_but_size("CORDON_AUDIT_REPORT_INIT", &report, sizeof report);
    zero_but_size("CORDON_LIMITS_INIT", &limits, sizeof limits);
    zero_but_size("CORDON_ENGINE_OPTIONS_INIT", &engine, sizeof engine);
    zero_but_size("CORDON_SNAPSHOT_OPTIONS_INIT", &snapshot, sizeof snapshot);
    if (request.as_of_ms != CORDON_NO_TIME)
        printf("FAILED: CORDON_REQUEST_INIT.as_of_ms is %" PRId64 "\n",
               request.as_of_ms),
            failures++;
    request.as_of_ms = 0;
    zero_but_size("CORDON_REQUEST_INIT", &request, sizeof request);
    printf("%d layout faults\n", failures);
    return failures ? 1 : 0;
}
