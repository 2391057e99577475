/* cordon rule diff: what differs between two versions, in their text and in their contract.
 *
 * The text is compared line by line.  The contract is compared as loaded, not as written: a
 * limit that moved to another line is no difference, one that is built by an expression is
 * seen as the number it comes to. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "base/suggest.h"
#include "cli/registry.h"
#include "codec/text_diff.h"
#include "engine/engine.h"
#include "engine/read_text.h"
#include "engine/registry.h"
#include "rule/param.h"
#include "rule/rule.h"

/* ---- the contract ---- */

struct contract_diff {
    struct cdn_buf *out;
    uint32_t count;
};

static void differs(struct contract_diff *diff, char sign, const char *what,
                    const char *name, const char *more)
{
    cdn_buf_printf(diff->out, "%c %s %s%s%s\n", sign, what, name, more[0] ? ": " : "",
                   more);
    diff->count++;
}

static void diff_limit(struct contract_diff *diff, const char *name, uint64_t from,
                       uint64_t to)
{
    char change[100], left[32], right[32];

    if (from == to)
        return;
    snprintf(left, sizeof(left), "%" PRIu64, from);
    snprintf(right, sizeof(right), "%" PRIu64, to);
    snprintf(change, sizeof(change), "%s -> %s", from ? left : "not declared",
             to ? right : "not declared");
    differs(diff, '~', "limit", name, change);
}

static void diff_limits(struct contract_diff *diff, const struct cdn_budget *from,
                        const struct cdn_budget *to)
{
    diff_limit(diff, "instructions", from->instructions, to->instructions);
    diff_limit(diff, "edges", from->edges, to->edges);
    diff_limit(diff, "nodes", from->nodes, to->nodes);
    diff_limit(diff, "hops", from->hops, to->hops);
    diff_limit(diff, "memory, bytes", from->memory_bytes, to->memory_bytes);
    diff_limit(diff, "output, bytes", from->output_bytes, to->output_bytes);
    diff_limit(diff, "time, ns", from->wall_ns, to->wall_ns);
}

static const struct cdn_param *find_param(const struct cdn_rule *rule, const char *name)
{
    for (uint32_t i = 0; i < rule->param_count; i++)
        if (!strcmp(rule->params[i].name, name))
            return &rule->params[i];
    return NULL;
}

/* "integer, required, from 1 to 10, default 20". */
static void show_param(char *out, size_t size, const struct cdn_param *param)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    cordon_value value;

    cdn_buf_text(&text, cdn_param_type_names[param->type]);
    if (param->type == CDN_PARAM_LIST)
        cdn_buf_printf(&text, " of %s", cdn_param_type_names[param->element]);
    if (param->required)
        cdn_buf_text(&text, ", required");
    if (param->has_min)
        cdn_buf_printf(&text, ", at least %.17g", param->min);
    if (param->has_max)
        cdn_buf_printf(&text, ", at most %.17g", param->max);
    for (uint32_t i = 0; i < param->choice_count; i++)
        cdn_buf_printf(&text, "%s%s", i ? "|" : ", one of ", param->choices[i]);
    if (param->fallback &&
        !cordon_value_parse(&value, param->fallback, param->fallback_bytes, NULL)) {
        cdn_buf_text(&text, ", default ");
        cdn_json_init(&json, &text, false);
        cdn_json_value(&json, &value);
    }
    if (text.failed)
        snprintf(out, size, "%s", cdn_param_type_names[param->type]);
    else
        cdn_escape(out, size, (const char *)text.data, text.length);
    cdn_buf_deinit(&text);
}

static void diff_params(struct contract_diff *diff, const struct cdn_rule *from,
                        const struct cdn_rule *to)
{
    char left[300], right[300], both[620];

    for (uint32_t i = 0; i < from->param_count; i++) {
        const struct cdn_param *other = find_param(to, from->params[i].name);

        show_param(left, sizeof(left), &from->params[i]);
        if (!other) {
            differs(diff, '-', "param", from->params[i].name, left);
            continue;
        }
        show_param(right, sizeof(right), other);
        if (strcmp(left, right) != 0) {
            snprintf(both, sizeof(both), "%s -> %s", left, right);
            differs(diff, '~', "param", other->name, both);
        }
    }
    for (uint32_t i = 0; i < to->param_count; i++)
        if (!find_param(from, to->params[i].name)) {
            show_param(right, sizeof(right), &to->params[i]);
            differs(diff, '+', "param", to->params[i].name, right);
        }
}

static bool reads(const struct cdn_rule *rule, const char *kind, const char *property)
{
    for (uint32_t i = 0; i < rule->names.kind_count; i++) {
        const struct cdn_name_kind *candidate = &rule->names.kinds[i];

        if (strcmp(candidate->name, kind) != 0)
            continue;
        if (!property)
            return true;
        for (uint32_t p = 0; p < rule->names.property_count; p++)
            if ((candidate->properties >> p & 1) &&
                !strcmp(rule->names.properties[p], property))
                return true;
    }
    return false;
}

/* What the first reads and the second does not. */
static void diff_reads(struct contract_diff *diff, char sign,
                       const struct cdn_rule *rule, const struct cdn_rule *other)
{
    for (uint32_t i = 0; i < rule->names.kind_count; i++) {
        const struct cdn_name_kind *kind = &rule->names.kinds[i];
        char name[200];

        if (!reads(other, kind->name, NULL))
            differs(diff, sign, "reads", kind->name, "");
        for (uint32_t p = 0; p < rule->names.property_count; p++) {
            const char *property = rule->names.properties[p];

            if (!(kind->properties >> p & 1) || reads(other, kind->name, property))
                continue;
            snprintf(name, sizeof(name), "%s.%s", kind->name, property);
            differs(diff, sign, "reads", name, "");
        }
    }
}

static void show_decisions(char *out, size_t size, const struct cdn_rule *rule)
{
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < rule->decision_count && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? " < " : "",
                               rule->decisions[i]);
    if (at < size)
        (void)snprintf(out + at, size - at, ", fallback %s",
                       rule->fallback < 0 ? "none" : rule->decisions[rule->fallback]);
}

static void diff_contract(struct contract_diff *diff, const struct cdn_rule *from,
                          const struct cdn_rule *to)
{
    char left[1200], right[1200], both[2420];

    diff_limits(diff, &from->limits, &to->limits);
    diff_params(diff, from, to);
    diff_reads(diff, '-', from, to);
    diff_reads(diff, '+', to, from);
    show_decisions(left, sizeof(left), from);
    show_decisions(right, sizeof(right), to);
    if (strcmp(left, right) != 0) {
        snprintf(both, sizeof(both), "%s -> %s", left, right);
        differs(diff, '~', "decisions,", "least severe first", both);
    }
}

/* ---- two versions ---- */

struct side {
    uint32_t version;
    char name[CORDON_RULE_MAX_NAME_BYTES + 32];
    struct cdn_buf source;
    struct cdn_rule *rule;
};

static void side_deinit(struct side *side)
{
    cdn_buf_deinit(&side->source);
    cdn_rule_free(side->rule);
}

static cordon_status read_side(struct side *side, const struct cdn_registry_args *args,
                               cordon_object_kind kind, cordon_error *err)
{
    const char *name = args->name;
    cordon_engine_options options;
    const struct cdn_reading reading = {.wall = cdn_tier_wall(&args->tier),
                                        .options = &options};
    cordon_status status =
        cdn_registry_text(&side->source, args->registry, name, side->version, err);

    snprintf(side->name, sizeof(side->name), "%s version %" PRIu32, name,
             side->version);
    if (status || kind != CORDON_OBJECT_RULE)
        return status;
    cdn_engine_defaults(&options);
    options.worker = args->worker;
    return cdn_read_rule(&side->rule, &reading, (const char *)side->source.data,
                         side->source.length, side->name, NULL, err);
}

static int show(struct cdn_cli *cli, const char *name, const struct side *from,
                const struct side *to)
{
    const struct cdn_text left = {from->name, (const char *)from->source.data,
                                  from->source.length};
    const struct cdn_text right = {to->name, (const char *)to->source.data,
                                   to->source.length};
    struct cdn_buf text = {0}, contract = {0}, printed = {0};
    struct contract_diff diff = {&contract, 0};
    struct cdn_json json;
    cordon_error err;
    cordon_status status = cdn_text_diff(&text, &left, &right, &err);
    int code = CDN_EXIT_OK;

    if (!status && from->rule && to->rule)
        diff_contract(&diff, from->rule, to->rule);
    if (!status && contract.failed)
        status = cdn_error_nomem(&err);
    if (status) {
        code = cdn_registry_fail(cli, status, &err);
    } else if (cdn_wants_json(cli)) {
        cdn_json_init(&json, &printed, cli->format == CDN_FORMAT_JSON);
        cdn_json_object(&json);
        cdn_json_key_uint(&json, "schema_version", CDN_REGISTRY_SCHEMA_VERSION);
        cdn_json_key_cstr(&json, "name", name);
        cdn_json_key_uint(&json, "from", from->version);
        cdn_json_key_uint(&json, "to", to->version);
        cdn_json_key(&json, "text");
        cdn_json_str(&json, (const char *)text.data, text.length);
        cdn_json_key(&json, "contract");
        cdn_json_str(&json, (const char *)contract.data, contract.length);
        cdn_json_object_end(&json);
        code = cdn_json_print(cli, &printed);
    } else {
        if (contract.length) {
            fprintf(cli->out, "contract:\n");
            cdn_show_text(cli->out, contract.data, contract.length);
        }
        if (text.length)
            cdn_show_text(cli->out, text.data, text.length);
        else
            cdn_cli_note(cli, "%s and version %" PRIu32 " are the same text",
                         from->name, to->version);
    }
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&contract);
    cdn_buf_deinit(&printed);
    return code;
}

/* Which versions are meant: given, or what decides against the newest. */
static int choose(struct cdn_cli *cli, struct side *from, struct side *to,
                  const cordon_standing *standing)
{
    if (!to->version)
        to->version = standing->newest;
    if (!from->version)
        from->version = standing->active && standing->active != to->version
                            ? standing->active
                            : to->version - 1;
    if (!from->version)
        return cdn_cli_usage(cli, "%s has only one version", standing->name);
    return CDN_EXIT_OK;
}

static int compare(struct cdn_cli *cli, const struct cdn_registry_args *args,
                   struct side *from, struct side *to)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};
    cordon_error err;
    cordon_status status =
        cordon_registry_standing(&standing, args->registry, args->name, &err);
    int code = CDN_EXIT_OK;

    if (!status)
        code = choose(cli, from, to, &standing);
    if (code)
        return code;
    if (!status)
        status = read_side(from, args, standing.kind, &err);
    if (!status)
        status = read_side(to, args, standing.kind, &err);
    return status ? cdn_registry_fail(cli, status, &err)
                  : show(cli, args->name, from, to);
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    const struct cdn_option options[] = {CDN_REGISTRY_OPTIONS(args),
                                         CDN_READING_OPTION(args)};
    struct side from = {0}, to = {0};
    int code;

    if (!cdn_registry_start(cli, &args, options, CDN_COUNT(options), CDN_NAMES_WITH_TWO,
                            CORDON_REGISTRY_READ_ONLY, argc, argv, &code))
        return code;
    from.version = args.versions[0];
    to.version = args.versions[1];
    code = compare(cli, &args, &from, &to);
    side_deinit(&from);
    side_deinit(&to);
    cdn_registry_end(&args);
    return cdn_cli_finish(cli, code);
}

const struct cdn_command cdn_command_rule_diff = {
    .name = "rule diff",
    .summary = "show what differs between two versions of a rule",
    .run = run,
    .usage = "NAME [FROM [TO]] --data STORE [OPTION...]",
    .examples = "cordon rule diff velocity -d store\n"
                "cordon rule diff velocity 2 5 -d store",
    .details =
        "Without versions: what decides against the newest; with one: it against the "
        "newest. First what differs in the contract (limits, params, reads, "
        "decisions), "
        "then the text as a unified diff.",
    .exits = "023",
};
