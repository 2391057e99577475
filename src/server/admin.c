/* Reading what administers, and telling how it went: see admin.h. */
#include "server/admin.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/snapshot.h>
#include <cordon/upkeep.h>

#include "base/suggest.h"
#include "codec/cases.h"
#include "codec/standing.h"
#include "server/host.h"
#include "server/server.h"

/* ---- bodies ---- */

/* "guard.min_samples", or the name alone. */
static const char *path_of(char out[160], const char *where, const char *name)
{
    (void)snprintf(out, 160, "%s%s%s", where, *where ? "." : "", name);
    return out;
}

static bool wrong_type(struct cdn_exchange *x, const char *where, const char *name,
                       const char *wanted)
{
    char path[160];

    cdn_exchange_problem(x, 400, "body", "\"%s\" must be %s",
                         path_of(path, where, name), wanted);
    return false;
}

static bool take_field(struct cdn_exchange *x, const char *where,
                       struct cdn_field *field, const cordon_value *value)
{
    if (value->type == CORDON_NIL)
        return true;
    switch (field->type) {
    case CDN_FIELD_TEXT:
        if (value->type != CORDON_STRING)
            return wrong_type(x, where, field->name, "a string");
        *(cordon_value *)field->out = *value;
        break;
    case CDN_FIELD_COUNT:
        if (value->type != CORDON_INTEGER || value->as.integer < 0)
            return wrong_type(x, where, field->name, "an integer from 0");
        *(uint64_t *)field->out = (uint64_t)value->as.integer;
        break;
    case CDN_FIELD_NUMBER:
        if (value->type == CORDON_INTEGER)
            *(double *)field->out = (double)value->as.integer;
        else if (value->type == CORDON_NUMBER && isfinite(value->as.number))
            *(double *)field->out = value->as.number;
        else
            return wrong_type(x, where, field->name, "a number");
        break;
    case CDN_FIELD_ANY:
        *(cordon_value *)field->out = *value;
        break;
    }
    field->given = true;
    return true;
}

static bool unknown_field(struct cdn_exchange *x, const char *where,
                          const cordon_value *key, const struct cdn_field *fields,
                          size_t count)
{
    struct cdn_suggest suggest;
    char name[65], shown[200], hint[100], path[160];

    (void)snprintf(
        name, sizeof name, "%.*s",
        key->type == CORDON_STRING ? (int)(key->length < 64 ? key->length : 64) : 0,
        key->type == CORDON_STRING ? key->as.string : "");
    cdn_suggest_init(&suggest, name);
    for (size_t i = 0; i < count; i++)
        cdn_suggest_offer(&suggest, fields[i].name);
    cdn_exchange_problem(
        x, 400, "body", "nothing is called \"%s\" here%s",
        path_of(path, where, cdn_escape(shown, sizeof shown, name, strlen(name))),
        cdn_suggest_text(&suggest, hint, sizeof hint));
    return false;
}

bool cdn_fields_read(struct cdn_exchange *x, const cordon_value *map, const char *where,
                     struct cdn_field *fields, size_t count)
{
    cordon_value_iter iter;
    cordon_value key, value;

    if (map->type != CORDON_MAP) {
        cdn_exchange_problem(x, 400, "body", "%s%s%s must be an object",
                             *where ? "\"" : "", *where ? where : "the body",
                             *where ? "\"" : "");
        return false;
    }
    cordon_value_iter_init(&iter, map);
    while (cordon_value_next(&iter, &key, &value)) {
        size_t i = 0;

        while (i < count &&
               (key.type != CORDON_STRING || key.length != strlen(fields[i].name) ||
                memcmp(key.as.string, fields[i].name, key.length) != 0))
            i++;
        if (i == count)
            return unknown_field(x, where, &key, fields, count);
        if (!take_field(x, where, &fields[i], &value))
            return false;
    }
    return true;
}

bool cdn_fields_body(struct cdn_exchange *x, struct cdn_field *fields, size_t count)
{
    cordon_value body;

    if (!x->body_bytes)
        return true;
    return cdn_exchange_body(x, &body) && cdn_fields_read(x, &body, "", fields, count);
}

bool cdn_field_copy(struct cdn_exchange *x, char *out, size_t size, const char *what,
                    const cordon_value *text)
{
    if (text->length >= size) {
        cdn_exchange_problem(x, 400, "body", "%s of %" PRIu32 " bytes; at most %zu",
                             what, text->length, size - 1);
        return false;
    }
    if (text->length && memchr(text->as.string, '\0', text->length)) {
        cdn_exchange_problem(x, 400, "body", "%s has a NUL in it", what);
        return false;
    }
    if (text->length)
        memcpy(out, text->as.string, text->length);
    out[text->length] = '\0';
    return true;
}

/* ---- objects of the registry ---- */

bool cdn_admin_has_registry(struct cdn_exchange *x)
{
    if (x->host->registry)
        return true;
    cdn_exchange_problem(
        x, 404, "no-registry",
        "this server has no registry: its rules come from files; start "
        "it with --registry FILE, or with a store that has one");
    return false;
}

bool cdn_admin_standing(cordon_standing *out, struct cdn_exchange *x)
{
    cordon_error err;
    cordon_status status;

    if (!cdn_admin_has_registry(x))
        return false;
    out->struct_size = sizeof *out;
    status = cordon_registry_standing(out, x->host->registry, x->args[0], &err);
    if (status)
        cdn_exchange_fail(x, status, &err);
    return !status;
}

/* ---- changes ---- */

void cdn_admin_etag(struct cdn_exchange *x, uint64_t revision)
{
    char text[32];

    (void)snprintf(text, sizeof text, "\"%" PRIu64 "\"", revision);
    cdn_exchange_set_header(x, "ETag", text);
}

/* Is `current` among the entity tags of the header?  *valid false: they are none. */
static bool lists(const char *header, uint64_t current, bool *valid)
{
    char wanted[32];
    bool found = false;
    const char *at = header;

    (void)snprintf(wanted, sizeof wanted, "\"%" PRIu64 "\"", current);
    *valid = true;
    for (;;) {
        size_t bytes;
        bool weak;

        at += strspn(at, " \t");
        weak = !strncmp(at, "W/", 2); /* which never matches: RFC 9110, 13.1.1 */
        at += weak ? 2 : 0;
        bytes = *at == '"' ? strcspn(at + 1, "\"") + 2 : 0;
        if (!bytes || at[bytes - 1] != '"') {
            *valid = false;
            return false;
        }
        found |=
            !weak && current && bytes == strlen(wanted) && !memcmp(at, wanted, bytes);
        at += bytes;
        at += strspn(at, " \t");
        if (!*at)
            return found;
        if (*at++ != ',') {
            *valid = false;
            return false;
        }
    }
}

bool cdn_admin_match(bool *must, struct cdn_exchange *x, uint64_t current)
{
    const char *header = cdn_exchange_header(x, "If-Match");
    bool valid = true, matches;

    *must = header != NULL;
    if (!header)
        return true;
    matches = !strcmp(header, "*") ? current != 0 : lists(header, current, &valid);
    if (matches)
        return true;
    if (!valid) {
        cdn_exchange_problem(x, 400, "if-match",
                             "If-Match is * or entity tags, such as \"17\" with its "
                             "quotes");
        return false;
    }
    if (current) {
        cdn_exchange_problem(x, 412, "precondition",
                             "it was changed meanwhile: its revision is %" PRIu64,
                             current);
        cdn_admin_etag(x, current);
    } else {
        cdn_exchange_problem(x, 412, "precondition", "it is not there yet");
    }
    return false;
}

bool cdn_admin_change(struct cdn_admin_change *out, struct cdn_exchange *x,
                      const cordon_value *reason, uint64_t current)
{
    const char *header = cdn_exchange_header(x, "X-Reason");
    bool must;

    *out = (struct cdn_admin_change){.change = CORDON_CHANGE_INIT};
    out->change.author = x->caller.name;
    if (!cdn_exchange_query_flag(x, &out->change.dry_run, "dry_run") ||
        !cdn_admin_match(&must, x, current))
        return false;
    if (must)
        out->change.expect_revision = current;
    if (reason && reason->type == CORDON_STRING) {
        if (!cdn_field_copy(x, out->reason, sizeof out->reason, "a reason", reason))
            return false;
        out->change.reason = out->reason;
    } else if (header) {
        out->change.reason = header;
    }
    return true;
}

void cdn_admin_changed(struct cdn_exchange *x, const struct cdn_admin_change *change)
{
    cordon_standing standing;
    struct cdn_json *json;

    if (!change->change.dry_run) /* what fails is told by the server's own upkeep */
        (void)cordon_engine_upkeep(x->host->engine, NULL, NULL);
    if (!cdn_admin_standing(&standing, x))
        return;
    json = cdn_exchange_reply(x, 200);
    cdn_json_object(json);
    cdn_json_key_bool(json, "dry_run", change->change.dry_run);
    cdn_json_standing(json, &standing);
    cdn_json_object_end(json);
    cdn_admin_etag(x, standing.revision);
}

/* ---- whether a version may decide ---- */

static void tell(void *ud, enum cdn_cases_told what, const char *line)
{
    struct cdn_admin_check *check = ud;

    if (what == CDN_CASES_DIFFERS)
        cdn_buf_append(&check->told, line, strlen(line) + 1);
}

static bool stopped(void *ud)
{
    const struct cdn_admin_check *check = ud;

    return __atomic_load_n(&check->x->host->draining, __ATOMIC_RELAXED);
}

cordon_status cdn_admin_judge(void *ud, const cordon_candidate *candidate,
                              cordon_error *err)
{
    struct cdn_admin_check *check = ud;
    const char *data = check->x->host->options->data;
    struct cdn_cases cases = {.registry = check->x->host->registry,
                              .cancel = &check->x->cancel,
                              .stopped = stopped,
                              .tell = tell,
                              .ud = check};
    cordon_status status = CORDON_OK;

    if (data)
        status = cordon_snapshot_open(&cases.snapshot, data, NULL, err);
    if (status == CORDON_E_NOTFOUND) { /* a store that has no generation yet */
        cdn_error_clear(err);
        status = CORDON_OK;
    }
    if (!status)
        status = cdn_cases_judge(&cases, candidate, err);
    check->run += cases.run;
    check->failed += cases.failed;
    cordon_snapshot_release(cases.snapshot);
    return status;
}

static void tell_cases(struct cdn_exchange *x, const struct cdn_admin_check *check,
                       const cordon_error *err)
{
    struct cdn_json *json = cdn_exchange_problem_begin(x, 422, "cases", err->message);

    cdn_json_key_uint(json, "cases", check->run);
    cdn_json_key_uint(json, "failed", check->failed);
    cdn_json_key(json, "differences");
    cdn_json_array(json);
    for (size_t at = 0; at < check->told.length;) {
        const char *line = (const char *)check->told.data + at;

        cdn_json_cstr(json, line);
        at += strlen(line) + 1;
    }
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

void cdn_admin_refused(struct cdn_exchange *x, struct cdn_admin_check *check,
                       cordon_status status, const cordon_error *err)
{
    cordon_standing standing = {.struct_size = sizeof standing};

    if (check && check->told.failed) {
        cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
        return;
    }
    if (check && check->failed && status == CORDON_E_DATA) {
        tell_cases(x, check, err);
        return;
    }
    if (status == CORDON_E_INTERRUPTED) {
        cdn_exchange_problem(x, 503, "draining",
                             "the server ends; nothing was changed");
        cdn_exchange_set_header(x, "Retry-After", "1");
        return;
    }
    cdn_exchange_fail(x, status, err);
    if (status == CORDON_E_CONFLICT &&
        !cordon_registry_standing(&standing, x->host->registry, x->args[0], NULL))
        cdn_admin_etag(x, standing.revision);
}

void cdn_admin_check_deinit(struct cdn_admin_check *check)
{
    cdn_buf_deinit(&check->told);
}

/* ---- lists ---- */

bool cdn_page_read(struct cdn_page *out, struct cdn_exchange *x)
{
    *out = (struct cdn_page){.limit = CDN_PAGE_DEFAULT,
                             .cursor = cdn_exchange_query(x, "cursor")};
    return cdn_exchange_query_number(x, &out->limit, "limit", 1, CDN_PAGE_MOST);
}

bool cdn_page_number(uint64_t *out, struct cdn_exchange *x, const struct cdn_page *page)
{
    *out = 0;
    return !page->cursor || cdn_exchange_query_number(x, out, "cursor", 1, INT64_MAX);
}

bool cdn_admin_number(uint64_t *out, struct cdn_exchange *x, size_t index,
                      const char *what, uint64_t most)
{
    const char *text = x->args[index];
    size_t digits = strspn(text, "0123456789");
    char shown[80];

    *out = digits && digits < 20 && !text[digits] ? strtoull(text, NULL, 10) : 0;
    if (*out && *out <= most)
        return true;
    cdn_exchange_problem(x, 404, "not-found", "%s is a number from 1; '%s' is none",
                         what, cdn_escape(shown, sizeof shown, text, strlen(text)));
    return false;
}
