/* The events that are worth a look: which they are, and why they were decided as they were.
 *
 * Verdicts keep no text, as a million of them would be mostly text.  The few that are shown
 * are asked about once more: an evaluation gives the same answer again. */
#include "cli/backtest/report.h"

#include <string.h>

/* Does the event belong to the gallery?  Of the first side, but for what changed. */
static bool belongs(const struct cdn_backtest *test, enum cdn_gallery gallery, size_t i)
{
    const struct cdn_side *side = &test->sides[0], *other = &test->sides[1];
    const struct cdn_verdict *verdict = &side->verdicts[i];
    uint8_t truth = test->corpus.events[i].truth;

    switch (gallery) {
    case CDN_GALLERY_MISSED:
        return truth == CDN_TRUTH_FRAUD && verdict->kind != CDN_VERDICT_NO_NODE &&
               !cdn_alarm_rings(&side->alarm, verdict);
    case CDN_GALLERY_FALSE:
        return truth == CDN_TRUTH_GOOD && cdn_alarm_rings(&side->alarm, verdict);
    case CDN_GALLERY_FAILED:
        return verdict->kind != CORDON_OUTCOME_OK &&
               verdict->kind != CDN_VERDICT_NO_NODE;
    case CDN_GALLERY_NO_NODE:
        return verdict->kind == CDN_VERDICT_NO_NODE;
    case CDN_GALLERY_CHANGED:
        return test->side_count == 2 &&
               cdn_verdicts_differ(other->rule, &other->verdicts[i], side->rule,
                                   verdict);
    case CDN_GALLERIES:
        break;
    }
    return false;
}

/* Is event `a` more worth showing than `b`, which is earlier?  By the money at stake. */
static bool is_dearer(const struct cdn_backtest *test, size_t a, size_t b)
{
    return test->corpus.events[a].amount > test->corpus.events[b].amount;
}

static void offer(const struct cdn_backtest *test, struct cdn_examples *examples,
                  size_t i)
{
    uint32_t at = examples->count;

    examples->found++;
    while (at && is_dearer(test, i, examples->items[at - 1].event))
        at--;
    if (at == CDN_EXAMPLES)
        return;
    if (examples->count < CDN_EXAMPLES)
        examples->count++;
    for (uint32_t k = examples->count - 1; k > at; k--)
        examples->items[k].event = examples->items[k - 1].event;
    examples->items[at].event = (uint32_t)i;
}

/* The first reasons, or what went wrong. */
static void tell_why(char *out, size_t size, const cordon_outcome *outcome)
{
    struct cdn_buf text = {0};
    size_t count = cordon_outcome_reason_count(outcome);

    out[0] = '\0';
    if (cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK)
        cdn_buf_text(&text, cordon_outcome_message(outcome));
    for (size_t i = 0; i < count && i < 3; i++) {
        cdn_buf_text(&text, text.length ? "; " : "");
        cdn_buf_text(&text, cordon_outcome_reason(outcome, i));
    }
    if (text.length && !text.failed)
        cdn_escape(out, size, (const char *)text.data, text.length);
    cdn_buf_deinit(&text);
}

static cordon_status explain(struct cdn_backtest *test, cordon_outcome *outcome,
                             struct cdn_example *example, cordon_error *err)
{
    for (uint32_t s = 0; s < test->side_count; s++) {
        const struct cdn_side *side = &test->sides[s];
        cordon_error own;
        cordon_status status = cdn_backtest_ask(
            outcome, &side->ask, &test->corpus.events[example->event], &own);

        if (status == CORDON_E_NOMEM)
            return cdn_error_nomem(err);
        if (status)
            snprintf(example->why[s], sizeof(example->why[s]), "%.*s",
                     (int)sizeof(example->why[s]) - 1, own.message);
        else
            tell_why(example->why[s], sizeof(example->why[s]), outcome);
    }
    return CORDON_OK;
}

cordon_status cdn_backtest_examples(struct cdn_backtest *test, cordon_error *err)
{
    cordon_outcome *outcome;
    cordon_status status = cordon_outcome_new(&outcome, err);

    for (int g = 0; g < CDN_GALLERIES && !status; g++) {
        struct cdn_examples *examples = &test->examples[g];

        for (size_t i = 0; i < test->corpus.count; i++) {
            if (belongs(test, (enum cdn_gallery)g, i))
                offer(test, examples, i);
        }
        for (uint32_t i = 0; i < examples->count && !status; i++) {
            if (cdn_cli_stopped(test->cli))
                status = cdn_error_set(err, CORDON_E_INTERRUPTED, "interrupted");
            else
                status = explain(test, outcome, &examples->items[i], err);
        }
    }
    cordon_outcome_free(outcome);
    return status;
}

/* ---- words ---- */

char *cdn_event_name(char *out, size_t size, const struct cdn_corpus *corpus,
                     const struct cdn_event *event)
{
    char key[140];

    cdn_escape(key, sizeof(key), cdn_event_key(corpus, event), event->key_bytes);
    cdn_escape(out, size, cdn_event_label(corpus, event), event->label_bytes);
    snprintf(out + strlen(out), size - strlen(out), ":%s", key);
    return out;
}

const char *cdn_truth_word(uint8_t truth)
{
    static const char *const words[] = {"unlabelled", "good", "fraud"};

    return words[truth];
}

const char *cdn_verdict_kind_word(uint8_t kind)
{
    return kind == CDN_VERDICT_NO_NODE
               ? "no_node"
               : cordon_outcome_kind_str((cordon_outcome_kind)kind);
}

const char *cdn_verdict_decision(const struct cdn_side *side,
                                 const struct cdn_verdict *verdict)
{
    const char *word = cdn_decision_word(side->rule, verdict->decision);

    return word ? word : "none";
}

const char *cdn_gallery_word(enum cdn_gallery gallery)
{
    static const char *const words[CDN_GALLERIES] = {"missed", "false_alarms", "failed",
                                                     "no_node", "changed"};

    return words[gallery];
}

/* ---- numbers ---- */

char *cdn_show_percent(char *out, size_t size, double share)
{
    double percent = share * 100;

    if (!(share >= 0)) /* NAN: of nothing */
        snprintf(out, size, "-");
    else if (percent > 0 && percent < 1)
        snprintf(out, size, "%.2g %%", percent);
    else
        snprintf(out, size, "%.1f %%", percent);
    return out;
}

char *cdn_show_money(char *out, size_t size, double money)
{
    char digits[400], *at;
    size_t whole, used = 0;

    snprintf(digits, sizeof(digits), "%.2f", money);
    at = strchr(digits, '.');
    whole = at ? (size_t)(at - digits) : strlen(digits);
    if (whole > 15) { /* more digits than a double has */
        snprintf(out, size, "%.6g", money);
        return out;
    }
    for (size_t i = 0; i < whole && used + 2 < size; i++) {
        if (i && (whole - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    snprintf(out + used, size - used, "%s", at ? at : "");
    return out;
}

char *cdn_show_score(char *out, size_t size, double score)
{
    snprintf(out, size, "%.6g", score);
    return out;
}
