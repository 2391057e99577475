/* A fixture as a draft: where its faults stand in the texts, and what its values mean; for
 * fixture*.c alone. */
#ifndef CDN_IMPORT_FIXTURE_VALUES_H
#define CDN_IMPORT_FIXTURE_VALUES_H

#include "import/fixture.h"
#include "snapshot/draft.h"

struct cdn_fixture_draft {
    struct cdn_draft draft;                  /* first */
    const struct cdn_fixture_text *texts[2]; /* of nodes, of edges */
};

extern const struct cdn_draft_reader cdn_fixture_reader;

/* CORDON_E_DATA at a byte of one of the texts. */
cordon_status cdn_fixture_fault(const struct cdn_fixture_text *text, const char *at,
                                cordon_error *err, const char *format, ...)
    CDN_PRINTF(4, 5);

#endif
