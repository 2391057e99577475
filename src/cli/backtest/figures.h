/* Every figure of a backtest by its name, as expectations and the JSON of a report call it. */
#ifndef CDN_CLI_BACKTEST_FIGURES_H
#define CDN_CLI_BACKTEST_FIGURES_H

#include "cli/backtest/report.h"

enum cdn_figure_kind {
    CDN_FIGURE_COUNT,
    CDN_FIGURE_SHARE, /* of 1: shown as per cent */
    CDN_FIGURE_RATIO, /* of 1: shown as it is */
    CDN_FIGURE_MONEY,
    CDN_FIGURE_BYTES,
    CDN_FIGURE_NS
};

struct cdn_figure {
    char name
        [96]; /* "precision", "decisions.deny", "cost.edges.p99", "changes.better" */
    double value; /* NAN: of nothing */
    enum cdn_figure_kind kind;
};

struct cdn_figures {
    struct cdn_figure *items;
    size_t count;
    size_t capacity;
};

/* Those of the first side, and of the changes if there are two.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_figures_fill(struct cdn_figures *out, const struct cdn_backtest *test,
                               cordon_error *err);
/* NULL: there is none of that name. */
const struct cdn_figure *cdn_figures_find(const struct cdn_figures *figures,
                                          const char *name);
void cdn_figures_deinit(struct cdn_figures *figures);

/* Return out; size >= 40. */
char *cdn_figure_show(char *out, size_t size, const struct cdn_figure *figure);

#endif
