/* Mending: see check_fix.h.
 *
 * A finding that can be mended says where a `_` has to be put in (lint/findings.h).  Offsets are
 * those of the text that was checked, so all are put in at once, in their order.  Nothing else
 * is mended: to take out what is declared and not used, or to take the nearest name for a
 * misspelt one, may be what was meant, and may not. */
#include "cli/check_fix.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "codec/text_diff.h"

static int ascending(const void *a, const void *b)
{
    const uint32_t *one = a, *two = b;

    return (*one > *two) - (*one < *two);
}

cordon_status cdn_check_mend(struct cdn_buf *out, uint32_t *count,
                             const struct cdn_lint_findings *findings,
                             const struct cdn_buf *source, cordon_error *err)
{
    uint32_t *places =
        cdn_calloc(findings->count ? findings->count : 1, sizeof *places);
    size_t at = 0;

    *count = 0;
    if (!places)
        return cdn_error_nomem(err);
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct cdn_lint_finding *finding = &findings->items[i];

        if (finding->mends && !finding->suppressed &&
            finding->mend_at <= source->length)
            places[(*count)++] = finding->mend_at;
    }
    if (*count)
        qsort(places, *count, sizeof *places, ascending);
    for (uint32_t i = 0; i < *count; i++) {
        cdn_buf_append(out, source->data + at, places[i] - at);
        cdn_buf_text(out, "_");
        at = places[i];
    }
    cdn_buf_append(out, source->data + at, source->length - at);
    cdn_free(places);
    return out->failed ? cdn_error_nomem(err) : CORDON_OK;
}

static cordon_status show_diff(struct cdn_cli *cli, const char *file,
                               const struct cdn_buf *source,
                               const struct cdn_buf *mended, cordon_error *err)
{
    const struct cdn_text from = {file, (const char *)source->data, source->length};
    const struct cdn_text to = {file, (const char *)mended->data, mended->length};
    struct cdn_buf diff = {0};
    cordon_status status = cdn_text_diff(&diff, &from, &to, err);

    if (!status)
        cdn_show_text(cli->out, diff.data, diff.length);
    cdn_buf_deinit(&diff);
    return status;
}

cordon_status cdn_check_write(struct cdn_cli *cli, const char *file,
                              const struct cdn_buf *source,
                              const struct cdn_buf *mended, bool dry, cordon_error *err)
{
    char path[PATH_MAX];
    struct stat before;
    cordon_status status;

    if (dry)
        return show_diff(cli, file, source, mended, err);
    if (!realpath(file, path) || stat(path, &before))
        return cdn_error_errno(err, errno, "cannot find %s", file);
    status = cdn_file_replace(path, mended->data, mended->length, err);
    if (!status && chmod(path, before.st_mode & 07777))
        status = cdn_error_errno(err, errno, "cannot give %s its rights back", file);
    return status;
}
