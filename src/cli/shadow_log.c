/* Pairing records: see shadow_log.h.
 *
 * A shadow's record comes soon after that of what decided, with those of other threads
 * between them.  Both have the same request, so the last records that decided are kept in a
 * table by the hash of rule and request, where a later one of the same place takes the place
 * of an earlier: memory is the same for any log.  Equal requests on one generation are
 * decided alike, so it does not matter which of several is met. */
#include "cli/shadow_log.h"

#include <string.h>

#include <cordon/audit.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "engine/audit_record.h"

#define PLACES 4096u

struct decided {
    uint64_t request; /* 0: none */
    char decision[CDN_SHADOW_WORD_BYTES + 1];
    uint64_t instructions;
};

static uint64_t mix_text(uint64_t digest, const struct cdn_audit_text *text)
{
    return cdn_hash_mix(digest, text->at ? cdn_hash_xxh3(text->at, text->bytes) : 0);
}

/* What is equal in the records of one request. */
static uint64_t request_of(const struct cdn_audit_view *view)
{
    uint64_t digest = mix_text(1, &view->rule);

    digest = mix_text(digest, &view->set);
    digest = mix_text(digest, &view->requested_by);
    digest = mix_text(digest, &view->label);
    digest = mix_text(digest, &view->key);
    digest = mix_text(digest, &view->params);
    digest = cdn_hash_mix(digest, (uint64_t)view->now_ms);
    digest = cdn_hash_mix(digest, (uint64_t)view->as_of_ms);
    digest = cdn_hash_mix(digest, view->seed);
    digest = cdn_hash_mix(digest, view->generation);
    return digest ? digest : 1;
}

static void copy_word(char out[CDN_SHADOW_WORD_BYTES + 1],
                      const struct cdn_audit_text *text)
{
    size_t bytes = text->at ? text->bytes : 0;

    if (bytes > CDN_SHADOW_WORD_BYTES)
        bytes = CDN_SHADOW_WORD_BYTES;
    if (bytes)
        memcpy(out, text->at, bytes);
    out[bytes] = '\0';
}

static void count_change(struct cdn_shadow_tally *tally, const char *decided,
                         const char *shadow)
{
    struct cdn_shadow_change *change;

    tally->mismatches++;
    for (uint32_t i = 0; i < tally->change_count; i++) {
        change = &tally->changes[i];
        if (!strcmp(change->decided, decided) && !strcmp(change->shadow, shadow)) {
            change->count++;
            return;
        }
    }
    if (tally->change_count == CDN_SHADOW_CHANGES)
        return;
    change = &tally->changes[tally->change_count++];
    memcpy(change->decided, decided, strlen(decided) + 1);
    memcpy(change->shadow, shadow, strlen(shadow) + 1);
    change->count = 1;
}

static void count_shadow(struct cdn_shadow_tally *tally,
                         const struct cdn_audit_view *view,
                         const struct decided *decided)
{
    char word[CDN_SHADOW_WORD_BYTES + 1];

    if (decided->request != request_of(view) || view->input_masked ||
        view->limit == CORDON_BUDGET_TIME) {
        tally->apart++;
        return;
    }
    tally->compared++;
    tally->instructions_decided += decided->instructions;
    tally->instructions_shadow += view->usage.instructions;
    copy_word(word, &view->decision);
    if (strcmp(word, decided->decision) != 0)
        count_change(tally, decided->decision, word);
}

static void take(struct cdn_shadow_tally *tallies, size_t count, struct decided *places,
                 const struct cdn_audit_view *view)
{
    uint64_t request = request_of(view);
    struct decided *place = &places[request % PLACES];

    if (!cdn_audit_text_is(&view->variant, "shadow")) {
        place->request = request;
        place->instructions = view->usage.instructions;
        copy_word(place->decision, &view->decision);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (tallies[i].version == view->version &&
            view->timestamp_ms >= tallies[i].since_ms &&
            cdn_audit_text_is(&view->rule, tallies[i].rule))
            count_shadow(&tallies[i], view, place);
}

cordon_status cdn_shadow_log_read(struct cdn_shadow_tally *tallies, size_t count,
                                  const char *dir, cordon_error *err)
{
    struct decided *places = cdn_calloc(PLACES, sizeof(*places));
    cordon_audit_reader *reader = NULL;
    cordon_status status =
        places ? cordon_audit_reader_open(&reader, dir, err) : cdn_error_nomem(err);
    bool got = true;

    while (!status && got) {
        cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
        struct cdn_audit_view view;

        status = cordon_audit_reader_next(&entry, &got, reader, err);
        if (!status && got && entry.kind == CORDON_AUDIT_DECISION &&
            cdn_audit_record_view(&view, entry.record, entry.record_bytes))
            take(tallies, count, places, &view);
    }
    cordon_audit_reader_close(reader);
    cdn_free(places);
    return status;
}
