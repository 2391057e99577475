/* A breaker's trip in the decision log: one note of its own, synced before anybody goes on.
 *
 *     note         "breaker"
 *     timestamp rule version digest variant
 *     action       "wall": it runs behind `to`; "pause": it is out of service
 *     from to      walls; `to` only with "wall"
 *     tripped_by   "crashes", "limits" or "errors"
 *     limit        {count, of | within_ms}, which it reached
 *     counts       {crashes limits errors}, each in its own window
 *     runs         of the version in this engine
 *     change       the registry's, by its sequence; not of a rule from a text
 *     last         {outcome limit message}: how the last one ended; no words of the rule's
 *     decisions    names of failed decisions, the latest first
 *     text         all of it as one line
 *
 * Masks do not apply: nothing in it comes from a request. */
#include <string.h>

#include "base/pack.h"
#include "engine/audit.h"
#include "engine/trust.h"
#include "rule/outcome.h"

static const char *const fault_words[CDN_FAULTS] = {
#define FAULT_WORD(name, word, one, several) [CDN_FAULT_##name] = (word),
    CDN_FAULT_MAP(FAULT_WORD)
#undef FAULT_WORD
};

static void put_text(struct cdn_packer *packer, const char *key, const char *value)
{
    cdn_pack_cstr(packer, key);
    cdn_pack_cstr(packer, value);
}

static void put_count(struct cdn_packer *packer, const char *key, uint64_t value)
{
    cdn_pack_cstr(packer, key);
    cdn_pack_int(packer, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void put_limit(struct cdn_packer *packer, const struct cdn_breaker_limit *limit)
{
    cdn_pack_cstr(packer, "limit");
    cdn_pack_map(packer, 2);
    put_count(packer, "count", limit->count);
    if (limit->by_runs)
        put_count(packer, "of", limit->window);
    else
        put_count(packer, "within_ms", limit->window / 1000000);
}

static void put_last(struct cdn_packer *packer,
                     const struct cdn_breaker_evidence *evidence)
{
    bool limited = evidence->budget != CORDON_BUDGET_NONE;

    cdn_pack_cstr(packer, "last");
    cdn_pack_map(packer, 2U + limited);
    put_text(packer, "outcome", cordon_outcome_kind_str(evidence->outcome));
    if (limited)
        put_text(packer, "limit", cordon_budget_str(evidence->budget));
    put_text(packer, "message", evidence->message);
}

void cdn_audit_trip_put(struct cdn_buf *out, const void *trip, uint64_t change)
{
    const struct cdn_audit_trip *told = trip;
    const struct cdn_version *version = told->version;
    const struct cdn_breaker_evidence *evidence = &version->breaker.evidence;
    bool moved = evidence->to < CDN_WALL_NONE;
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, out);
    cdn_pack_map(&packer, 15U + moved + (change != 0));
    put_text(&packer, "note", "breaker");
    cdn_pack_cstr(&packer, "timestamp");
    cdn_pack_int(&packer, evidence->time_ms);
    put_text(&packer, "rule", told->rule);
    put_count(&packer, "version", version->number);
    put_text(&packer, "digest", version->hash);
    put_text(&packer, "variant", cordon_variant_str(evidence->variant));
    put_text(&packer, "action", moved ? "wall" : "pause");
    put_text(&packer, "from", cordon_wall_str((cordon_wall)evidence->from));
    if (moved)
        put_text(&packer, "to", cordon_wall_str((cordon_wall)evidence->to));
    put_text(&packer, "tripped_by", fault_words[evidence->fault]);
    put_limit(&packer, &evidence->limit);
    cdn_pack_cstr(&packer, "counts");
    cdn_pack_map(&packer, CDN_FAULTS);
    for (int fault = 0; fault < CDN_FAULTS; fault++)
        put_count(&packer, fault_words[fault], evidence->counts[fault]);
    put_count(&packer, "runs", evidence->runs);
    if (change)
        put_count(&packer, "change", change);
    put_last(&packer, evidence);
    cdn_pack_cstr(&packer, "decisions");
    cdn_pack_array(&packer, evidence->decision_count);
    for (uint32_t i = 0; i < evidence->decision_count; i++)
        cdn_pack_cstr(&packer, evidence->decisions[i]);
    put_text(&packer, "text", told->text);
    out->failed = out->failed || packer.failed;
}

cordon_status cdn_audit_trip(cordon_audit *audit, const struct cdn_audit_trip *trip,
                             uint64_t change, cordon_error *err)
{
    struct cdn_buf note = {0};
    cordon_status status;

    cdn_audit_trip_put(&note, trip, change);
    status = note.failed ? cdn_error_nomem(err)
                         : cdn_audit_note_now(audit, note.data, note.length, err);
    cdn_buf_deinit(&note);
    return status;
}
