/* From CSV files to a new generation of a store.
 *
 * The schema says what is where (mapping.h); this reads the files, hands their rows to the
 * snapshot writer and publishes what comes out.  A store is never seen half written: it
 * keeps its old generation until the new one is whole and synced.
 *
 * With `on_base` the files are changes: rows added to a generation, updated in it and deleted
 * from it.  The new generation is what a full import of the result would make.
 *
 * A row that cannot be taken is *rejected*: told to `reject` with file, line and
 * reason, and counted.  More rejected rows than `max_errors` fail the import. */
#ifndef CDN_IMPORT_IMPORT_H
#define CDN_IMPORT_IMPORT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "snapshot/schema.h"

#define CDN_IMPORT_ALL_ERRORS UINT64_MAX

/* How far an import is; told at each border and now and then between. */
enum cdn_import_stage {
    CDN_IMPORT_BEGUN,    /* the store is locked, the temporary file made */
    CDN_IMPORT_READING,  /* rows are being read */
    CDN_IMPORT_SEALED,   /* all nodes are in */
    CDN_IMPORT_WRITING,  /* all rows are in, the file is being written */
    CDN_IMPORT_WRITTEN,  /* the generation is in place, CURRENT not yet changed */
    CDN_IMPORT_PUBLISHED /* CURRENT names it */
};

struct cdn_import_options {
    const char *schema;      /* the path of schema.lua */
    const char *const *data; /* folders, or files by their names in the schema */
    size_t data_count;
    const char *store;
    const char *temp;      /* the folder of temporary files; NULL: the store */
    uint64_t memory_bytes; /* 0: the writer's default */
    bool on_base;  /* the data are changes to a generation of the store (base.h) */
    uint64_t base; /* which; 0: the current one */
    uint64_t max_errors;  /* CDN_IMPORT_ALL_ERRORS: any number */
    bool report_all;      /* read to the end even when the import has failed already */
    bool dry_run;         /* read and check everything, publish nothing */
    uint32_t block_shift; /* 0: the writer's default; smaller in tests */
    uint32_t threads;     /* that parse files; 0: as there are processors */

    /* All may be NULL. */
    void (*reject)(void *ud, const char *file, uint64_t line, const char *reason);
    void (*progress)(void *ud, enum cdn_import_stage stage, double done, uint64_t rows);
    bool (*stopped)(void *ud); /* true: give up with CORDON_E_INTERRUPTED */
    void *ud;
};

struct cdn_import_result {
    struct cdn_schema schema; /* what the numbers below are by */
    uint64_t *nodes;          /* a label */
    uint64_t *edges;          /* a relation */
    uint64_t rows;            /* read, header lines aside */
    uint64_t rejected;
    uint64_t filtered; /* left out by `where` */
    uint64_t repeated; /* of distinct sources, with a key seen before */
    uint64_t base;     /* the generation that was changed; 0: none */
    uint64_t updated;  /* rows that updated a node */
    uint64_t deleted_nodes;
    uint64_t deleted_edges; /* by rows of their own */
    uint64_t dropped_edges; /* with their nodes */
    uint64_t bytes;         /* read, as the files lie on disk */
    uint64_t wall_ns;
    uint64_t generation; /* 0: none was published */
    uint64_t file_bytes;
    char path[PATH_MAX];
};

/* Fills *out also on failure, as far as it came; release it in any case.
 * Errors: CORDON_E_DATA  the schema or the files are wrong, or too many rows are; file
 * and line if it is about one place CORDON_E_RULE  the schema is not Lua
 *         CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM, CORDON_E_BUSY (another import
 *         holds the store), CORDON_E_INTERRUPTED */
cordon_status cdn_import_run(struct cdn_import_result *out,
                             const struct cdn_import_options *options,
                             cordon_error *err);

void cdn_import_result_deinit(struct cdn_import_result *result);

#endif
