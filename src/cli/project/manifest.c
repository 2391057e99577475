/* Reading a project's manifest, and finding its rules: see manifest.h.
 *
 * The chunk is evaluated as every configuration is (sandbox/config.h) and walked strictly
 * (sandbox/spec.h).  Limits are read as the command line's are, so that "5ms" and 1e6 mean
 * here what they mean there. */
#include "cli/project/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/suggest.h"
#include "cli/cli.h"
#include "sandbox/config.h"
#include "sandbox/spec.h"

#define MAX_PATH_BYTES 255
#define MAX_DEPTH      16
#define MAX_FILES      10000

bool cdn_manifest_here(void)
{
    return !access(CDN_MANIFEST_FILE, F_OK);
}

/* ---- paths and names ---- */

/* Why a path may not stand in a manifest; NULL: it may. */
static const char *path_fault(const char *path)
{
    size_t bytes = strlen(path);

    if (!bytes || bytes > MAX_PATH_BYTES)
        return "a path has 1 to 255 bytes";
    if (path[0] == '/')
        return "a path here is relative to the manifest's folder";
    for (const char *at = path; *at;) {
        size_t part = strcspn(at, "/");

        if (part == 2 && at[0] == '.' && at[1] == '.')
            return "a path here stays in the manifest's folder; '..' leads out of it";
        at += part + (at[part] == '/');
    }
    for (const char *at = path; *at; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return "a path here has no control characters";
    }
    return NULL;
}

static bool is_name(const char *name)
{
    size_t bytes = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-");

    return bytes && bytes <= 64 && !name[bytes];
}

static cordon_status take_path(struct cdn_spec *table, const char **out,
                               const cordon_value *root, const char *key)
{
    cordon_status status = cdn_spec_text(table, out, root, key, false);
    const char *fault = !status && *out ? path_fault(*out) : NULL;

    return fault ? cdn_spec_fail_key(table, key, "%s", fault) : status;
}

static cordon_status take_roots(struct cdn_manifest *out, struct cdn_spec *table,
                                const cordon_value *root)
{
    static const char *const usual = "rules";
    cordon_status status =
        cdn_spec_texts(table, &out->roots, &out->root_count, root, "rules");

    if (status)
        return status;
    if (!out->root_count) {
        out->roots = cdn_spec_keep(table, sizeof(*out->roots));
        if (!out->roots)
            return cdn_error_nomem(table->err);
        out->roots[0] = usual;
        out->root_count = 1;
    }
    if (out->root_count > CDN_MANIFEST_MAX_ROOTS)
        return cdn_spec_fail_key(table, "rules", "at most %d folders or files",
                                 CDN_MANIFEST_MAX_ROOTS);
    for (uint32_t i = 0; i < out->root_count; i++) {
        const char *fault = path_fault(out->roots[i]);

        if (fault)
            return cdn_spec_fail_key(table, "rules", "%s", fault);
    }
    return CORDON_OK;
}

/* ---- limits ---- */

static const struct {
    const char *key;
    enum cdn_option_type type;
    size_t at;
    const char *right;
} limits[] = {
    {"instructions", CDN_OPTION_POSITIVE, offsetof(cordon_limits, instructions),
     "a whole number from 1"},
    {"edges", CDN_OPTION_POSITIVE, offsetof(cordon_limits, edges),
     "a whole number from 1"},
    {"nodes", CDN_OPTION_POSITIVE, offsetof(cordon_limits, nodes),
     "a whole number from 1"},
    {"hops", CDN_OPTION_POSITIVE, offsetof(cordon_limits, hops),
     "a whole number from 1"},
    {"memory", CDN_OPTION_SIZE, offsetof(cordon_limits, memory_bytes),
     "a size such as \"512KiB\", or bytes"},
    {"output", CDN_OPTION_SIZE, offsetof(cordon_limits, output_bytes),
     "a size such as \"64KiB\", or bytes"},
    {"time", CDN_OPTION_DURATION, offsetof(cordon_limits, wall_ns),
     "a time with its unit such as \"5ms\""},
};

static cordon_status take_limit(struct cdn_spec *table, cordon_limits *out,
                                size_t number, const cordon_value *value)
{
    uint64_t *to = (uint64_t *)(void *)((char *)out + limits[number].at);
    const struct cdn_option option = {
        .name = limits[number].key, .type = limits[number].type, .value = to};
    double amount = value->type == CORDON_INTEGER  ? (double)value->as.integer
                    : value->type == CORDON_NUMBER ? value->as.number
                                                   : 0;
    const char *text;
    cordon_status status;

    if (value->type == CORDON_STRING) {
        status = cdn_spec_copy_text(table, &text, value);
        if (status)
            return status;
        if (!cdn_option_value(&option, text, NULL) && *to <= UINT64_C(1) << 53)
            return CORDON_OK;
    } else if (amount >= 1 && amount <= 0x1p53 &&
               limits[number].type != CDN_OPTION_DURATION) {
        *to = (uint64_t)amount;
        return CORDON_OK;
    }
    return cdn_spec_fail(table, "%s is wanted here", limits[number].right);
}

static cordon_status take_profile(struct cdn_spec *table, struct cdn_profile *out,
                                  const cordon_value *key, const cordon_value *map)
{
    const char *known[CDN_COUNT(limits)];
    cordon_value value;
    cordon_status status;

    for (size_t i = 0; i < CDN_COUNT(limits); i++)
        known[i] = limits[i].key;
    status = cdn_spec_copy_text(table, &out->name, key);
    if (status)
        return status;
    if (!is_name(out->name))
        return cdn_spec_fail(table, "a profile's name has 1 to 64 letters, digits, _ "
                                    "and -");
    out->limits = (cordon_limits)CORDON_LIMITS_INIT;
    status = cdn_spec_check_keys(table, map, known, CDN_COUNT(known));
    for (size_t i = 0; i < CDN_COUNT(limits) && !status; i++) {
        if (!cordon_value_get(&value, map, limits[i].key))
            continue;
        cdn_spec_enter(table, limits[i].key);
        status = take_limit(table, &out->limits, i, &value);
        if (!status)
            cdn_spec_leave(table);
    }
    return status;
}

static cordon_status take_profiles(struct cdn_manifest *out, struct cdn_spec *table,
                                   const cordon_value *root)
{
    cordon_value map, key, value;
    cordon_value_iter iter;
    cordon_status status;

    if (!cordon_value_get(&map, root, "limits"))
        return CORDON_OK;
    cdn_spec_enter(table, "limits");
    status = cdn_spec_check_map(table, &map);
    if (status)
        return status;
    cordon_value_iter_init(&iter, &map);
    while (cordon_value_next(&iter, &key, &value)) {
        if (out->profile_count == CDN_MANIFEST_MAX_PROFILES)
            return cdn_spec_fail(table, "at most %d profiles",
                                 CDN_MANIFEST_MAX_PROFILES);
        cdn_spec_enter_value(table, &key);
        if (key.type != CORDON_STRING)
            return cdn_spec_fail(table, "a profile has a name");
        status =
            take_profile(table, &out->profiles[out->profile_count++], &key, &value);
        if (status)
            return status;
        cdn_spec_leave(table);
    }
    cdn_spec_leave(table);
    return CORDON_OK;
}

cordon_status cdn_manifest_limits(cordon_limits *to,
                                  const struct cdn_manifest *manifest,
                                  const char *profile, cordon_error *err)
{
    struct cdn_suggest suggest;
    struct cdn_buf names = {0};
    char shown[160], hint[160];

    for (uint32_t i = 0; i < manifest->profile_count; i++) {
        if (strcmp(manifest->profiles[i].name, profile) != 0)
            continue;
        for (size_t k = 0; k < CDN_COUNT(limits); k++) {
            uint64_t *here = (uint64_t *)(void *)((char *)to + limits[k].at);
            const char *from = (const char *)&manifest->profiles[i].limits;

            if (!*here)
                *here = *(const uint64_t *)(const void *)(from + limits[k].at);
        }
        return CORDON_OK;
    }
    cdn_suggest_init(&suggest, profile);
    for (uint32_t i = 0; i < manifest->profile_count; i++) {
        cdn_suggest_offer(&suggest, manifest->profiles[i].name);
        cdn_buf_printf(&names, "%s'%s'", i ? ", " : "; there is ",
                       manifest->profiles[i].name);
    }
    cdn_suggest_text(&suggest, hint, sizeof(hint));
    cdn_escape(shown, sizeof(shown), profile, strlen(profile));
    cdn_error_set(err, CORDON_E_INVALID,
                  "the manifest has no limits called '%.64s'%.300s", shown,
                  suggest.best                    ? hint
                  : names.failed || !names.length ? ""
                                                  : (const char *)names.data);
    cdn_buf_deinit(&names);
    return CORDON_E_INVALID;
}

/* ---- the whole ---- */

static cordon_status walk_table(struct cdn_manifest *out, struct cdn_spec *table,
                                const cordon_value *root)
{
    static const char *const known[] = {"name", "rules", "schema", "grants", "limits"};
    cordon_status status = cdn_spec_check_keys(table, root, known, CDN_COUNT(known));

    if (!status)
        status = cdn_spec_text(table, &out->name, root, "name", true);
    if (!status && !is_name(out->name))
        status = cdn_spec_fail_key(table, "name",
                                   "a project's name has 1 to 64 letters, digits, _ "
                                   "and -");
    if (!status)
        status = take_roots(out, table, root);
    if (!status)
        status = take_path(table, &out->schema, root, "schema");
    if (!status)
        status = take_path(table, &out->grants, root, "grants");
    if (!status)
        status = take_profiles(out, table, root);
    return status;
}

cordon_status cdn_manifest_parse(struct cdn_manifest *out, const char *text,
                                 size_t bytes, const char *file, cordon_error *err)
{
    struct cdn_spec table = {.source = text,
                             .bytes = bytes,
                             .file = file,
                             .blocks = &out->blocks,
                             .err = err};
    struct cdn_buf packed = {0};
    cordon_value root;
    cordon_status status;

    *out = (struct cdn_manifest){0};
    status = cdn_config_evaluate(&packed, text, bytes, file, err);
    if (!status)
        status = cordon_value_parse(&root, packed.data, packed.length, err);
    if (!status)
        status = walk_table(out, &table, &root);
    cdn_buf_deinit(&packed);
    return status;
}

cordon_status cdn_manifest_read(struct cdn_manifest *out, const char *path,
                                cordon_error *err)
{
    struct cdn_buf text = {0};
    cordon_status status;

    *out = (struct cdn_manifest){0};
    status = cdn_file_read(&text, path, CDN_MANIFEST_MAX_BYTES, err);
    if (!status)
        status = cdn_manifest_parse(out, text.data ? (const char *)text.data : "",
                                    text.length, path, err);
    cdn_buf_deinit(&text);
    return status;
}

void cdn_manifest_deinit(struct cdn_manifest *manifest)
{
    cdn_spec_release(&manifest->blocks);
    *manifest = (struct cdn_manifest){0};
}

/* ---- its rules ---- */

struct finding_rules {
    struct cdn_buf *paths; /* each ended by a NUL */
    size_t count;
};

static bool ends_with(const char *name, const char *end)
{
    size_t bytes = strlen(name), tail = strlen(end);

    return bytes > tail && !strcmp(name + bytes - tail, end);
}

static cordon_status add(struct finding_rules *out, const char *path, cordon_error *err)
{
    if (out->count == MAX_FILES)
        return cdn_error_set(err, CORDON_E_DATA, "more than %d rules", MAX_FILES);
    cdn_buf_append(out->paths, path, strlen(path) + 1);
    out->count++;
    return out->paths->failed ? cdn_error_nomem(err) : CORDON_OK;
}

static cordon_status walk_folder(struct finding_rules *out, const char *folder,
                                 int depth, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    struct dirent *entry;
    DIR *open = opendir(folder);

    if (!open)
        return cdn_error_errno(err, errno, "cannot open the folder %s", folder);
    while (!status && (entry = readdir(open))) {
        const char *name = entry->d_name;
        char path[PATH_MAX];
        struct stat info;

        if (name[0] == '.')
            continue;
        status = cdn_path_join(path, sizeof(path), folder, name, err);
        if (status || lstat(path, &info))
            continue;
        if (S_ISDIR(info.st_mode) && depth < MAX_DEPTH && strcmp(name, "spec") != 0)
            status = walk_folder(out, path, depth + 1, err);
        else if (S_ISREG(info.st_mode) && ends_with(name, ".lua") &&
                 !ends_with(name, "_test.lua"))
            status = add(out, path, err);
    }
    closedir(open);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In order of their names, each once. */
static cordon_status order(struct cdn_buf *storage, size_t *count,
                           const struct finding_rules *found, cordon_error *err)
{
    const char **names = cdn_realloc_array(NULL, found->count, sizeof(*names));
    const char *at = (const char *)found->paths->data;

    if (!names)
        return cdn_error_nomem(err);
    for (size_t i = 0; i < found->count; i++, at += strlen(at) + 1)
        names[i] = at;
    if (found->count)
        qsort(names, found->count, sizeof(*names), by_name);
    for (size_t i = 0; i < found->count; i++) {
        if (i && !strcmp(names[i], names[i - 1]))
            continue;
        cdn_buf_append(storage, names[i], strlen(names[i]) + 1);
        ++*count;
    }
    cdn_free(names);
    return storage->failed ? cdn_error_nomem(err) : CORDON_OK;
}

/* A path is relative and has no "..": only a link can lead it out of the folder. */
static cordon_status check_inside(const char *root, cordon_error *err)
{
    char here[PATH_MAX], there[PATH_MAX];
    size_t bytes;

    if (!realpath(".", here) || !realpath(root, there))
        return cdn_error_errno(err, errno, "%s, which " CDN_MANIFEST_FILE " names",
                               root);
    bytes = strlen(here);
    if (bytes > 1 &&
        (strncmp(there, here, bytes) != 0 || (there[bytes] && there[bytes] != '/')))
        return cdn_error_set(err, CORDON_E_DATA,
                             "%s, which " CDN_MANIFEST_FILE
                             " names, is a link out of the project's folder",
                             root);
    return CORDON_OK;
}

cordon_status cdn_manifest_check_roots(const struct cdn_manifest *manifest,
                                       cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; i < manifest->root_count && !status; i++)
        status = check_inside(manifest->roots[i], err);
    return status;
}

cordon_status cdn_manifest_rules(struct cdn_buf *storage, size_t *count,
                                 const struct cdn_manifest *manifest, cordon_error *err)
{
    struct cdn_buf paths = {0};
    struct finding_rules found = {.paths = &paths};
    cordon_status status = cdn_manifest_check_roots(manifest, err);
    struct stat info;

    *count = 0;
    for (uint32_t i = 0; i < manifest->root_count && !status; i++) {
        const char *root = manifest->roots[i];

        if (stat(root, &info))
            status = cdn_error_errno(err, errno, "%s", root);
        else if (S_ISDIR(info.st_mode))
            status = walk_folder(&found, root, 0, err);
        else
            status = add(&found, root, err);
    }
    if (!status)
        status = order(storage, count, &found, err);
    cdn_buf_deinit(&paths);
    return status;
}
