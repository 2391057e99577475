/* The events that a backtest asks a rule about: node, time, label, amount.
 *
 *     node,time,label,amount                      CSV, with a header; gz as well
 *     Account:17,2026-11-24T02:29:00Z,1,950.00
 *
 *     {"node": "Account:17", "time": "2026-11-24T02:29:00Z", "label": 1, "amount": 950}
 *
 * Only the node is needed.  What cordon eval --input reads, {"node": ..., "now": ...}, is a
 * corpus without labels.  Other columns and fields are passed over, as a corpus is often
 * cut from a log, but one that looks like a misspelling of these is refused.
 *
 *   node    Label:key; where --node-label says of what label keys are, a key alone as well
 *   time    text, or a number of ms since 1970; without one the event is asked about at the
 *           moment that the command line or the snapshot gives
 *   label   what became of it: 1 true yes fraud, 0 false no none, or any word where the words
 *           that mean fraud are named; nothing: not known
 *   amount  the money at stake, from 0
 *
 * Labels may come in a file of their own, of the same form: one with a time holds for its
 * node from then on, one without always.
 *
 * Everything is kept: an event is 48 bytes and its node's name.  Bad rows are counted and the
 * first is told, with how many more there are: a corpus is used whole or not at all.
 *
 * One thread at a time. */
#ifndef CDN_CLI_BACKTEST_CORPUS_H
#define CDN_CLI_BACKTEST_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/evaluate.h>
#include <cordon/value.h>

#include "base/buf.h"
#include "base/error.h"

/* What became of an event. */
enum cdn_truth { CDN_TRUTH_UNKNOWN, CDN_TRUTH_GOOD, CDN_TRUTH_FRAUD };

struct cdn_event {
    int64_t at_ms; /* CORDON_NO_TIME: it has none */
    double amount; /* 0 if it has none */
    size_t name;   /* where in `names` its label stands, a NUL, its key and a NUL */
    uint64_t line; /* of its file */
    uint32_t key_bytes;
    uint8_t label_bytes;
    uint8_t truth; /* enum cdn_truth */
    bool has_amount;
};

/* How rows are read.  Texts are borrowed. */
struct cdn_corpus_form {
    const char *columns; /* "node=account,time=at": other names of these; NULL: none */
    const char *node_label; /* whose keys stand alone; NULL: none do */
    const char *fraud; /* "fan_in,cycle": the labels that mean fraud; NULL: see above */
};

/* The four that a row has, as JSON has them or as text; CORDON_NIL: it has it not. */
enum cdn_corpus_field {
    CDN_CORPUS_NODE,
    CDN_CORPUS_TIME,
    CDN_CORPUS_LABEL,
    CDN_CORPUS_AMOUNT,
    CDN_CORPUS_FIELDS
};

struct cdn_corpus {
    struct cdn_event *events;
    size_t count;
    size_t capacity;
    struct cdn_buf names;
    uint64_t bad;  /* rows that could not be used; the first is in the error */
    bool has_time; /* some event has one */
};

static inline const char *cdn_event_label(const struct cdn_corpus *corpus,
                                          const struct cdn_event *event)
{
    return (const char *)corpus->names.data + event->name;
}

static inline const char *cdn_event_key(const struct cdn_corpus *corpus,
                                        const struct cdn_event *event)
{
    return cdn_event_label(corpus, event) + event->label_bytes + 1;
}

/* Asked now and then while a file is read: true ends it with CORDON_E_INTERRUPTED. */
typedef bool cdn_corpus_stop(void *ud);

/* Read a file into a zeroed corpus: CSV if its name ends in .csv or .csv.gz, else a JSON
 * object a line; "-" is standard input.
 * Errors: CORDON_E_DATA with the place of the first bad row, CORDON_E_INVALID a form that
 * names no column, CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_INTERRUPTED, CORDON_E_NOMEM. */
cordon_status cdn_corpus_read(struct cdn_corpus *out, const char *path,
                              const struct cdn_corpus_form *form, cdn_corpus_stop *stop,
                              void *ud, cordon_error *err);
/* The same of bytes in memory; `file` names them in messages. */
cordon_status cdn_corpus_read_memory(struct cdn_corpus *out, const void *bytes,
                                     size_t count, bool csv, const char *file,
                                     const struct cdn_corpus_form *form,
                                     cordon_error *err);
void cdn_corpus_deinit(struct cdn_corpus *corpus);

/* Add one row.  Errors: CORDON_E_DATA what is wrong with it, CORDON_E_NOMEM. */
cordon_status cdn_corpus_add(struct cdn_corpus *corpus,
                             const cordon_value fields[CDN_CORPUS_FIELDS],
                             uint64_t line, const struct cdn_corpus_form *form,
                             cordon_error *err);

/* Give each event without a label the truth, and where it has none the amount, that `labels`
 * has for its node: the latest from before or at its time, else one without a time.  Of several of one
 * moment fraud stands.  *used: events that got one.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_corpus_join(struct cdn_corpus *corpus,
                              const struct cdn_corpus *labels, uint64_t *used,
                              cordon_error *err);
/* Let every event that has no label be good. */
void cdn_corpus_assume_good(struct cdn_corpus *corpus);
/* By time, those without one first, then by line. */
void cdn_corpus_sort(struct cdn_corpus *corpus);
/* Leave out what is later than `until_ms`; returns how many were. */
uint64_t cdn_corpus_cut(struct cdn_corpus *corpus, int64_t until_ms);
/* Keep `count` events, chosen by the hash of `seed` and line; the order stays. */
cordon_status cdn_corpus_sample(struct cdn_corpus *corpus, uint64_t count,
                                uint64_t seed, cordon_error *err);

#endif
