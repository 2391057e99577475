/* A stranger's cordon.lua: it is refused with a reason, or it names only paths below its own
 * folder and limits that an engine can have. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/project/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const char *path)
{
    if (!path)
        return;
    if (!path[0] || path[0] == '/' || !strcmp(path, "..") || !strncmp(path, "../", 3) ||
        strstr(path, "/../") || strlen(path) > 255)
        abort();
}

static void check_limits(const cordon_limits *limits)
{
    const uint64_t most = UINT64_C(1) << 53;

    if (limits->instructions > most || limits->edges > most || limits->nodes > most ||
        limits->hops > most || limits->memory_bytes > most ||
        limits->output_bytes > most || limits->wall_ns > most)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cdn_manifest manifest;
    cordon_error err;

    err.message[0] = '\0';
    if (cdn_manifest_parse(&manifest, (const char *)data, size, "cordon.lua", &err)) {
        if (!err.message[0])
            abort();
    } else {
        if (!manifest.name || !manifest.name[0] || !manifest.root_count)
            abort();
        for (uint32_t i = 0; i < manifest.root_count; i++)
            check_path(manifest.roots[i]);
        check_path(manifest.schema);
        check_path(manifest.grants);
        for (uint32_t i = 0; i < manifest.profile_count; i++)
            check_limits(&manifest.profiles[i].limits);
    }
    cdn_manifest_deinit(&manifest);
    return 0;
}
