/* What an evaluation answered, as a document: the parts that `cordon eval` and the server write
 * alike, under the decision log's names where it has one. */
#ifndef CDN_CODEC_ANSWER_H
#define CDN_CODEC_ANSWER_H

#include <cordon/outcome.h>
#include <cordon/set.h>
#include <cordon/trace.h>

#include "codec/json.h"

#define CDN_ANSWER_SCHEMA_VERSION 1

/* "SUCCESS", "TIMEOUT" (the time limit) or "FAILURE". */
const char *cdn_answer_status(const cordon_outcome *outcome);

/* Keys and their values, in an object that is open. */

/* "result": decision, score, reasons, output, updated_nodes, new_edges; those there are. */
void cdn_answer_result(struct cdn_json *json, const cordon_outcome *outcome);
/* "limit": kind, used and limit of the budget that ended the run; nothing if none did. */
void cdn_answer_limit(struct cdn_json *json, const cordon_outcome *outcome);
/* "usage", and "limits" under the same names. */
void cdn_answer_usage(struct cdn_json *json, const cordon_usage *usage);

/* What a set made of an event: outcome, message, decision, fallback, score, failed, generation
 * (if `graph`: it had one), wall_ns, members. */
void cdn_answer_set(struct cdn_json *json, const cordon_set_outcome *outcome,
                    bool graph);

/* A value: a score, an integer if it is one, as Lua has one kind of number. */
void cdn_answer_score(struct cdn_json *json, double score);
/* A value: everything a trace holds of its last evaluation, in the order in which it happened.
 * `file`: what the text is called. */
void cdn_answer_explain(struct cdn_json *json, const cordon_trace *trace,
                        const char *file);

#endif
