/* A unified diff by the longest common subsequence of lines.
 *
 * What the texts have in common at both ends is taken off first; of what is left a table of
 * the lengths of common subsequences is filled, which takes lines times lines.  Texts whose
 * middle is too large for that (two thousand lines against two thousand) are shown as one
 * replacement, which is true, if not the shortest. */
#include "codec/text_diff.h"

#include <string.h>

#include "base/alloc.h"

#define CONTEXT    3u
#define MOST_CELLS (4u << 20)

struct line {
    const char *text;
    size_t bytes; /* with its newline, if it has one */
};

struct lines {
    struct line *items;
    size_t count;
};

/* One line of the result: ' ' of both, '-' only of the first, '+' only of the second. */
struct step {
    char sign;
    size_t line; /* of the text it is taken from */
};

struct diff {
    struct lines a, b;
    struct step *steps;
    size_t count;
};

static bool split(struct lines *out, const struct cdn_text *text)
{
    const char *at = text->text, *end = at + text->bytes;
    size_t count = 0;

    for (size_t i = 0; i < text->bytes; i++)
        count += at[i] == '\n';
    out->items = cdn_realloc_array(NULL, count + 1, sizeof(*out->items));
    if (!out->items)
        return false;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *past = newline ? newline + 1 : end;

        out->items[out->count++] = (struct line){at, (size_t)(past - at)};
        at = past;
    }
    return true;
}

static bool same(const struct diff *diff, size_t a, size_t b)
{
    const struct line *left = &diff->a.items[a], *right = &diff->b.items[b];

    return left->bytes == right->bytes && !memcmp(left->text, right->text, left->bytes);
}

static void step(struct diff *diff, char sign, size_t line)
{
    diff->steps[diff->count++] = (struct step){sign, line};
}

/* The lines from `a` and `b` on, `m` and `n` of them, by a table of (m + 1) * (n + 1). */
static void walk_table(struct diff *diff, size_t a, size_t m, size_t b, size_t n,
                       uint32_t *table)
{
    size_t width = n + 1;
    size_t i = 0, j = 0;

    for (size_t row = m; row-- > 0;)
        for (size_t column = n; column-- > 0;) {
            uint32_t down = table[(row + 1) * width + column];
            uint32_t right = table[row * width + column + 1];

            table[row * width + column] =
                same(diff, a + row, b + column)
                    ? table[(row + 1) * width + column + 1] + 1
                    : (down > right ? down : right);
        }
    while (i < m || j < n) {
        if (i < m && j < n && same(diff, a + i, b + j)) {
            step(diff, ' ', a + i++);
            j++;
        } else if (i < m &&
                   (j == n || table[(i + 1) * width + j] >= table[i * width + j + 1])) {
            step(diff, '-', a + i++);
        } else {
            step(diff, '+', b + j++);
        }
    }
}

static cordon_status compare(struct diff *diff, cordon_error *err)
{
    size_t m = diff->a.count, n = diff->b.count;
    size_t front = 0, back = 0;
    uint32_t *table = NULL;

    diff->steps = cdn_realloc_array(NULL, m + n + 1, sizeof(*diff->steps));
    if (!diff->steps)
        return cdn_error_nomem(err);
    while (front < m && front < n && same(diff, front, front))
        step(diff, ' ', front++);
    while (back < m - front && back < n - front &&
           same(diff, m - 1 - back, n - 1 - back))
        back++;
    m -= front + back;
    n -= front + back;
    if (m + 1 <= MOST_CELLS / (n + 1)) {
        table = cdn_calloc((m + 1) * (n + 1), sizeof(*table));
        if (!table)
            return cdn_error_nomem(err);
        walk_table(diff, front, m, front, n, table);
        cdn_free(table);
    } else {
        for (size_t i = 0; i < m; i++)
            step(diff, '-', front + i);
        for (size_t i = 0; i < n; i++)
            step(diff, '+', front + i);
    }
    for (size_t i = 0; i < back; i++)
        step(diff, ' ', diff->a.count - back + i);
    return CORDON_OK;
}

static void print_step(struct cdn_buf *out, const struct diff *diff,
                       const struct step *step_)
{
    const struct lines *lines = step_->sign == '+' ? &diff->b : &diff->a;
    const struct line *line = &lines->items[step_->line];

    cdn_buf_append(out, &step_->sign, 1);
    cdn_buf_append(out, line->text, line->bytes);
    if (!line->bytes || line->text[line->bytes - 1] != '\n')
        cdn_buf_text(out, "\n\\ No newline at end of file\n");
}

/* "12,7", or "12" for one line; a range of none names the line before it. */
static void print_range(struct cdn_buf *out, size_t first, size_t count)
{
    cdn_buf_printf(out, "%zu", count ? first + 1 : first);
    if (count != 1)
        cdn_buf_printf(out, ",%zu", count);
}

/* The steps from `from` up to, not including, `past`, which begin at these lines. */
static void print_hunk(struct cdn_buf *out, const struct diff *diff, size_t from,
                       size_t past, size_t a, size_t b)
{
    size_t removed = 0, added = 0;

    for (size_t i = from; i < past; i++) {
        removed += diff->steps[i].sign != '+';
        added += diff->steps[i].sign != '-';
    }
    cdn_buf_text(out, "@@ -");
    print_range(out, a, removed);
    cdn_buf_text(out, " +");
    print_range(out, b, added);
    cdn_buf_text(out, " @@\n");
    for (size_t i = from; i < past; i++)
        print_step(out, diff, &diff->steps[i]);
}

static void print(struct cdn_buf *out, const struct diff *diff,
                  const struct cdn_text *from, const struct cdn_text *to)
{
    size_t at = 0, a = 0, b = 0; /* a step, and the lines before it */
    bool first = true;

    while (at < diff->count) {
        size_t change = at, past, quiet;

        while (change < diff->count && diff->steps[change].sign == ' ')
            change++;
        if (change == diff->count)
            return;
        if (first)
            cdn_buf_printf(out, "--- %s\n+++ %s\n", from->name, to->name);
        first = false;
        for (; at + CONTEXT < change; at++, a++, b++) {
        }
        /* The hunk goes on until more than twice the context is the same. */
        for (past = change, quiet = 0; past < diff->count && quiet <= 2 * CONTEXT;
             past++)
            quiet = diff->steps[past].sign == ' ' ? quiet + 1 : 0;
        if (quiet > CONTEXT)
            past -= quiet - CONTEXT;
        print_hunk(out, diff, at, past, a, b);
        for (; at < past; at++) {
            a += diff->steps[at].sign != '+';
            b += diff->steps[at].sign != '-';
        }
    }
}

cordon_status cdn_text_diff(struct cdn_buf *out, const struct cdn_text *from,
                            const struct cdn_text *to, cordon_error *err)
{
    struct diff diff = {0};
    cordon_status status = CORDON_OK;

    if (!split(&diff.a, from) || !split(&diff.b, to))
        status = cdn_error_nomem(err);
    if (!status)
        status = compare(&diff, err);
    if (!status)
        print(out, &diff, from, to);
    if (!status && out->failed)
        status = cdn_error_nomem(err);
    cdn_free(diff.a.items);
    cdn_free(diff.b.items);
    cdn_free(diff.steps);
    return status;
}
