/* A registry in a folder of the test's own, and rules to put into it. */
#ifndef CORDON_TESTS_REGISTERED_H
#define CORDON_TESTS_REGISTERED_H

#include "support/told.h"

#include <dirent.h>
#include <fcntl.h>

#include <cordon/registry.h>

#include "engine/registry.h"

static char registered_folder[128];
static char registered_path[160];
static cordon_registry *registry;
static cordon_error err;

static inline void registered_open(unsigned flags)
{
    OK(cordon_registry_open(&registry, registered_path, flags, &err));
}

static inline void registered_setup(void)
{
    cdn_unit_folder(registered_folder, sizeof(registered_folder));
    snprintf(registered_path, sizeof(registered_path), "%s/rules.mdb",
             registered_folder);
    registered_open(CORDON_REGISTRY_CREATE);
}

/* Remove the files of the folder; returns how many there were. */
static inline int registered_sweep(void)
{
    DIR *dir = opendir(registered_folder);
    struct dirent *entry;
    int count = 0;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.') {
            count++;
            ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
        }
    closedir(dir);
    return count;
}

static inline void registered_teardown(void)
{
    cordon_registry_close(registry);
    registry = NULL;
    registered_sweep();
    ck_assert_int_eq(rmdir(registered_folder), 0);
}

static const cordon_change by_ann = {
    .struct_size = sizeof(by_ann), .author = "ann", .reason = "because"};
static const cordon_change rehearsal = {
    .struct_size = sizeof(rehearsal), .author = "ann", .dry_run = true};

/* The text of a rule; `what` makes it differ from others. */
static inline const char *rule_text(char out[256], const char *name, int what)
{
    snprintf(out, 256,
             "return { name = '%s', decisions = { 'allow', 'deny' }, fallback = "
             "'deny',\n  evaluate = function(graph, request) return { decision = "
             "'allow', score = %d } end }\n",
             name, what);
    return out;
}

static inline uint32_t push_rule(const char *name, int what)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    char text[256];

    rule_text(text, name, what);
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, strlen(text),
                            "rule.lua", NULL, 0, &by_ann, &err));
    ck_assert_str_eq(info.name, name);
    return info.version;
}

static inline cordon_standing standing_of(const char *name)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};

    OK(cordon_registry_standing(&standing, registry, name, &err));
    return standing;
}

static inline void activate(const char *name, uint32_t version)
{
    OK(cordon_registry_activate(registry, name, version, NULL, NULL, &by_ann, &err));
}

/* The newest change of the object. */
static inline cordon_change_record last_change(const char *name)
{
    cordon_change_record change = {.struct_size = sizeof(change)};

    OK(cordon_registry_history(&change, registry, name, 0, &err));
    return change;
}

#define REGISTERED_CASE(suite, test)                                                   \
    do {                                                                               \
        TCase *registered_case = tcase_create(#test);                                  \
        tcase_add_checked_fixture(registered_case, registered_setup,                   \
                                  registered_teardown);                                \
        tcase_add_test(registered_case, test);                                         \
        suite_add_tcase(suite, registered_case);                                       \
    } while (0)

#endif
