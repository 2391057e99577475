/* A corpus of events as hostile as it comes: it is refused with a reason, or every event of it
 * is well-formed, and sorting, joining and measuring leave none of them out.
 *
 * The first byte says whether the rest is CSV or JSON, and how its labels are read. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/backtest/measure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_events(const struct cdn_corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        const struct cdn_event *event = &corpus->events[i];
        const char *key = cdn_event_key(corpus, event);

        require(strlen(cdn_event_label(corpus, event)) == event->label_bytes);
        require(event->label_bytes && event->key_bytes && event->line);
        require(key[event->key_bytes] == '\0');
        require(cdn_utf8_valid(key, event->key_bytes));
        require(event->truth <= CDN_TRUTH_FRAUD);
        require(event->amount >= 0 && isfinite(event->amount));
        require(event->has_amount || event->amount <= 0);
    }
}

/* Verdicts that follow from the events, so that all kinds occur. */
static void measure(const struct cdn_corpus *corpus)
{
    static struct cdn_measures out;
    const struct cdn_alarm alarm = {.decisions = 2};
    struct cdn_verdict *verdicts = calloc(corpus->count + 1, sizeof(*verdicts));
    uint64_t held = 0;

    require(verdicts != NULL);
    for (size_t i = 0; i < corpus->count; i++) {
        const struct cdn_event *event = &corpus->events[i];

        verdicts[i].has_score = event->line % 5 != 0;
        verdicts[i].score = event->amount - (double)event->key_bytes;
        verdicts[i].decision = (uint8_t)(event->line % 2);
        verdicts[i].kind = (uint8_t)(event->key_bytes % CDN_VERDICT_KINDS);
    }
    require(!cdn_measure(&out, corpus, verdicts, &alarm, NULL));
    require(out.tp + out.fp + out.fn + out.tn + out.truths[CDN_TRUTH_UNKNOWN] ==
            out.judged);
    require(out.judged + out.kinds[CDN_VERDICT_NO_NODE] == corpus->count);
    for (uint32_t b = 0; b < out.scores.bins; b++)
        for (int t = 0; t < 3; t++)
            held += out.scores.items[b].counts[t];
    require(held == out.scores.count);
    require(out.sweep.count <= out.sweep.distinct);
    free(verdicts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cdn_corpus_form form = {0};
    struct cdn_corpus corpus = {0}, labels = {0};
    uint64_t used, later, count;
    cordon_error err;
    uint8_t how;

    if (!size)
        return 0;
    how = *data++;
    size--;
    form.fraud = how & 2 ? "a,fraud" : NULL;
    form.node_label = how & 4 ? "Account" : NULL;
    form.columns = how & 8 ? "node=id,time=t" : NULL;
    cdn_error_clear(&err);
    if (cdn_corpus_read_memory(&corpus, data, size, how & 1, "corpus", &form, &err)) {
        require(err.message[0] != '\0');
    } else {
        check_events(&corpus);
        require(!cdn_corpus_read_memory(&labels, data, size, how & 1, "labels", &form,
                                        &err));
        require(!cdn_corpus_join(&corpus, &labels, &used, &err) &&
                used <= corpus.count);
        cdn_corpus_sort(&corpus);
        count = corpus.count;
        check_events(&corpus);
        measure(&corpus);
        later = cdn_corpus_cut(&corpus, 1000);
        require(corpus.count + later == count);
        require(!cdn_corpus_sample(&corpus, corpus.count / 2, how, &err));
        measure(&corpus);
    }
    cdn_corpus_deinit(&corpus);
    cdn_corpus_deinit(&labels);
    return 0;
}
