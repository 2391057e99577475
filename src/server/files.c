/* Rules and sets from files. */
#include "server/files.h"

#include <string.h>
#include <sys/stat.h>

#include <cordon/rule.h>
#include <cordon/set.h>
#include <cordon/snapshot.h>
#include <cordon/upkeep.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "server/follow.h"
#include "server/server.h"

struct file {
    const char *path;
    bool is_set;
    bool waits; /* to be loaded */
    struct cdn_buf text;
    char
        name[CORDON_RULE_MAX_NAME_BYTES + 1]; /* of what was loaded last; "": nothing */
};

struct cdn_files {
    cordon_engine *engine;
    const struct cdn_server_options *options;
    struct cdn_follow *follow; /* the same files, in the same order */
    size_t count;
    struct file files[];
};

/* ---- loading ---- */

static cordon_status load_text(char *name, cordon_engine *engine,
                               const struct file *file, cordon_error *err)
{
    const char *text = file->text.data ? (const char *)file->text.data : "";

    return file->is_set ? cordon_engine_load_set(engine, text, file->text.length,
                                                 file->path, name, err)
                        : cordon_engine_load_rule(engine, text, file->text.length,
                                                  file->path, name, err);
}

static cordon_status read_texts(struct cdn_files *files, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < files->count && !status; i++) {
        struct file *file = &files->files[i];

        if (!file->waits)
            continue;
        cdn_buf_clear(&file->text);
        status =
            cdn_file_read(&file->text, file->path, CORDON_RULE_MAX_SOURCE_BYTES, err);
    }
    return status;
}

static cordon_status use_graph(cordon_engine *engine, const char *data,
                               cordon_error *err)
{
    cordon_snapshot *snapshot;
    cordon_status status;
    struct stat info;

    if (!data)
        return CORDON_OK;
    if (!stat(data, &info) && S_ISDIR(info.st_mode))
        return cordon_engine_use_store(engine, data, NULL, err);
    status = cordon_snapshot_open(&snapshot, data, NULL, err);
    if (status)
        return status;
    status = cordon_engine_set_snapshot(engine, snapshot, err);
    cordon_snapshot_release(snapshot);
    return status;
}

/* Would they load?  Found out where nobody is served. */
static cordon_status try_texts(const struct cdn_files *files, cordon_error *err)
{
    cordon_engine_options options = files->options->engine;
    cordon_engine *engine;
    cordon_status status;

    options.slots = 1;
    status = cordon_engine_new(&engine, &options, err);
    if (!status)
        status = use_graph(engine, files->options->data, err);
    for (size_t i = 0; i < files->count && !status; i++)
        if (files->files[i].waits)
            status = load_text(NULL, engine, &files->files[i], err);
    cordon_engine_free(engine);
    return status;
}

/* A file whose rule has another name now: the old one goes, unless another file has it. */
static void forget_name(struct cdn_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++)
        if (!strcmp(files->files[i].name, name))
            return;
    (void)cordon_engine_unload_rule(files->engine, name, NULL);
}

static cordon_status take_over(struct cdn_files *files, struct file *file,
                               cordon_error *err)
{
    char before[sizeof file->name];
    cordon_status status;

    memcpy(before, file->name, sizeof before);
    status = load_text(file->name, files->engine, file, err);
    if (status) {
        memcpy(file->name, before, sizeof before);
        return status;
    }
    file->waits = false;
    cdn_buf_deinit(&file->text);
    if (before[0] && strcmp(before, file->name) != 0)
        forget_name(files, before);
    /* an image that is not made now is made by the first request */
    if (!file->is_set)
        (void)cordon_engine_warm(files->engine, file->name, NULL);
    return CORDON_OK;
}

static cordon_status take_over_all(size_t *loaded, struct cdn_files *files,
                                   cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < files->count && !status; i++)
        if (files->files[i].waits) {
            status = take_over(files, &files->files[i], err);
            *loaded += !status;
        }
    return status;
}

cordon_status cdn_files_load(size_t *loaded, struct cdn_files *files, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    bool any = false;

    *loaded = 0;
    for (size_t i = 0; i < files->count; i++)
        any |= files->files[i].waits;
    if (!any)
        return CORDON_OK;
    status = read_texts(files, err);
    if (!status)
        status = try_texts(files, err);
    return status ? status : take_over_all(loaded, files, err);
}

/* ---- following ---- */

int cdn_files_fd(const struct cdn_files *files)
{
    return cdn_follow_fd(files->follow);
}

bool cdn_files_look(struct cdn_files *files)
{
    if (!files->count || !cdn_follow_look(files->follow))
        return false;
    for (size_t i = 0; i < files->count; i++)
        files->files[i].waits |= cdn_follow_changed(files->follow, i);
    return true;
}

/* ---- opening ---- */

static cordon_status follow_all(struct cdn_files *files, cordon_error *err)
{
    const char **paths = cdn_calloc(files->count + 1, sizeof *paths);
    cordon_status status;

    if (!paths)
        return cdn_error_nomem(err);
    for (size_t i = 0; i < files->count; i++)
        paths[i] = files->files[i].path;
    status = cdn_follow_open(&files->follow, paths, files->count, err);
    cdn_free(paths);
    return status;
}

cordon_status cdn_files_open(struct cdn_files **out, cordon_engine *engine,
                             const struct cdn_server_options *options,
                             cordon_error *err)
{
    size_t count = options->rule_count + options->set_count, loaded = 0;
    struct cdn_files *files =
        cdn_calloc(1, sizeof *files + count * sizeof files->files[0]);
    cordon_status status;

    *out = NULL;
    if (!files)
        return cdn_error_nomem(err);
    files->engine = engine;
    files->options = options;
    files->count = count;
    for (size_t i = 0; i < count; i++) {
        files->files[i].is_set = i >= options->rule_count;
        files->files[i].path = files->files[i].is_set
                                   ? options->sets[i - options->rule_count]
                                   : options->rules[i];
        files->files[i].waits = true;
    }
    /* first followed, then read: no change falls between them */
    status = follow_all(files, err);
    if (!status)
        status = read_texts(files, err);
    if (!status)
        status = take_over_all(&loaded, files, err);
    if (status) {
        cdn_files_close(files);
        return status;
    }
    *out = files;
    return CORDON_OK;
}

void cdn_files_close(struct cdn_files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < files->count; i++)
        cdn_buf_deinit(&files->files[i].text);
    cdn_follow_close(files->follow);
    cdn_free(files);
}
