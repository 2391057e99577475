/* The snapshot writer: rows in, CSR out.
 *
 * Use: open; every node of every label; seal the nodes; every edge; seal the edges; finish.  Rows may
 * come in any order; the file depends only on the rows, not on their order (ties of
 * equal time and target keep input order), and not on the memory it is given: what does
 * not fit goes to temporary files (spill.h) that end with the process.
 *
 * The file appears under its final name only when whole and synced. */
#ifndef CDN_SNAPSHOT_WRITER_H
#define CDN_SNAPSHOT_WRITER_H

#include "base/buf.h"
#include "base/error.h"
#include "snapshot/schema.h"

struct cdn_writer;

/* One property's value of one row; the type is the property's. */
struct cdn_cell {
    bool null;
    union {
        bool boolean;
        int64_t integer; /* int64, timestamp */
        double number;
        struct {
            const char *text; /* string, text; msgpack bytes of a bag */
            size_t bytes;
        } string;
    } as;
};

/* An external key. */
struct cdn_key {
    int64_t integer;  /* of a label with int64 keys */
    const char *text; /* of a label with string keys */
    size_t bytes;
};

/* Why a row was not taken: row-level faults are not errors of the writer. */
enum cdn_row {
    CDN_ROW_OK,
    CDN_ROW_DUPLICATE_KEY, /* found at cdn_writer_seal_nodes; see cdn_writer_duplicates
                            */
    CDN_ROW_NO_SOURCE,     /* the edge's source node does not exist */
    CDN_ROW_NO_TARGET,
    CDN_ROW_FULL /* more than 2^32 - 2 nodes */
};

/* A row that cdn_writer_seal_nodes dropped: the `row` the caller gave with it. */
typedef void (*cdn_writer_duplicate)(void *ud, uint32_t label, uint64_t row);

/* An edge that cdn_writer_seal_edges() dropped, since an end has no node: `why` is
 * CDN_ROW_NO_SOURCE or CDN_ROW_NO_TARGET, `key` that end's key (a long one's start). */
typedef void (*cdn_writer_dangling)(void *ud, uint32_t relation, uint64_t row,
                                    enum cdn_row why, const struct cdn_key *key);

#define CDN_WRITER_MEMORY (UINT64_C(1) << 30) /* if none is given */

struct cdn_writer_options {
    const char *temp_path; /* the file while it is written; NULL: final path + ".tmp" */
    const char *temp_folder; /* of temporary files; NULL: that of temp_path */
    uint64_t memory_bytes;   /* what the process may come to take; 0: the above */
    uint32_t block_shift;    /* 0: 16; smaller in tests */
    uint64_t applied;        /* goes into the file's header (FORMAT.md) */
    /* progress of the finish, 0 to 1; may be NULL */
    void (*progress)(void *ud, double done);
    bool (*stopped)(void *ud); /* true: end the finish; may be NULL */
    void *progress_ud;         /* of both */
};

/* `schema` must be normalised; it is copied. */
cordon_status cdn_writer_open(struct cdn_writer **out, const char *path,
                              const struct cdn_schema *schema,
                              const struct cdn_writer_options *options,
                              cordon_error *err);

/* The same into memory: finishing appends a slice (slice.h) to `into`, which is borrowed
 * until then, and notes `generation` in it. */
cordon_status cdn_writer_open_memory(struct cdn_writer **out, struct cdn_buf *into,
                                     uint64_t generation,
                                     const struct cdn_schema *schema,
                                     cordon_error *err);

/* `cells` has one entry a property of the label, in schema order.  `row` identifies the
 * row to the caller (a line number and a file, say). */
cordon_status cdn_writer_node(struct cdn_writer *writer, uint32_t label,
                              const struct cdn_key *key, const struct cdn_cell *cells,
                              uint64_t row, cordon_error *err);

/* Assign dense indices in key order.  Of nodes with equal keys the first given stays;
 * every other is reported. */
cordon_status cdn_writer_seal_nodes(struct cdn_writer *writer,
                                    cdn_writer_duplicate duplicate, void *ud,
                                    cordon_error *err);

/* An edge with these ends comes soon: of no consequence but for speed. */
void cdn_writer_hint(const struct cdn_writer *writer, uint32_t relation,
                     const struct cdn_key ends[2]);

/* *row says whether the edge was taken.  It may be taken and be dropped later, when there are
 * too many keys to look them up at once; `number` identifies it to the caller then. */
cordon_status cdn_writer_edge(struct cdn_writer *writer, uint32_t relation,
                              const struct cdn_key *source,
                              const struct cdn_key *target,
                              const struct cdn_cell *cells, uint64_t number,
                              enum cdn_row *row, cordon_error *err);

/* Find the ends that were not looked up, and report those that are not there, a relation's in
 * the order they came.  May be left out: cdn_writer_finish() does it, and reports nothing. */
cordon_status cdn_writer_seal_edges(struct cdn_writer *writer,
                                    cdn_writer_dangling dangling, void *ud,
                                    cordon_error *err);

/* Sort, write, sync, publish.  After it only cdn_writer_close() may be called. */
cordon_status cdn_writer_finish(struct cdn_writer *writer, cordon_error *err);

/* Frees everything and removes the temporary file if there is one.  Accepts NULL. */
void cdn_writer_close(struct cdn_writer *writer);

#endif
