/* Every figure of a backtest by its name, as expectations and the JSON of a report call it. */
#ifndef CDN_CLI_BACKTEST_FIGURES_H
#define CDN_CLI_BACKTEST_FIGURES_H

#include "cli/backtest/report.h"

struct cdn_backtest_figure {
    char name
        [96]; /* "precision", "decisions.deny", "cost.edges.p99", "changes.better" */
    double value; /* NAN: of nothing */
};

struct cdn_backtest_figures {
    struct cdn_backtest_figure *items;
    size_t count;
    size_t capacity;
};

/* Those of the first side, and of the changes if there are two.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_backtest_figures_fill(struct cdn_backtest_figures *out,
                                        const struct cdn_backtest *test,
                                        cordon_error *err);
/* NULL: there is none of that name. */
const struct cdn_backtest_figure *
cdn_backtest_figures_find(const struct cdn_backtest_figures *figures, const char *name);
void cdn_backtest_figures_deinit(struct cdn_backtest_figures *figures);

#endif
