/* What a machine is made of, and what its monitor answers: the first byte says which reader gets
 * the rest.
 *
 * Nothing is read or written outside; what is refused is refused with a message; what is
 * accepted keeps its bounds. */
#include <stdlib.h>
#include <string.h>

#include "isolation/firecracker.h"
#include "isolation/kernel.h"
#include "isolation/lz4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void unpack(const uint8_t *data, size_t size)
{
    enum { ROOM = 1 << 16 };
    unsigned char *out = malloc(ROOM);
    size_t got;

    require(out != NULL);
    got = cdn_lz4_unpack(out, ROOM, data, size);
    require(got <= ROOM || got == SIZE_MAX);
    require(got == SIZE_MAX || cdn_lz4_is(data, size));
    free(out);
}

static void image(const uint8_t *data, size_t size)
{
    size_t at, count;

    if (cdn_kernel_payload(&at, &count, data, size))
        require(at <= size && count <= size - at);
}

static void modules(const uint8_t *data, size_t size)
{
    static const char *const wanted[] = {"virtio_mmio", "virtio_blk", NULL};
    struct cdn_kernel kernel = {.version = "6"};
    cordon_error err = {0};
    cordon_status status =
        cdn_kernel_order(&kernel, (const char *)data, size, wanted, &err);

    require(status == CORDON_OK || (status == CORDON_E_DATA && err.message[0]));
    require(kernel.module_count <= CDN_KERNEL_MAX_MODULES);
    for (uint32_t i = 0; i < kernel.module_count; i++) {
        require(strspn(kernel.modules[i], "/.") == 0 && kernel.modules[i][0] != '\0');
        require(!strstr(kernel.modules[i], "/.") && !strstr(kernel.modules[i], "//"));
    }
}

static void answer(const uint8_t *data, size_t size)
{
    struct cdn_firecracker_answer out;
    const char *text = (const char *)data;

    if (cdn_firecracker_read(&out, text, size) != CDN_ANSWER_WHOLE)
        return;
    require(out.code >= 100 && out.code <= 999);
    require(out.body >= text && out.body_bytes <= size - (size_t)(out.body - text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact;

    if (size == 0)
        return 0;
    exact = malloc(size - 1 ? size - 1 : 1); /* so that a read past its end is seen */
    require(exact != NULL);
    memcpy(exact, data + 1, size - 1);
    switch (data[0] % 5) {
    case 0:
        unpack(exact, size - 1);
        break;
    case 1:
        image(exact, size - 1);
        break;
    case 2:
        (void)cdn_kernel_is_direct(exact, size - 1);
        break;
    case 3:
        modules(exact, size - 1);
        break;
    default:
        answer(exact, size - 1);
        break;
    }
    free(exact);
    return 0;
}
