/* Events: one row to an event, labels to their events, and choosing among them.
 *
 * Labels are joined by a merge of two sorted lists, so that a million events and as many
 * labels take no table: n log n, and two words a row meanwhile.
 *
 * A sample is those events whose hashes are least: which they are depends on seed and line
 * alone, and a larger sample holds every smaller one. */
#include "cli/backtest/corpus.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/time.h"
#include "base/utf8.h"
#include "snapshot/parse.h"

#define MAX_LABEL 64

void cdn_corpus_deinit(struct cdn_corpus *corpus)
{
    cdn_free(corpus->events);
    cdn_buf_deinit(&corpus->names);
    *corpus = (struct cdn_corpus){0};
}

/* ---- one row ---- */

static char *shown(char out[100], const char *text, size_t bytes)
{
    return cdn_escape(out, 100, text, bytes);
}

static cordon_status take_name(struct cdn_corpus *corpus, struct cdn_event *event,
                               const cordon_value *value, const char *node_label,
                               cordon_error *err)
{
    const char *label = node_label, *key, *colon;
    size_t label_bytes = node_label ? strlen(node_label) : 0, key_bytes;
    char number[24], text[100];

    if (value->type == CORDON_NIL)
        return cdn_error_set(err, CORDON_E_DATA, "it has no node");
    if (value->type == CORDON_INTEGER) {
        snprintf(number, sizeof(number), "%" PRId64, value->as.integer);
        key = number;
        key_bytes = strlen(number);
    } else if (value->type == CORDON_STRING) {
        key = value->as.string;
        key_bytes = value->length;
    } else {
        return cdn_error_set(err, CORDON_E_DATA,
                             "the node must be text such as Account:17");
    }
    colon = key_bytes ? memchr(key, ':', key_bytes) : NULL;
    if (colon && (!node_label || ((size_t)(colon - key) == label_bytes &&
                                  !memcmp(key, node_label, label_bytes)))) {
        label = key;
        label_bytes = (size_t)(colon - key);
        key_bytes -= label_bytes + 1;
        key = colon + 1;
    }
    if (!label)
        return cdn_error_set(err, CORDON_E_DATA,
                             "'%s' names no node; write Label:key, or say whose keys "
                             "these are: --node-label Account",
                             shown(text, key, key_bytes));
    if (!label_bytes || label_bytes > MAX_LABEL || memchr(label, '\0', label_bytes) ||
        !key_bytes || key_bytes > UINT32_MAX)
        return cdn_error_set(
            err, CORDON_E_DATA,
            "'%s' names no node; write Label:key, such as Account:17, "
            "with a label of 1 to 64 bytes",
            shown(text, value->type == CORDON_STRING ? value->as.string : key,
                  value->type == CORDON_STRING ? value->length : key_bytes));
    if (!cdn_utf8_valid(key, key_bytes))
        return cdn_error_set(err, CORDON_E_DATA, "the key '%s' is not UTF-8",
                             shown(text, key, key_bytes));
    event->name = corpus->names.length;
    event->label_bytes = (uint8_t)label_bytes;
    event->key_bytes = (uint32_t)key_bytes;
    cdn_buf_append(&corpus->names, label, label_bytes);
    cdn_buf_append(&corpus->names, "", 1);
    cdn_buf_append(&corpus->names, key, key_bytes);
    cdn_buf_append(&corpus->names, "", 1);
    return corpus->names.failed ? cdn_error_nomem(err) : CORDON_OK;
}

/* Decimal digits, perhaps with a sign, as an int64. */
static bool is_number_of_ms(int64_t *out, const char *text, size_t bytes)
{
    const struct cdn_cell_format format = {.type = CDN_COLUMN_INT64};
    struct cdn_cell cell;

    if (cdn_parse_cell(&cell, &format, text, bytes))
        return false;
    *out = cell.as.integer;
    return true;
}

static cordon_status take_time(struct cdn_event *event, const cordon_value *value,
                               cordon_error *err)
{
    char text[100];

    event->at_ms = CORDON_NO_TIME;
    if (value->type == CORDON_NIL)
        return CORDON_OK;
    if (value->type == CORDON_INTEGER)
        event->at_ms = value->as.integer;
    else if (value->type == CORDON_STRING &&
             !is_number_of_ms(&event->at_ms, value->as.string, value->length) &&
             !cdn_time_parse(&event->at_ms, value->as.string, value->length))
        return cdn_error_set(err, CORDON_E_DATA,
                             "'%s' is no time; write 2026-11-24T02:29:00Z or a number "
                             "of milliseconds since 1970",
                             shown(text, value->as.string, value->length));
    if (event->at_ms == CORDON_NO_TIME)
        return cdn_error_set(err, CORDON_E_DATA,
                             "the time must be text such as 2026-11-24T02:29:00Z or a "
                             "whole number of milliseconds since 1970");
    return CORDON_OK;
}

/* Is `text` one of the words of "a,b,c"? */
static bool is_word_of(const char *words, const char *text, size_t bytes)
{
    for (;;) {
        size_t length = strcspn(words, ",");

        if (length == bytes && !memcmp(words, text, bytes))
            return true;
        if (!words[length])
            return false;
        words += length + 1;
    }
}

static bool is_one_of(const char *const *words, const char *text, size_t bytes)
{
    for (; *words; words++) {
        const char *word = *words;
        size_t at = 0;

        while (at < bytes && word[at] &&
               ((unsigned char)text[at] | 0x20) == ((unsigned char)word[at] | 0x20))
            at++;
        if (at == bytes && !word[at])
            return true;
    }
    return false;
}

static cordon_status take_label(struct cdn_event *event, const cordon_value *value,
                                const char *fraud, cordon_error *err)
{
    static const char *const yes[] = {"1", "true", "yes", "fraud", NULL};
    static const char *const no[] = {"0", "false", "no", "none", NULL};
    char number[24], text[100];
    const char *word = number;
    size_t bytes;

    event->truth = CDN_TRUTH_UNKNOWN;
    if (value->type == CORDON_NIL || (value->type == CORDON_STRING && !value->length))
        return CORDON_OK;
    if (value->type == CORDON_BOOLEAN) {
        event->truth = value->as.boolean ? CDN_TRUTH_FRAUD : CDN_TRUTH_GOOD;
        return CORDON_OK;
    }
    if (value->type == CORDON_INTEGER) {
        snprintf(number, sizeof(number), "%" PRId64, value->as.integer);
        bytes = strlen(number);
    } else if (value->type == CORDON_STRING) {
        word = value->as.string;
        bytes = value->length;
    } else {
        return cdn_error_set(err, CORDON_E_DATA,
                             "the label must be true or false, 1 or 0, or a word");
    }
    if (fraud)
        event->truth =
            is_word_of(fraud, word, bytes) ? CDN_TRUTH_FRAUD : CDN_TRUTH_GOOD;
    else if (is_one_of(yes, word, bytes))
        event->truth = CDN_TRUTH_FRAUD;
    else if (is_one_of(no, word, bytes))
        event->truth = CDN_TRUTH_GOOD;
    else
        return cdn_error_set(err, CORDON_E_DATA,
                             "the label '%s' is neither 1, true, yes, fraud nor 0, "
                             "false, no, none; say which labels mean fraud: --fraud=%s",
                             shown(text, word, bytes), text);
    return CORDON_OK;
}

static cordon_status take_amount(struct cdn_event *event, const cordon_value *value,
                                 cordon_error *err)
{
    const char *why = NULL;
    char text[100];

    event->amount = 0;
    event->has_amount =
        value->type != CORDON_NIL && !(value->type == CORDON_STRING && !value->length);
    if (!event->has_amount)
        return CORDON_OK;
    if (value->type == CORDON_INTEGER)
        event->amount = (double)value->as.integer;
    else if (value->type == CORDON_NUMBER)
        event->amount = value->as.number;
    else if (value->type == CORDON_STRING)
        why = cdn_parse_number(&event->amount, value->as.string, value->length);
    else
        why = "";
    if (why && *why)
        return cdn_error_set(err, CORDON_E_DATA, "the amount '%s' %s",
                             shown(text, value->as.string, value->length), why);
    if (why || !isfinite(event->amount) || event->amount < 0)
        return cdn_error_set(err, CORDON_E_DATA,
                             "the amount must be a number from 0, such as 950.00");
    return CORDON_OK;
}

static cordon_status make_room(struct cdn_corpus *corpus, cordon_error *err)
{
    size_t more = corpus->capacity ? corpus->capacity * 2 : 64;
    struct cdn_event *events;

    if (corpus->count < corpus->capacity)
        return CORDON_OK;
    if (corpus->count >= UINT32_MAX / 2)
        return cdn_error_set(err, CORDON_E_DATA,
                             "more than two thousand million events");
    events = cdn_realloc_array(corpus->events, more, sizeof(*events));
    if (!events)
        return cdn_error_nomem(err);
    corpus->events = events;
    corpus->capacity = more;
    return CORDON_OK;
}

cordon_status cdn_corpus_add(struct cdn_corpus *corpus,
                             const cordon_value fields[CDN_CORPUS_FIELDS],
                             uint64_t line, const struct cdn_corpus_form *form,
                             cordon_error *err)
{
    struct cdn_event event = {.line = line};
    cordon_status status = make_room(corpus, err);

    if (!status)
        status = take_time(&event, &fields[CDN_CORPUS_TIME], err);
    if (!status)
        status = take_label(&event, &fields[CDN_CORPUS_LABEL], form->fraud, err);
    if (!status)
        status = take_amount(&event, &fields[CDN_CORPUS_AMOUNT], err);
    if (!status)
        status =
            take_name(corpus, &event, &fields[CDN_CORPUS_NODE], form->node_label, err);
    if (status)
        return status;
    corpus->has_time |= event.at_ms != CORDON_NO_TIME;
    corpus->events[corpus->count++] = event;
    return CORDON_OK;
}

/* ---- labels ---- */

/* One event or label, with what it is sorted by at hand. */
struct named {
    const char *name; /* label, a NUL, key */
    struct cdn_event *event;
};

static size_t name_bytes(const struct cdn_event *event)
{
    return (size_t)event->label_bytes + 1 + event->key_bytes;
}

static int compare_names(const struct named *a, const struct named *b)
{
    size_t left = name_bytes(a->event), right = name_bytes(b->event);
    int order = memcmp(a->name, b->name, left < right ? left : right);

    return order ? order : (left > right) - (left < right);
}

/* By node, then time, those without one first. */
static int by_name(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    int order = compare_names(left, right);

    if (order)
        return order;
    return (left->event->at_ms > right->event->at_ms) -
           (left->event->at_ms < right->event->at_ms);
}

static struct named *sorted_by_name(const struct cdn_corpus *corpus)
{
    struct named *named =
        cdn_realloc_array(NULL, corpus->count ? corpus->count : 1, sizeof(*named));

    if (!named)
        return NULL;
    for (size_t i = 0; i < corpus->count; i++)
        named[i] = (struct named){cdn_event_label(corpus, &corpus->events[i]),
                                  &corpus->events[i]};
    qsort(named, corpus->count, sizeof(*named), by_name);
    return named;
}

/* The labels of one node while its events are walked in the order of their times. */
struct walk {
    const struct named *labels;
    size_t count;
    size_t next; /* the first that is not known yet at the event's time */
    const struct cdn_event *last; /* what stands by then; NULL: nothing is known */
};

/* What stands once `label` is known too, which is not earlier. */
static const struct cdn_event *later(const struct cdn_event *last,
                                     const struct cdn_event *label)
{
    if (label->truth == CDN_TRUTH_UNKNOWN)
        return last;
    return !last || last->at_ms < label->at_ms || label->truth > last->truth ? label
                                                                             : last;
}

/* Begin with the labels of the event's node, if there are any. */
static void walk_to(struct walk *walk, const struct named *event)
{
    while (walk->next < walk->count &&
           compare_names(&walk->labels[walk->next], event) < 0)
        walk->next++;
    walk->last = NULL;
}

/* Know what is known at `at_ms`. */
static void walk_on(struct walk *walk, const struct named *event, int64_t at_ms)
{
    while (walk->next < walk->count) {
        const struct named *label = &walk->labels[walk->next];

        if (label->event->at_ms > at_ms || compare_names(label, event) != 0)
            break;
        walk->last = later(walk->last, label->event);
        walk->next++;
    }
}

static void give(struct cdn_event *event, const struct cdn_event *label)
{
    event->truth = label->truth;
    if (!event->has_amount && label->has_amount) {
        event->amount = label->amount;
        event->has_amount = true;
    }
}

/* Events without a time come first: all that is ever known of the node stands for them. */
static void join(struct named *events, size_t count, struct walk *walk, uint64_t *used)
{
    for (size_t i = 0, end; i < count; i = end) {
        struct walk whole;

        for (end = i + 1; end < count && !compare_names(&events[end], &events[i]);)
            end++;
        walk_to(walk, &events[i]);
        whole = *walk;
        walk_on(&whole, &events[i], INT64_MAX);
        for (size_t k = i; k < end; k++) {
            struct cdn_event *event = events[k].event;
            const struct cdn_event *label = whole.last;

            if (event->at_ms != CORDON_NO_TIME) {
                walk_on(walk, &events[k], event->at_ms);
                label = walk->last;
            }
            if (label && event->truth == CDN_TRUTH_UNKNOWN) {
                give(event, label);
                ++*used;
            }
        }
        walk->next = whole.next;
    }
}

cordon_status cdn_corpus_join(struct cdn_corpus *corpus,
                              const struct cdn_corpus *labels, uint64_t *used,
                              cordon_error *err)
{
    struct named *events = sorted_by_name(corpus);
    struct named *known = events ? sorted_by_name(labels) : NULL;
    struct walk walk = {.labels = known, .count = labels->count};

    *used = 0;
    if (known)
        join(events, corpus->count, &walk, used);
    cdn_free(events);
    cdn_free(known);
    return known ? CORDON_OK : cdn_error_nomem(err);
}

void cdn_corpus_assume_good(struct cdn_corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        if (corpus->events[i].truth == CDN_TRUTH_UNKNOWN)
            corpus->events[i].truth = CDN_TRUTH_GOOD;
    }
}

/* ---- order and choice ---- */

static int by_time(const void *a, const void *b)
{
    const struct cdn_event *left = a, *right = b;

    if (left->at_ms != right->at_ms) /* CORDON_NO_TIME is the least of all */
        return left->at_ms < right->at_ms ? -1 : 1;
    return (left->line > right->line) - (left->line < right->line);
}

void cdn_corpus_sort(struct cdn_corpus *corpus)
{
    if (corpus->count)
        qsort(corpus->events, corpus->count, sizeof(*corpus->events), by_time);
}

uint64_t cdn_corpus_cut(struct cdn_corpus *corpus, int64_t until_ms)
{
    size_t kept = 0;
    uint64_t later;

    for (size_t i = 0; i < corpus->count; i++) {
        if (corpus->events[i].at_ms <= until_ms)
            corpus->events[kept++] = corpus->events[i];
    }
    later = corpus->count - kept;
    corpus->count = kept;
    return later;
}

/* The finalizer of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", 2014). */
static uint64_t mix(uint64_t number)
{
    number += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    return number ^ (number >> 31);
}

struct drawn {
    uint64_t hash;
    size_t event;
};

static int by_hash(const void *a, const void *b)
{
    const struct drawn *left = a, *right = b;

    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    return (left->event > right->event) - (left->event < right->event);
}

static int by_event(const void *a, const void *b)
{
    const struct drawn *left = a, *right = b;

    return (left->event > right->event) - (left->event < right->event);
}

cordon_status cdn_corpus_sample(struct cdn_corpus *corpus, uint64_t count,
                                uint64_t seed, cordon_error *err)
{
    struct drawn *drawn;

    if (count >= corpus->count)
        return CORDON_OK;
    drawn = cdn_realloc_array(NULL, corpus->count, sizeof(*drawn));
    if (!drawn)
        return cdn_error_nomem(err);
    for (size_t i = 0; i < corpus->count; i++)
        drawn[i] = (struct drawn){mix(mix(seed) ^ corpus->events[i].line), i};
    qsort(drawn, corpus->count, sizeof(*drawn), by_hash);
    qsort(drawn, (size_t)count, sizeof(*drawn), by_event);
    for (size_t i = 0; i < count; i++)
        corpus->events[i] = corpus->events[drawn[i].event];
    corpus->count = (size_t)count;
    cdn_free(drawn);
    return CORDON_OK;
}
