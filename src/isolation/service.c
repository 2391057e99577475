/* Serving a host's frames.
 *
 * A binding is made when a rule meets a grant for the first time, and kept until either goes.
 * What is wrong with a frame is wrong with the host, who is to be believed in nothing more from
 * then on: the service ends.  What is wrong with a request is answered. */
#include "isolation/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/pack.h"
#include "graph/binding.h"
#include "rule/functions.h"
#include "rule/image.h"
#include "rule/run.h"
#include "sandbox/config.h"
#include "sandbox/trace.h"

struct served_rule {
    struct cdn_rule *rule; /* NULL: the number is free */
    struct cdn_image *image;
    struct cdn_host_function functions[CDN_RULE_MAX_FUNCTIONS];
    const struct cdn_host_function *listed[CDN_RULE_MAX_FUNCTIONS];
    struct cdn_relay {
        struct cdn_service *service;
        uint32_t function; /* its number in the rule's list */
    } relays[CDN_RULE_MAX_FUNCTIONS];
    /* by grant's number; NULL: not bound yet */
    struct cdn_binding *bindings[CDN_SERVICE_MAX_GRANTS];
};

struct cdn_service {
    cordon_snapshot *snapshot;
    struct cdn_channel *channel;
    struct cdn_slot *slot;
    struct cdn_rule_host host;
    unsigned char *room; /* of calls */
    cordon_outcome *outcome;
    cordon_trace *trace; /* of the last traced run; NULL: there was none */
    bool traced;         /* the run before was one */
    struct cdn_buf out;  /* the frame being made */
    struct cdn_buf call; /* a CALL's, made while a run's frame still stands */
    struct cdn_buf key;  /* the subject's */
    struct cdn_buf params;
    struct cdn_buf
        border; /* of the slice it sees, words of 64 bits; empty: it has none */
    uint32_t border_hops;
    bool was_sent;       /* what it sees is its own */
    cordon_error broken; /* of the channel, in a call; status CORDON_OK: none */
    struct served_rule *rules[CDN_SERVICE_MAX_RULES];
    struct cdn_grant *grants[CDN_SERVICE_MAX_GRANTS];
};

/* ---- rules ---- */

static void forget(struct cdn_service *service, uint32_t number)
{
    struct served_rule *rule = service->rules[number];

    if (!rule)
        return;
    for (uint32_t i = 0; i < CDN_SERVICE_MAX_GRANTS; i++)
        cdn_binding_free(rule->bindings[i]);
    cdn_image_free(rule->image);
    cdn_rule_free(rule->rule);
    cdn_free(rule);
    service->rules[number] = NULL;
}

/* A function of the host's, as the rule sees it from here: asked over the channel. */
static cordon_status relay(void *ud, const cordon_call *call,
                           const cordon_value *arguments, cordon_builder *result,
                           cordon_error *err);

static cordon_status load(struct served_rule **out, struct cdn_service *service,
                          const struct cdn_wire_rule *wanted, cordon_error *err)
{
    struct served_rule *rule = cdn_calloc(1, sizeof *rule);
    char *file = cdn_strndup(wanted->file, wanted->file_bytes);
    cordon_status status = CORDON_OK;

    if (!rule || !file)
        status = cdn_error_nomem(err);
    if (!status)
        status = cdn_rule_load(&rule->rule, service->slot, wanted->source,
                               wanted->source_bytes, file, &wanted->load, NULL, err);
    if (!status && rule->rule->function_count != wanted->function_count)
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "the rule lists %u functions, the host %u",
                               rule->rule->function_count, wanted->function_count);
    for (uint32_t i = 0; i < wanted->function_count && !status; i++) {
        struct cdn_host_function *function = &rule->functions[i];

        memcpy(function->name, wanted->functions[i].name, sizeof function->name);
        function->flags = wanted->functions[i].flags;
        function->cost = wanted->functions[i].cost;
        function->body = relay;
        rule->relays[i] = (struct cdn_relay){service, i};
        function->ud = &rule->relays[i];
        rule->listed[i] = function;
    }
    if (!status)
        status =
            cdn_rule_image(&rule->image, rule->rule, service->slot, &wanted->load, err);
    cdn_free(file);
    if (!status) {
        *out = rule;
        return CORDON_OK;
    }
    if (rule)
        cdn_rule_free(rule->rule);
    cdn_free(rule);
    return status;
}

static cordon_status answer(struct cdn_service *service, enum cdn_frame kind,
                            cordon_error *err)
{
    if (service->out.failed)
        return cdn_error_nomem(err);
    return cdn_channel_send(service->channel, (uint16_t)kind, service->out.data,
                            service->out.length, UINT64_MAX, err);
}

static cordon_status answer_failed(struct cdn_service *service, const cordon_error *why,
                                   cordon_error *err)
{
    cdn_wire_put_failed(&service->out, why);
    return answer(service, CDN_FRAME_FAILED, err);
}

static cordon_status answer_ready(struct cdn_service *service, uint64_t number,
                                  cordon_error *err)
{
    cdn_wire_put_number(&service->out, number);
    return answer(service, CDN_FRAME_READY, err);
}

static cordon_status serve_rule(struct cdn_service *service, cordon_error *err)
{
    struct served_rule *rule = NULL;
    struct cdn_wire_rule wanted;
    cordon_error why;
    cordon_status status;

    status = cdn_wire_get_rule(&wanted, &service->channel->in, err);
    if (!status && wanted.number >= CDN_SERVICE_MAX_RULES)
        status = cdn_error_set(err, CORDON_E_DATA, "RULE: number %u is too high",
                               wanted.number);
    if (status)
        return status;
    forget(service, wanted.number);
    if (load(&rule, service, &wanted, &why))
        return answer_failed(service, &why, err);
    service->rules[wanted.number] = rule;
    return answer_ready(service, rule->rule->contract_hash, err);
}

/* ---- files that are only read ---- */

/* What the rule's image takes; 0: it is none, as its contract has faults, which whoever asked
 * finds himself.  Errors: what is wrong with the text beyond that. */
static cordon_status measure(uint64_t *image_bytes, struct cdn_service *service,
                             struct cdn_contract *contract,
                             const struct cdn_wire_read *wanted, const char *file,
                             cordon_error *err)
{
    struct cdn_findings findings = {0};
    struct cdn_image *image = NULL;
    struct cdn_rule *rule = NULL;
    cordon_status status = cdn_rule_judge(&rule, contract, wanted->source,
                                          wanted->source_bytes, file, &findings, err);

    *image_bytes = 0;
    if (status == CORDON_E_RULE && findings.count)
        status = CORDON_OK;
    else if (!status)
        status = cdn_rule_image(&image, rule, service->slot, &wanted->load, err);
    if (image)
        *image_bytes = cdn_image_bytes(image);
    cdn_image_free(image);
    cdn_rule_free(rule);
    cdn_findings_deinit(&findings);
    return status;
}

static cordon_status read_rule(struct cdn_service *service,
                               const struct cdn_wire_read *wanted, const char *file,
                               cordon_error *err)
{
    struct cdn_contract *contract = NULL;
    uint64_t image_bytes = 0;
    cordon_status status =
        cdn_contract_read(&contract, service->slot, wanted->source,
                          wanted->source_bytes, file, &wanted->load, err);

    if (!status)
        status = measure(&image_bytes, service, contract, wanted, file, err);
    if (!status)
        cdn_wire_put_contract(&service->out, contract, image_bytes);
    cdn_contract_free(contract);
    return status;
}

static cordon_status read_table(struct cdn_service *service,
                                const struct cdn_wire_read *wanted, const char *file,
                                cordon_error *err)
{
    struct cdn_buf table = {0};
    cordon_status status =
        cdn_config_evaluate(&table, wanted->source, wanted->source_bytes, file, err);

    if (!status)
        cdn_wire_put_table(&service->out, &table);
    cdn_buf_deinit(&table);
    return status;
}

static cordon_status serve_read(struct cdn_service *service, cordon_error *err)
{
    struct cdn_wire_read wanted;
    cordon_error why;
    cordon_status status = cdn_wire_get_read(&wanted, &service->channel->in, err);
    bool is_rule = wanted.what == CDN_WIRE_FILE_RULE;
    char *file;

    if (status)
        return status;
    file = cdn_strndup(wanted.file, wanted.file_bytes);
    if (!file)
        status = cdn_error_nomem(&why);
    else if (is_rule)
        status = read_rule(service, &wanted, file, &why);
    else
        status = read_table(service, &wanted, file, &why);
    cdn_free(file);
    if (status)
        return answer_failed(service, &why, err);
    return answer(service, is_rule ? CDN_FRAME_CONTRACT : CDN_FRAME_TABLE, err);
}

static cordon_status serve_grant(struct cdn_service *service, cordon_error *err)
{
    static const struct cdn_schema nothing = {0};
    struct cdn_grant *grant;
    uint32_t number;
    cordon_status status;

    status = cdn_wire_get_grant(
        &grant, &number, &service->channel->in,
        service->snapshot ? &service->snapshot->schema : &nothing, err);
    if (status)
        return status;
    if (number >= CDN_SERVICE_MAX_GRANTS) {
        cdn_free(grant);
        return cdn_error_set(err, CORDON_E_DATA, "GRANT: number %u is too high",
                             number);
    }
    for (uint32_t r = 0; r < CDN_SERVICE_MAX_RULES; r++) {
        if (!service->rules[r])
            continue;
        cdn_binding_free(service->rules[r]->bindings[number]);
        service->rules[r]->bindings[number] = NULL;
    }
    cdn_free(service->grants[number]);
    service->grants[number] = grant;
    return answer_ready(service, 0, err);
}

static cordon_status serve_forget(struct cdn_service *service, cordon_error *err)
{
    uint64_t number;
    cordon_status status = cdn_wire_get_number(&number, &service->channel->in, err);

    if (!status && number >= CDN_SERVICE_MAX_RULES)
        status = cdn_error_set(err, CORDON_E_DATA, "FORGET: the number is too high");
    if (status)
        return status;
    forget(service, (uint32_t)number);
    return answer_ready(service, 0, err);
}

/* ---- what it sees ---- */

static void unbind_all(struct cdn_service *service)
{
    for (uint32_t r = 0; r < CDN_SERVICE_MAX_RULES; r++)
        for (uint32_t g = 0; service->rules[r] && g < CDN_SERVICE_MAX_GRANTS; g++) {
            cdn_binding_free(service->rules[r]->bindings[g]);
            service->rules[r]->bindings[g] = NULL;
        }
}

static void forget_grants(struct cdn_service *service)
{
    for (uint32_t g = 0; g < CDN_SERVICE_MAX_GRANTS; g++) {
        cdn_free(service->grants[g]);
        service->grants[g] = NULL;
    }
}

static bool has_bits(const struct cdn_service *service)
{
    for (uint32_t g = 0; g < CDN_SERVICE_MAX_GRANTS; g++)
        if (service->grants[g] && !service->grants[g]->everything)
            return true;
    return false;
}

/* Are bits over one as good as over the other? */
static bool same_shape(const cordon_snapshot *a, const cordon_snapshot *b)
{
    if (!a || a->label_count != b->label_count ||
        a->relation_count != b->relation_count)
        return false;
    for (uint32_t l = 0; l < a->label_count; l++)
        if (a->schema.labels[l].property_count != b->schema.labels[l].property_count)
            return false;
    for (uint32_t r = 0; r < a->relation_count; r++)
        if (a->schema.relations[r].property_count !=
            b->schema.relations[r].property_count)
            return false;
    return true;
}

/* From now on a slice, which the frame has. */
static cordon_status see(struct cdn_service *service, const struct cdn_wire_slice *sent,
                         cordon_error *err)
{
    struct cdn_buf border = {0};
    cordon_snapshot *snapshot;
    cordon_status status =
        cordon_snapshot_open_slice(&snapshot, sent->bytes, sent->size, NULL, err);

    if (status)
        return status;
    cdn_buf_append(&border, sent->border, sent->border_bytes);
    if (sent->border && sent->border_bytes < ((size_t)snapshot->node_count + 7) / 8)
        status = cdn_error_set(err, CORDON_E_DATA,
                               "SLICE: a border of %zu bytes for %u nodes",
                               sent->border_bytes, snapshot->node_count);
    else if (sent->grants_stay && has_bits(service) &&
             !same_shape(service->snapshot, snapshot))
        status = cdn_error_set(err, CORDON_E_DATA,
                               "SLICE: grants cannot stay, as it has another schema");
    else if (border.failed)
        status = cdn_error_nomem(err);
    if (status) {
        cdn_buf_deinit(&border);
        cordon_snapshot_release(snapshot);
        return status;
    }
    unbind_all(service);
    if (!sent->grants_stay)
        forget_grants(service);
    if (service->was_sent)
        cordon_snapshot_release(service->snapshot);
    service->snapshot = snapshot;
    service->was_sent = true;
    cdn_buf_deinit(&service->border);
    service->border = border;
    service->border_hops = sent->hops;
    return CORDON_OK;
}

static cordon_status serve_slice(struct cdn_service *service, cordon_error *err)
{
    struct cdn_wire_slice sent;
    cordon_error why;
    cordon_status status = cdn_wire_get_slice(&sent, &service->channel->in, err);

    if (status)
        return status;
    status = see(service, &sent, &why);
    return status ? answer_failed(service, &why, err)
                  : answer_ready(service, service->snapshot->node_count, err);
}

/* ---- functions of the host's ---- */

static cordon_status ask_host(struct cdn_service *service, uint32_t function,
                              const cordon_value *arguments, cordon_builder *result,
                              cordon_error *err)
{
    struct cdn_channel *channel = service->channel;
    cordon_error *broken = &service->broken;
    cordon_status status;
    uint16_t kind;

    cdn_wire_put_call(&service->call, function, arguments);
    if (service->call.failed)
        return cdn_error_nomem(err);
    status = cdn_channel_send(channel, CDN_FRAME_CALL, service->call.data,
                              service->call.length, UINT64_MAX, broken);
    if (!status)
        status = cdn_channel_receive(&kind, channel, CDN_WIRE_ANSWER_BYTES, UINT64_MAX,
                                     broken);
    if (!status && kind != CDN_FRAME_ANSWER)
        status = cdn_error_set(broken, CORDON_E_DATA, "no answer to a call");
    if (status)
        return cdn_error_set(err, CORDON_E_IO, "the host is gone");
    return cdn_wire_get_answer(result, &channel->in, err);
}

static cordon_status relay(void *ud, const cordon_call *call,
                           const cordon_value *arguments, cordon_builder *result,
                           cordon_error *err)
{
    const struct cdn_relay *to = ud;

    (void)call; /* its time and its end are the host's to look at */
    if (to->service->broken.status)
        return cdn_error_set(err, CORDON_E_IO, "the host is gone");
    return ask_host(to->service, to->function, arguments, result, err);
}

/* ---- runs ---- */

static cordon_status binding_of(const struct cdn_binding **out,
                                struct cdn_service *service, struct served_rule *rule,
                                uint32_t grant, cordon_error *err)
{
    struct cdn_binding **binding = &rule->bindings[grant];
    cordon_status status = CORDON_OK;

    if (!*binding)
        status = cdn_binding_new(binding, &rule->rule->names, service->snapshot,
                                 service->grants[grant], err);
    *out = *binding;
    return status;
}

/* Texts of a frame, which the next frame overwrites, and without a NUL. */
static bool keep(struct cdn_buf *to, const void *bytes, size_t count)
{
    cdn_buf_clear(to);
    cdn_buf_append(to, bytes, count);
    return !to->failed;
}

/* A notebook like the host's, with nothing in it. */
static cordon_status prepare_trace(struct cdn_service *service,
                                   const struct cdn_wire_run *wanted, cordon_error *err)
{
    cordon_trace_options options = CORDON_TRACE_OPTIONS_INIT;

    options.memory_bytes = wanted->trace_bytes;
    options.counts_only = wanted->counts_only;
    if (service->trace &&
        (cdn_trace_memory_bytes(service->trace) != wanted->trace_bytes ||
         service->trace->counts_only != wanted->counts_only)) {
        cordon_trace_free(service->trace);
        service->trace = NULL;
    }
    if (!service->trace)
        return cordon_trace_new(&service->trace, &options, err);
    cordon_trace_clear(service->trace);
    return CORDON_OK;
}

static cordon_status run(struct cdn_service *service, const struct cdn_wire_run *wanted,
                         uint64_t entered_ns, cordon_error *err)
{
    struct served_rule *rule = service->rules[wanted->rule];
    struct cdn_channel_shared *shared = cdn_channel_shared(service->channel);
    char label[CDN_SCHEMA_MAX_NAME + 1] = "";
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_rule_call call = {
        .rule = rule->rule,
        .image = rule->image,
        .slot = service->slot,
        .host = &service->host,
        .snapshot = service->snapshot,
        .border = (const uint64_t *)(const void *)(service->border.length
                                                       ? service->border.data
                                                       : NULL),
        .border_hops = service->border_hops,
        .functions = rule->listed,
        .request = &request,
        .budget = wanted->budget,
        .shared_params = wanted->shared_params,
    };
    cordon_status status;

    if (wanted->label) {
        memcpy(label, wanted->label, wanted->label_bytes);
        request.label = label;
    }
    if (!keep(&service->key, wanted->key, wanted->key_bytes) ||
        !keep(&service->params, wanted->params, wanted->params_bytes))
        return cdn_error_nomem(err);
    if (wanted->key) {
        request.key = (const char *)service->key.data;
        request.key_bytes = wanted->key_bytes;
    }
    if (wanted->params) {
        request.params = service->params.data;
        request.params_bytes = wanted->params_bytes;
    }
    request.now_ms = wanted->now_ms;
    request.as_of_ms = wanted->as_of_ms;
    request.seed = wanted->seed;
    request.cancel =
        shared ? (const cordon_cancel *)(const void *)&shared->cancel : NULL;
    /* the deadline is the host's; what has passed of it has passed */
    call.entered_ns = entered_ns;
    if (wanted->left_ns < call.budget.wall_ns)
        call.entered_ns -= call.budget.wall_ns - wanted->left_ns;
    status = binding_of(&call.binding, service, rule, wanted->grant, err);
    if (!status && wanted->trace_bytes) {
        status = prepare_trace(service, wanted, err);
        call.trace = service->trace;
    }
    if (!status)
        status = cdn_rule_run(service->outcome, &call, err);
    service->traced = !status && call.trace;
    return status;
}

static cordon_status serve_run(struct cdn_service *service, cordon_error *err)
{
    uint64_t entered_ns = cdn_clock_ns();
    struct cdn_wire_run wanted;
    cordon_error why;
    cordon_status status;

    status = cdn_wire_get_run(&wanted, &service->channel->in, err);
    if (!status &&
        (wanted.rule >= CDN_SERVICE_MAX_RULES || !service->rules[wanted.rule] ||
         wanted.grant >= CDN_SERVICE_MAX_GRANTS || !service->grants[wanted.grant]))
        status = cdn_error_set(err, CORDON_E_DATA,
                               "RUN: a rule or a grant that was never sent");
    if (status)
        return status;
    status = run(service, &wanted, entered_ns, &why);
    if (service->broken.status) {
        if (err)
            *err = service->broken;
        return service->broken.status;
    }
    if (status)
        return answer_failed(service, &why, err);
    cdn_wire_put_outcome(&service->out, service->outcome);
    return answer(service, CDN_FRAME_OUTCOME, err);
}

static cordon_status serve_trace(struct cdn_service *service, cordon_error *err)
{
    uint64_t number;
    cordon_status status = cdn_wire_get_number(&number, &service->channel->in, err);

    if (!status && !service->traced)
        status = cdn_error_set(err, CORDON_E_DATA, "TRACE: nothing was traced");
    if (status)
        return status;
    cdn_wire_put_trace(&service->out, service->trace);
    return answer(service, CDN_FRAME_TRACE, err);
}

/* ---- the service ---- */

/* The first error that a process raises has the unwinder look for its tables, and wake whoever
 * else might wait for that: a system call that nothing needs later. */
static void raise_once(struct cdn_slot *slot)
{
    static const struct cdn_budget budget = {.instructions = 10000,
                                             .memory_bytes = 64u << 10,
                                             .edges = 1,
                                             .output_bytes = 1,
                                             .wall_ns = 1000000000};
    static const char source[] = "error('once')";
    struct cdn_rule *rule;
    cordon_error err;

    if (!cdn_rule_load(&rule, slot, source, sizeof source - 1, "once", &budget, NULL,
                       &err))
        cdn_rule_free(rule);
}

static int by_byte(const void *a, const void *b)
{
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* The first large sort of a process asks the system how much memory it has, to know what it may
 * take of it: a system call, too. */
static void sort_once(void)
{
    unsigned char bytes[2048] = {1};

    qsort(bytes, sizeof bytes, 1, by_byte);
}

cordon_status cdn_service_new(struct cdn_service **out, cordon_snapshot *snapshot,
                              const struct cdn_slot_config *config,
                              struct cdn_channel *channel, cordon_error *err)
{
    struct cdn_service *service = cdn_calloc(1, sizeof *service);
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (!service)
        return cdn_error_nomem(err);
    service->snapshot = snapshot;
    service->channel = channel;
    service->room = cdn_alloc(CDN_FUNCTIONS_ROOM);
    if (!service->room)
        status = cdn_error_nomem(err);
    if (!status)
        status = cordon_outcome_new(&service->outcome, err);
    if (!status)
        status = cdn_slot_new(&service->slot, config, err);
    if (status) {
        cdn_service_free(service);
        return status;
    }
    cdn_slot_set_host(service->slot, &service->host);
    cdn_functions_give_room(&service->host, service->room);
    raise_once(service->slot);
    sort_once();
    *out = service;
    return CORDON_OK;
}

void cdn_service_free(struct cdn_service *service)
{
    if (!service)
        return;
    for (uint32_t i = 0; i < CDN_SERVICE_MAX_RULES; i++)
        forget(service, i);
    for (uint32_t i = 0; i < CDN_SERVICE_MAX_GRANTS; i++)
        cdn_free(service->grants[i]);
    if (service->was_sent)
        cordon_snapshot_release(service->snapshot);
    cdn_slot_free(service->slot);
    cordon_outcome_free(service->outcome);
    cordon_trace_free(service->trace);
    cdn_free(service->room);
    cdn_buf_deinit(&service->out);
    cdn_buf_deinit(&service->call);
    cdn_buf_deinit(&service->key);
    cdn_buf_deinit(&service->params);
    cdn_buf_deinit(&service->border);
    cdn_free(service);
}

uint64_t cdn_service_identity(const struct cdn_service *service)
{
    return service->snapshot ? service->snapshot->identity : 0;
}

cordon_status cdn_service_serve(struct cdn_service *service, uint16_t kind,
                                cordon_error *err)
{
    switch (kind) {
    case CDN_FRAME_RULE:
        return serve_rule(service, err);
    case CDN_FRAME_GRANT:
        return serve_grant(service, err);
    case CDN_FRAME_RUN:
        return serve_run(service, err);
    case CDN_FRAME_FORGET:
        return serve_forget(service, err);
    case CDN_FRAME_TRACE:
        return serve_trace(service, err);
    case CDN_FRAME_PING:
        return answer_ready(service, 0, err);
    case CDN_FRAME_SLICE:
        return serve_slice(service, err);
    case CDN_FRAME_READ:
        return serve_read(service, err);
    default:
        return cdn_error_set(err, CORDON_E_DATA, "frame %u is none of a host's", kind);
    }
}

cordon_status cdn_service_run(struct cdn_service *service, uint32_t locks,
                              cordon_error *err)
{
    const struct cdn_wire_hello hello = {.version = CDN_WIRE_VERSION,
                                         .locks = locks,
                                         .identity = cdn_service_identity(service)};
    cordon_status status;
    uint16_t kind;

    cdn_wire_put_hello(&service->out, &hello);
    status = answer(service, CDN_FRAME_HELLO, err);
    while (!status) {
        status = cdn_channel_receive(&kind, service->channel, CDN_CHANNEL_MAX_BYTES,
                                     UINT64_MAX, err);
        if (status == CORDON_E_IO)
            return CORDON_OK; /* that is how a host ends it */
        if (!status)
            status = cdn_service_serve(service, kind, err);
    }
    return status;
}
