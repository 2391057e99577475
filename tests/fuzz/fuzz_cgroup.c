/* What /proc tells of control groups: the first byte says which reader gets the rest; for places
 * a zero byte parts the text of mountinfo from that of cgroup. */
#include <stdlib.h>
#include <string.h>

#include "isolation/worker/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void try_places(const char *text, size_t size)
{
    const char *zero = memchr(text, '\0', size);
    size_t mounts = zero ? (size_t)(zero - text) : size;
    size_t own = zero ? size - mounts - 1 : 0;
    struct cdn_cgroup_places places;
    uint32_t known = 0;

    cdn_cgroup_find(&places, text, mounts, zero ? zero + 1 : text, own);
    require(places.count <= CDN_CGROUP_PLACES);
    for (uint32_t i = 0; i < places.count; i++) {
        const struct cdn_cgroup_place *place = &places.places[i];

        require(place->folder[0] == '/' && strlen(place->folder) < PATH_MAX);
        require(!strstr(place->folder, "/../"));
        require(place->controllers && place->controllers <= CDN_CGROUP_ALL);
        require(place->v2 || !(place->controllers & known));
        known |= place->v2 ? 0 : place->controllers;
    }
}

static void try_owner(const char *text, size_t size)
{
    char *name = malloc(size + 1);
    uint64_t began;
    pid_t keeper;

    if (!name)
        return;
    memcpy(name, text, size);
    name[size] = '\0';
    if (cdn_cgroup_owner(&keeper, &began, name))
        require(keeper > 0 && !strncmp(name, "cordon-", 7));
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;

    if (!size)
        return 0;
    switch (data[0] % 4) {
    case 0:
        try_places(text, size - 1);
        break;
    case 1:
        (void)cdn_cgroup_began(text, size - 1);
        (void)cdn_cgroup_ended(text, size - 1);
        break;
    case 2:
        try_owner(text, size - 1);
        break;
    default:
        require(cdn_cgroup_listed(text, size - 1) <= CDN_CGROUP_ALL);
        break;
    }
    return 0;
}
