/* Tables and plots of the HTML report: markup alone, no figure is worked out here. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "cli/backtest/html.h"

/* ---- text ---- */

void cdn_html_bytes(struct cdn_buf *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        switch (text[i]) {
        case '&':
            cdn_buf_text(out, "&amp;");
            break;
        case '<':
            cdn_buf_text(out, "&lt;");
            break;
        case '>':
            cdn_buf_text(out, "&gt;");
            break;
        case '"':
            cdn_buf_text(out, "&quot;");
            break;
        case '\'':
            cdn_buf_text(out, "&#39;");
            break;
        default:
            cdn_buf_append(out, text + i, 1);
        }
    }
}

void cdn_html_text(struct cdn_buf *out, const char *text)
{
    char shown[CORDON_ERROR_MESSAGE_BYTES];

    cdn_escape(shown, sizeof(shown), text, strlen(text));
    cdn_html_bytes(out, shown, strlen(shown));
}

/* ---- tables ---- */

void cdn_html_table(struct cdn_buf *out, const char *caption, const char *columns)
{
    cdn_buf_text(out, "<div class=\"scroll\"><table>");
    if (caption) {
        cdn_buf_text(out, "<caption>");
        cdn_html_text(out, caption);
        cdn_buf_text(out, "</caption>");
    }
    cdn_buf_text(out, "<thead><tr>");
    for (;;) {
        size_t bytes = strcspn(columns, ",");
        bool number = *columns == '#';

        cdn_buf_text(out,
                     number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        cdn_html_bytes(out, columns + number, bytes - number);
        cdn_buf_text(out, "</th>");
        if (!columns[bytes])
            break;
        columns += bytes + 1;
    }
    cdn_buf_text(out, "</tr></thead>\n<tbody>");
}

void cdn_html_row(struct cdn_buf *out)
{
    cdn_buf_text(out, "<tr>"); /* a row may be left open before the next */
}

/* Numbers stand right; what is a number, its first character says. */
void cdn_html_cell(struct cdn_buf *out, const char *format, ...)
{
    char text[CORDON_ERROR_MESSAGE_BYTES];
    va_list args;
    size_t bytes;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bytes = strlen(text);
    cdn_buf_text(out, bytes && strspn(text, "0123456789.,-+ %e") == bytes
                          ? "<td class=\"n\">"
                          : "<td>");
    cdn_html_text(out, text);
    cdn_buf_text(out, "</td>");
}

void cdn_html_table_end(struct cdn_buf *out)
{
    cdn_buf_text(out, "</tbody></table></div>\n");
}

/* ---- plots ---- */

#define HEIGHT 300.0
#define LEFT   70.0
#define RIGHT  24.0
#define TOP    12.0
#define BOTTOM 46.0

void cdn_plot_begin(struct cdn_plot *plot, struct cdn_buf *out, const char *id,
                    const char *title, const char *about, double width,
                    const struct cdn_axis *x, const struct cdn_axis *y)
{
    *plot = (struct cdn_plot){out, *x, *y, width, HEIGHT};
    cdn_buf_printf(out,
                   "<div class=\"scroll\"><svg id=\"%s\" class=\"plot\" viewBox=\"0 0 "
                   "%.0f %.0f\" role=\"img\" "
                   "aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">",
                   id, width, HEIGHT, id, id, id);
    cdn_html_text(out, title);
    cdn_buf_printf(out, "</title><desc id=\"%s-d\">", id);
    cdn_html_text(out, about);
    cdn_buf_text(out, "</desc>\n");
}

void cdn_plot_end(struct cdn_plot *plot)
{
    cdn_buf_text(plot->out, "</svg></div>\n");
}

/* Where between the ends of its axis, 0 to 1. */
static double place(const struct cdn_axis *axis, double value)
{
    double share;

    if (axis->scale == CDN_SCALE_LOG)
        share = log(fmax(value, axis->from) / axis->from) / log(axis->to / axis->from);
    else
        share = (value - axis->from) / (axis->to - axis->from);
    return fmin(1, fmax(0, share));
}

double cdn_plot_x(const struct cdn_plot *plot, double value)
{
    return LEFT + place(&plot->x, value) * (plot->width - LEFT - RIGHT);
}

double cdn_plot_y(const struct cdn_plot *plot, double value)
{
    return plot->height - BOTTOM -
           place(&plot->y, value) * (plot->height - TOP - BOTTOM);
}

static void tick_text(char *out, size_t size, const struct cdn_axis *axis, double value)
{
    if (axis->percent)
        snprintf(out, size, "%.3g %%", value * 100);
    else if (fabs(value) >= 1e6)
        snprintf(out, size, "%.3gM", value / 1e6);
    else if (fabs(value) >= 1e4)
        snprintf(out, size, "%.3gk", value / 1e3);
    else
        snprintf(out, size, "%.4g", value);
}

void cdn_plot_tick(struct cdn_plot *plot, double x, const char *text)
{
    cdn_buf_printf(plot->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", x,
                   plot->height - BOTTOM + 16);
    cdn_html_text(plot->out, text);
    cdn_buf_text(plot->out, "</text>");
}

/* The least 1, 2, 2.5 or 5 times a power of ten that gives at most `most` steps. */
static double step_of(double span, double most)
{
    double power = pow(10, floor(log10(span / most)));
    double steps = span / most / power;

    return (steps <= 1     ? 1
            : steps <= 2   ? 2
            : steps <= 2.5 ? 2.5
            : steps <= 5   ? 5
                           : 10) *
           power;
}

static void x_tick(struct cdn_plot *plot, double value)
{
    char text[40];
    double x = cdn_plot_x(plot, value);

    tick_text(text, sizeof(text), &plot->x, value);
    cdn_buf_printf(plot->out,
                   "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                   "y2=\"%.1f\"/>",
                   x, x, TOP, plot->height - BOTTOM);
    cdn_plot_tick(plot, x, text);
}

static void y_tick(struct cdn_plot *plot, double value)
{
    char text[40];
    double y = cdn_plot_y(plot, value);

    tick_text(text, sizeof(text), &plot->y, value);
    cdn_buf_printf(
        plot->out,
        "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
        "y2=\"%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
        LEFT, plot->width - RIGHT, y, y, LEFT - 7, y + 4, text);
}

static void ticks(struct cdn_plot *plot, const struct cdn_axis *axis, double most,
                  void (*tick)(struct cdn_plot *plot, double value))
{
    double step, first;

    if (axis->scale == CDN_SCALE_LOG) {
        for (int power = 0; axis->from * pow(10, power) <= axis->to; power++)
            tick(plot, axis->from * pow(10, power));
        return;
    }
    step = step_of(axis->to - axis->from, most);
    first = ceil(axis->from / step - 1e-9);
    for (int i = 0; i <= (int)most + 1; i++) {
        double at = (first + i) * step;

        if (at > axis->to + step * 1e-9)
            break;
        tick(plot, fabs(at) < step * 1e-9 ? 0 : at);
    }
}

void cdn_plot_axes(struct cdn_plot *plot, bool x_ticks)
{
    double bottom = plot->height - BOTTOM, middle = (LEFT + plot->width - RIGHT) / 2;

    if (x_ticks)
        ticks(plot, &plot->x, plot->width / 90, x_tick);
    ticks(plot, &plot->y, 5, y_tick);
    cdn_buf_printf(plot->out,
                   "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                   "y2=\"%.1f\"/>\n<text class=\"name\" x=\"%.1f\" y=\"%.1f\" "
                   "text-anchor=\"middle\">",
                   LEFT, plot->width - RIGHT, bottom, bottom, middle, plot->height - 8);
    cdn_html_text(plot->out, plot->x.name);
    cdn_buf_printf(plot->out,
                   "</text><text class=\"name\" transform=\"translate(13 %.1f) "
                   "rotate(-90)\" text-anchor=\"middle\">",
                   (TOP + bottom) / 2);
    cdn_html_text(plot->out, plot->y.name);
    cdn_buf_text(plot->out, "</text>\n");
}

void cdn_plot_bar(struct cdn_plot *plot, const char *style, double x_from, double x_to,
                  double y_from, double y_to, const char *tip)
{
    double top = cdn_plot_y(plot, y_to), bottom = cdn_plot_y(plot, y_from);

    if (y_to <= y_from)
        return;
    if (bottom - top < 1.5 && y_from <= 0) /* a little must be seen beside much */
        top = bottom - 1.5;
    cdn_buf_printf(plot->out,
                   "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                   "height=\"%.1f\"><title>",
                   style, x_from, top, fmax(0.5, x_to - x_from), bottom - top);
    cdn_html_text(plot->out, tip);
    cdn_buf_text(plot->out, "</title></rect>");
}
