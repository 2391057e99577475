/* A console over the bank, and what an input gave as text: shared by its tests. */
#ifndef CORDON_TESTS_CONSOLE_CONSOLING_H
#define CORDON_TESTS_CONSOLE_CONSOLING_H

#include "support/fixture.h"
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>

#include <cordon/rule.h>

#include "console/console.h"
#include "console/show.h"

#define ck_assert_contains(text, part)                                                 \
    do {                                                                               \
        if (!strstr((text), (part)))                                                   \
            ck_abort_msg("'%s' does not contain '%s'", (text), (part));                \
    } while (0)

struct consoling {
    cordon_snapshot *snapshot;
    struct cdn_console *console;
    cordon_outcome *outcome;
    struct cdn_budget budget;
    cordon_request request;
    char text[65536];
    size_t length;
};

static inline void consoling_init(struct consoling *c,
                                  const struct cdn_console_config *config)
{
    memset(c, 0, sizeof *c);
    c->snapshot = cdn_fixture_bank_open();
    ck_assert_int_eq(cdn_console_new(&c->console, c->snapshot, config, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cordon_outcome_new(&c->outcome, NULL), CORDON_OK);
    c->budget = (struct cdn_budget){.instructions = 10000000,
                                    .memory_bytes = 8 << 20,
                                    .edges = 10000,
                                    .output_bytes = 65536,
                                    .wall_ns = UINT64_C(600000000000),
                                    .nodes = 100000,
                                    .hops = 10};
    c->request = (cordon_request)CORDON_REQUEST_INIT;
    c->request.now_ms = CDN_BANK_T + 10 * CDN_BANK_HOUR;
}

static inline void consoling_deinit(struct consoling *c)
{
    cdn_console_free(c->console);
    cordon_outcome_free(c->outcome);
    cordon_snapshot_release(c->snapshot);
}

/* Append a value in a form that tests compare. */
static inline void consoling_write(struct consoling *c, const cordon_value *value)
{
    char *at = c->text + c->length;
    size_t room = sizeof c->text - c->length;
    cordon_value_iter iter;
    cordon_value key, item;
    bool first = true;
    int length = 0;

    switch (value->type) {
    case CORDON_NIL:
        length = snprintf(at, room, "nil");
        break;
    case CORDON_BOOLEAN:
        length = snprintf(at, room, "%s", value->as.boolean ? "true" : "false");
        break;
    case CORDON_INTEGER:
        length = snprintf(at, room, "%" PRId64, value->as.integer);
        break;
    case CORDON_NUMBER:
        length = snprintf(at, room, "%g", value->as.number);
        break;
    case CORDON_STRING:
        length = snprintf(at, room, "%.*s", (int)value->length, value->as.string);
        break;
    case CORDON_ARRAY:
    case CORDON_MAP:
        c->text[c->length++] = value->type == CORDON_MAP ? '{' : '[';
        cordon_value_iter_init(&iter, value);
        while (cordon_value_next(&iter, &key, &item)) {
            if (!first)
                c->text[c->length++] = ' ';
            first = false;
            if (value->type == CORDON_MAP) {
                consoling_write(c, &key);
                c->text[c->length++] = '=';
            }
            consoling_write(c, &item);
        }
        c->text[c->length++] = value->type == CORDON_MAP ? '}' : ']';
        break;
    }
    c->length += (size_t)length;
    ck_assert_uint_lt(c->length, sizeof c->text - 100);
    c->text[c->length] = '\0';
}

static inline cordon_outcome_kind consoling_run(struct consoling *c, const char *text,
                                                bool expression)
{
    ck_assert_int_eq(cdn_console_run(c->outcome, c->console, text, strlen(text),
                                     expression, &c->budget, &c->request, NULL),
                     CORDON_OK);
    return cordon_outcome_get_kind(c->outcome);
}

/* What an expression gives, which has to end well. */
static inline const char *consoling_ask(struct consoling *c, const char *text)
{
    cordon_value results, value;
    cordon_value_iter iter;

    if (consoling_run(c, text, true) != CORDON_OUTCOME_OK)
        ck_abort_msg("%s: %s", text, cordon_outcome_message(c->outcome));
    results = cdn_console_results(c->console);
    c->length = 0;
    c->text[0] = '\0';
    cordon_value_iter_init(&iter, &results);
    while (cordon_value_next(&iter, NULL, &value)) {
        if (c->length)
            c->text[c->length++] = '|';
        consoling_write(c, &value);
    }
    return c->text;
}

static inline void consoling_do(struct consoling *c, const char *text)
{
    if (consoling_run(c, text, false) != CORDON_OUTCOME_OK)
        ck_abort_msg("%s: %s", text, cordon_outcome_message(c->outcome));
}

#endif
