/* Two traces of the same runs, one of which came over a wall. */
#ifndef CORDON_TESTS_ISOLATION_TRACES_H
#define CORDON_TESTS_ISOLATION_TRACES_H

#include "rule/ruling.h"

#include <cordon/trace.h>

static inline void assert_same_counts(const cordon_trace *a, const cordon_trace *b)
{
    const cordon_trace_summary *told = cordon_trace_get_summary(a);
    const cordon_trace_summary *also = cordon_trace_get_summary(b);
    const cordon_trace_line *line, *other;
    const cordon_trace_jump *jump;

    ck_assert_uint_eq(told->runs, also->runs);
    ck_assert_uint_eq(told->lines, also->lines);
    ck_assert_str_eq(told->source_hash, also->source_hash);
    ck_assert_int_eq(told->truncated, also->truncated);
    ck_assert_uint_eq(told->lost_lines, also->lost_lines);
    ck_assert_uint_eq(told->lost_jumps, also->lost_jumps);
    for (uint32_t i = 0; (line = cordon_trace_line_at(a, i)); i++) {
        other = cordon_trace_line_at(b, i);
        ck_assert_ptr_nonnull(other);
        ck_assert_uint_eq(line->hits, other->hits);
        ck_assert_uint_eq(line->instructions, other->instructions);
        ck_assert_uint_eq(line->edges, other->edges);
        ck_assert_uint_eq(line->nodes, other->nodes);
    }
    for (size_t i = 0; (jump = cordon_trace_jump_at(a, i)); i++) {
        const cordon_trace_jump *same = cordon_trace_jump_at(b, i);

        ck_assert_ptr_nonnull(same);
        ck_assert_uint_eq(jump->from, same->from);
        ck_assert_uint_eq(jump->to, same->to);
        ck_assert_uint_eq(jump->count, same->count);
    }
    ck_assert_ptr_null(
        cordon_trace_jump_at(b, cordon_trace_jump_at(a, 0) ? 100000 : 0));
}

static inline void assert_same_notes(const cordon_trace *a, const cordon_trace *b)
{
    const cordon_trace_summary *told = cordon_trace_get_summary(a);
    const cordon_trace_summary *also = cordon_trace_get_summary(b);
    const cordon_trace_step *step;
    const cordon_trace_value *value;
    const cordon_trace_read *read;
    size_t i;

    ck_assert_uint_eq(told->lost_steps, also->lost_steps);
    ck_assert_uint_eq(told->lost_values, also->lost_values);
    ck_assert_uint_eq(told->lost_reads, also->lost_reads);
    for (i = 0; (step = cordon_trace_step_at(a, i)); i++) {
        const cordon_trace_step *same = cordon_trace_step_at(b, i);

        ck_assert_ptr_nonnull(same);
        ck_assert_uint_eq(step->line, same->line);
        ck_assert_uint_eq(step->depth, same->depth);
    }
    ck_assert_ptr_null(cordon_trace_step_at(b, i));
    for (i = 0; (value = cordon_trace_value_at(a, i)); i++) {
        const cordon_trace_value *same = cordon_trace_value_at(b, i);

        ck_assert_ptr_nonnull(same);
        ck_assert_uint_eq(value->step, same->step);
        ck_assert_str_eq(value->type, same->type);
        ck_assert_str_eq(value->name, same->name);
        ck_assert_str_eq(value->text, same->text);
    }
    ck_assert_ptr_null(cordon_trace_value_at(b, i));
    for (i = 0; (read = cordon_trace_read_at(a, i)); i++) {
        const cordon_trace_read *same = cordon_trace_read_at(b, i);

        ck_assert_ptr_nonnull(same);
        ck_assert_uint_eq(read->step, same->step);
        ck_assert_str_eq(read->method, same->method);
        ck_assert_str_eq(read->type, same->type);
        ck_assert_str_eq(read->node, same->node);
        ck_assert_str_eq(read->refined, same->refined);
        ck_assert_uint_eq(read->nodes, same->nodes);
        ck_assert_int_eq(read->direction, same->direction);
        ck_assert_int_eq(read->from_ms, same->from_ms);
        ck_assert_int_eq(read->to_ms, same->to_ms);
        ck_assert_uint_eq(read->edges, same->edges);
        ck_assert_uint_eq(read->kept, same->kept);
    }
    ck_assert_ptr_null(cordon_trace_read_at(b, i));
}

#endif
