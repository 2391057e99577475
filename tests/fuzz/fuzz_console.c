/* Inputs one after another in a console, under limits that many of them do not keep.
 *
 * What was stopped has left no trace: a second console, which is given empty lines in place of
 * the inputs that did not end well, answers the others the same, to the byte, for the same
 * instructions and edges.
 *
 * An input's text is whatever lies between lines of "--", so that seeds can be read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/console.h"
#include "support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_INPUTS 32 /* tries: as an expression, and as statements */
#define SHOWN_BYTES ((size_t)1 << 20)

struct answer {
    const char *text;
    size_t bytes;
    bool expression;
    bool good;
    uint64_t instructions, edges, digest;
    uint32_t results;
    size_t shown_bytes;
    unsigned char *shown;
};

static const struct cdn_budget budget = {.instructions = 100000,
                                         .memory_bytes = 512 * 1024,
                                         .edges = 1000,
                                         .output_bytes = 4096,
                                         .wall_ns = UINT64_C(20000000000),
                                         .nodes = 1000,
                                         .hops = 4};
static const struct cdn_console_config config = {.image_bytes = 1 << 20,
                                                 .memory_bytes = 1 << 20};

static cordon_snapshot *snapshot;
static cordon_outcome *outcome;

static void fail(const char *what, const struct answer *answer)
{
    fprintf(stderr, "%s: %.*s\n", what, (int)answer->bytes, answer->text);
    abort();
}

/* Run it; false: it did not end well. */
static bool ask(struct cdn_console *console, const struct answer *answer)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_status status;

    request.label = "Account";
    request.key = "100";
    request.now_ms = CDN_BANK_T + 10 * CDN_BANK_HOUR;
    status = cdn_console_run(outcome, console, answer->text, answer->bytes,
                             answer->expression, &budget, &request, NULL);
    if (status && status != CORDON_E_INVALID)
        fail("the console fails", answer);
    return !status && cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK;
}

static void keep(struct answer *answer, const struct cdn_console *console)
{
    cordon_value results = cdn_console_results(console);

    answer->good = true;
    answer->instructions = cordon_outcome_usage(outcome)->instructions;
    answer->edges = cordon_outcome_usage(outcome)->edges;
    answer->digest = cordon_outcome_reads_digest(outcome);
    answer->results = results.length;
    answer->shown_bytes = (size_t)(results.end - results.as.items);
    answer->shown = malloc(answer->shown_bytes + 1);
    if (answer->shown)
        memcpy(answer->shown, results.as.items, answer->shown_bytes);
}

static void compare(const struct answer *answer, const struct cdn_console *console)
{
    cordon_value results = cdn_console_results(console);
    const cordon_usage *usage = cordon_outcome_usage(outcome);

    if (usage->instructions != answer->instructions || usage->edges != answer->edges)
        fail("it is charged differently where nothing was stopped before", answer);
    if (cordon_outcome_reads_digest(outcome) != answer->digest ||
        results.length != answer->results ||
        (size_t)(results.end - results.as.items) != answer->shown_bytes ||
        (answer->shown && memcmp(results.as.items, answer->shown, answer->shown_bytes)))
        fail("it answers differently where nothing was stopped before", answer);
}

/* Messages name lines: as many pass where an input is left out. */
static void put_lines(struct cdn_console *console, const struct answer *left_out)
{
    char *lines = malloc(left_out->bytes + 1);
    struct answer empty = {.text = lines};

    if (!lines)
        abort();
    for (size_t i = 0; i < left_out->bytes; i++) {
        if (left_out->text[i] == '\n')
            lines[empty.bytes++] = '\n';
    }
    if (left_out->bytes <= CDN_CONSOLE_INPUT_BYTES && !ask(console, &empty))
        fail("empty lines do not end well", left_out);
    free(lines);
}

static struct cdn_console *console_new(void)
{
    struct cdn_console *console;

    if (cdn_console_new(&console, snapshot, &config, NULL))
        abort();
    return console;
}

static void prepare(void)
{
    if (snapshot)
        return;
    snapshot = cdn_fixture_bank_open();
    if (cordon_outcome_new(&outcome, NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;
    struct answer answers[MOST_INPUTS];
    struct cdn_console *console;
    size_t count = 0;

    prepare();
    console = console_new();
    while (at < end && count + 2 <= MOST_INPUTS) {
        const char *next = memmem(at, (size_t)(end - at), "\n--\n", 4);
        struct answer answer = {.text = at, .expression = true};

        answer.bytes = (size_t)((next ? next : end) - at);
        at = next ? next + 4 : end;
        for (int i = 0; i < 2 && !answer.good; i++) {
            answer.expression = i == 0;
            if (ask(console, &answer))
                keep(&answer, console);
            answers[count++] = answer;
        }
    }
    cdn_console_free(console);
    console = console_new();
    for (size_t i = 0; i < count; i++) {
        if (!answers[i].good) {
            put_lines(console, &answers[i]);
            continue;
        }
        if (!ask(console, &answers[i]))
            fail("it does not end well where nothing was stopped before", &answers[i]);
        compare(&answers[i], console);
        free(answers[i].shown);
    }
    cdn_console_free(console);
    return 0;
}
