/* What the files that write the HTML report share: text, tables and plots.
 *
 * The report is one file that needs nothing else: style and script stand in it, plots are
 * SVG, and it can be read and printed without the script.  Whatever came from outside
 * (names, keys, reasons) goes through cdn_html_text(); a Content-Security-Policy lets no
 * script run but the report's own, should an escape ever be missing. */
#ifndef CDN_CLI_BACKTEST_HTML_H
#define CDN_CLI_BACKTEST_HTML_H

#include "cli/backtest/report.h"

/* Text as text: markup and what a person could not see are escaped. */
void cdn_html_text(struct cdn_buf *out, const char *text);
void cdn_html_bytes(struct cdn_buf *out, const char *text, size_t bytes);

/* ---- tables: a header and rows, the first column being names ---- */

/* `columns`: names of the columns, with commas; those that begin with '#' hold numbers. */
void cdn_html_table(struct cdn_buf *out, const char *caption, const char *columns);
void cdn_html_row(struct cdn_buf *out);
/* A cell of the row begun last; escaped. */
void cdn_html_cell(struct cdn_buf *out, const char *format, ...) CDN_PRINTF(2, 3);
void cdn_html_table_end(struct cdn_buf *out);

/* ---- plots ---- */

enum cdn_scale { CDN_SCALE_LINEAR, CDN_SCALE_LOG };

struct cdn_axis {
    double from, to; /* of a log scale from 1 on */
    enum cdn_scale scale;
    bool percent;     /* a share of 1 */
    const char *name; /* borrowed */
};

struct cdn_plot {
    struct cdn_buf *out;
    struct cdn_axis x, y;
    double width, height; /* of the whole picture */
};

/* `id`: unique in the page; `title` and `about` are read to whoever cannot see it. */
void cdn_plot_begin(struct cdn_plot *plot, struct cdn_buf *out, const char *id,
                    const char *title, const char *about, double width,
                    const struct cdn_axis *x, const struct cdn_axis *y);
/* Ticks and lines for them; x_ticks false: the caller has its own. */
void cdn_plot_axes(struct cdn_plot *plot, bool x_ticks);
double cdn_plot_x(const struct cdn_plot *plot, double value);
double cdn_plot_y(const struct cdn_plot *plot, double value);
/* A box from y = 0 up to `to`, or from `from`; `tip` is shown when pointed at. */
void cdn_plot_bar(struct cdn_plot *plot, const char *style, double x_from, double x_to,
                  double y_from, double y_to, const char *tip);
/* Text below the x axis. */
void cdn_plot_tick(struct cdn_plot *plot, double x, const char *text);
void cdn_plot_end(struct cdn_plot *plot);

/* The sections with plots (html_plots.c). */
void cdn_html_curve(struct cdn_buf *out, const struct cdn_backtest *test);
void cdn_html_scores(struct cdn_buf *out, const struct cdn_backtest *test);
void cdn_html_sweep(struct cdn_buf *out, const struct cdn_backtest *test);
void cdn_html_periods(struct cdn_buf *out, const struct cdn_backtest *test);
/* Not a section of its own. */
void cdn_html_money(struct cdn_buf *out, const struct cdn_backtest *test);

#endif
