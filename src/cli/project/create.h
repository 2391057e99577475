/* A project made from nothing: a manifest, a rule, its test, a fixture, a schema, and what an
 * editor needs to complete names.
 *
 * The files lie in src/cli/project/new/, where @NAME@ stands for the project's name and @RULE@
 * for the rule's; types/cordon.lua is made as `cordon check --types` makes it.
 *
 * Nothing that is there is touched.  Each file appears whole or not at all, and the manifest
 * last: a folder that has one has all the rest, and whoever is killed before can begin again. */
#ifndef CDN_CLI_PROJECT_CREATE_H
#define CDN_CLI_PROJECT_CREATE_H

#include <stdbool.h>

#include "base/error.h"

struct cdn_project {
    const char *folder; /* made if need be, its parents are not */
    const char *name;   /* letters, digits, _ and -, at most 64 */
    const char *rule;   /* an identifier of at most 59 bytes: it names files too */
    bool dry;           /* only tell */
    /* Called for each file, in order; `kept`: it was there, and stays. */
    void (*told)(void *ud, const char *path, bool kept);
    void *ud;
};

/* Is it a name for a rule and its files? */
bool cdn_project_is_rule_name(const char *name);

/* A project's name from its folder's, what may not stand in one left out; "project" if nothing
 * is left.  Returns out; size >= 65. */
char *cdn_project_name(char *out, size_t size, const char *folder);

/* Errors: CORDON_E_INVALID the folder is a project already, or no folder
 *         CORDON_E_IO, CORDON_E_NOMEM */
cordon_status cdn_project_create(const struct cdn_project *project, cordon_error *err);

#endif
