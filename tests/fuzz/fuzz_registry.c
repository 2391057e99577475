/* A registry from outside.  The first byte of the input says what the rest is:
 *
 *   0 to 3  the payload of a record: it is refused with a reason, or what it was read as is
 *           written and read again the same (0: the registry's own, or a count of runs)
 *   4       a whole file, whose pages are checked
 *   else    changes to the bytes of a sound registry (changed.h), which is then opened, read
 *           and changed */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changed.h"
#include "engine/registry.h"
#include "engine/registry_record.h"
#include "snapshot/pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* ---- records ---- */

static void standing(const uint8_t *data, size_t size)
{
    cordon_standing first = {0}, second = {0};
    struct cdn_buf buf = {0}, again = {0};

    if (cdn_record_get_standing(&first, data, size))
        return;
    cdn_record_put_standing(&buf, &first);
    require(!cdn_record_get_standing(&second, buf.data, buf.length));
    cdn_record_put_standing(&again, &second);
    require(buf.length == again.length && !memcmp(buf.data, again.data, buf.length));
    cdn_buf_deinit(&again);
    cdn_buf_deinit(&buf);
}

static void version(const uint8_t *data, size_t size)
{
    struct cdn_version_record first = {0}, second = {0};
    struct cdn_buf buf = {0};

    if (cdn_record_get_version(&first, data, size))
        return;
    cdn_record_put_version(&buf, &first);
    require(!cdn_record_get_version(&second, buf.data, buf.length));
    require(first.sequence == second.sequence && first.time_ms == second.time_ms &&
            !strcmp(first.reason, second.reason) && !strcmp(first.file, second.file));
    cdn_buf_deinit(&buf);
}

static void change(const uint8_t *data, size_t size)
{
    cordon_change_record first = {0}, second = {0};
    struct cdn_buf buf = {0};

    if (cdn_record_get_change(&first, data, size))
        return;
    cdn_record_put_change(&buf, &first);
    require(!cdn_record_get_change(&second, buf.data, buf.length));
    require(first.action == second.action && !strcmp(first.details, second.details));
    cdn_buf_deinit(&buf);
}

static void runs(const uint8_t *data, size_t size)
{
    struct cdn_buf buf = {0};
    uint64_t first, again;

    if (cdn_record_get_runs(&first, data, size))
        return;
    cdn_record_put_runs(&buf, first);
    require(!cdn_record_get_runs(&again, buf.data, buf.length) && again == first);
    cdn_buf_deinit(&buf);
}

static void meta(const uint8_t *data, size_t size)
{
    uint64_t format, sequence;
    struct cdn_buf buf = {0};
    uint64_t again;

    if (cdn_record_get_meta(&format, &sequence, data, size) ||
        format != CDN_REGISTRY_FORMAT)
        return;
    cdn_record_put_meta(&buf, sequence);
    require(!cdn_record_get_meta(&format, &again, buf.data, buf.length));
    require(again == sequence);
    cdn_buf_deinit(&buf);
}

/* ---- a file ---- */

static const cordon_change by_fuzz = {.struct_size = sizeof(by_fuzz), .author = "fuzz"};

static void push(cordon_registry *registry, int number)
{
    static char text[6000];
    cordon_version_info info = {.struct_size = sizeof(info)};
    size_t length = (size_t)snprintf(
        text, sizeof(text),
        "return { name = 'set_%d', decisions = { 'a' }, rules = { 'x' }, "
        "description = '%d' }\n",
        number % 12, number);

    if (number % 3 == 0) {
        memset(text + length, ' ', sizeof(text) - length);
        length = sizeof(text);
    }
    require(!cordon_registry_push(&info, registry, CORDON_OBJECT_SET, text, length, "a",
                                  NULL, 0, &by_fuzz, NULL));
}

static void make(const char *path)
{
    cordon_registry *registry;

    require(!cordon_registry_open(&registry, path, CORDON_REGISTRY_CREATE, NULL));
    for (int i = 0; i < 36; i++)
        push(registry, i);
    require(
        !cordon_registry_activate(registry, "set_3", 1, NULL, NULL, &by_fuzz, NULL));
    cordon_registry_close(registry);
}

static void use(const char *path)
{
    struct cdn_standings standings;
    cordon_registry *registry;
    cordon_error err = {0};

    if (cordon_registry_open(&registry, path, 0, &err)) {
        require(err.message[0] != '\0');
        return;
    }
    (void)cdn_registry_standings(&standings, registry, NULL);
    for (size_t i = 0; i < standings.count; i++) {
        cordon_change_record record = {.struct_size = sizeof(record)};
        struct cdn_buf text = {0};

        (void)cdn_registry_text(&text, registry, standings.items[i].name, 0, NULL);
        (void)cordon_registry_history(&record, registry, standings.items[i].name, 0,
                                      NULL);
        cdn_buf_deinit(&text);
    }
    cdn_standings_deinit(&standings);
    (void)cordon_registry_pause(registry, "set_3", &by_fuzz, NULL);
    (void)cordon_registry_activate(registry, "set_5", 1, NULL, NULL, &by_fuzz, NULL);
    cordon_registry_close(registry);
}

static const struct changed_file changed = {make, use};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    switch (data[0]) {
    case 0:
        meta(data + 1, size - 1);
        runs(data + 1, size - 1);
        break;
    case 1:
        standing(data + 1, size - 1);
        break;
    case 2:
        version(data + 1, size - 1);
        break;
    case 3:
        change(data + 1, size - 1);
        break;
    case 4: {
        void *exact = malloc(size); /* aligned, as a map is */

        require(exact != NULL);
        memcpy(exact, data + 1, size - 1);
        (void)cdn_pages_check(exact, size - 1, "a registry", NULL);
        free(exact);
        break;
    }
    default:
        changed_file_run(&changed, data + 1, size - 1);
        break;
    }
    return 0;
}
