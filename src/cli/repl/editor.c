/* The line editor: libedit, its history, and Tab.  The home of histedit.h.
 *
 * Characters are read here, not by libedit, so that a Ctrl-C while nothing is evaluated is
 * seen for what it is: the line is dropped.  libedit restores the terminal for signals that
 * stop or end the process.
 *
 * The history file has a line an item, with "\n" for the newlines within it and "\\" for a
 * backslash, and is appended to as items come, so that two sessions do not lose each other's;
 * when it has grown it is replaced by its end.  A symbolic link is not followed, and without
 * the file the session goes on without. */
#include "cli/repl/repl.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "base/alloc.h"
#include "base/file.h"

enum {
    ITEMS = 1000,       /* kept */
    ITEM_BYTES = 16384, /* longer ones are not */
    WORDS = 500         /* offered at the most */
};

#define FILE_BYTES ((size_t)4 << 20)
#define KEPT_BYTES ((size_t)1 << 20)

struct cdn_editor {
    struct cdn_repl *repl;
    EditLine *el;
    History *history;
    char path[4096]; /* "": no file */
    bool more;
    bool dropped;
    char *words[WORDS];
    size_t word_count;
};

/* ---- the history's file ---- */

/* The folders that lead to a file, as far as they are missing. */
static void make_folders(char *path)
{
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(path, 0700);
        *at = '/';
    }
}

static bool find_path(char *out, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length;

    if (state && *state == '/')
        length = snprintf(out, size, "%s/cordon/history", state);
    else if (home && *home == '/')
        length = snprintf(out, size, "%s/.local/state/cordon/history", home);
    else
        return false;
    return length > 0 && (size_t)length < size;
}

static void write_escaped(struct cdn_buf *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n')
            cdn_buf_text(out, "\\n");
        else if (text[i] == '\\')
            cdn_buf_text(out, "\\\\");
        else
            cdn_buf_append(out, text + i, 1);
    }
    cdn_buf_text(out, "\n");
}

static void append_item(struct cdn_editor *editor, const char *text, size_t bytes)
{
    struct cdn_buf line = {0};
    int file;

    if (!editor->path[0])
        return;
    write_escaped(&line, text, bytes);
    file =
        line.failed
            ? -1
            : open(editor->path,
                   O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                   0600);
    if (file >= 0) {
        /* one write, so that another session's line does not come between */
        if (write(file, line.data, line.length) < 0)
            editor->path[0] = '\0';
        (void)close(file);
    } else {
        cdn_cli_note(editor->repl->cli, "the history is not kept: %s: %s", editor->path,
                     strerror(errno));
        editor->path[0] = '\0';
    }
    cdn_buf_deinit(&line);
}

static void enter(struct cdn_editor *editor, const char *text)
{
    HistEvent event;

    (void)history(editor->history, &event, H_ENTER, text);
}

/* Give the file's items to libedit. */
static void take_items(struct cdn_editor *editor, const struct cdn_buf *file)
{
    struct cdn_buf item = {0};

    for (size_t i = 0; i < file->length; i++) {
        char c = (char)file->data[i];

        if (c == '\n' || c == '\0') {
            if (item.length && !item.failed)
                enter(editor, (const char *)item.data);
            cdn_buf_clear(&item);
        } else if (c == '\\' && i + 1 < file->length) {
            i++;
            cdn_buf_append(&item, file->data[i] == 'n' ? "\n" : (char *)file->data + i,
                           1);
        } else {
            cdn_buf_append(&item, &c, 1);
        }
    }
    cdn_buf_deinit(&item);
}

/* Keep the end of a file that has grown. */
static void shorten(const struct cdn_editor *editor, const struct cdn_buf *file)
{
    size_t from = file->length;

    if (file->length <= KEPT_BYTES)
        return;
    from -= KEPT_BYTES / 2;
    while (from < file->length && file->data[from - 1] != '\n')
        from++;
    (void)cdn_file_replace(editor->path, file->data + from, file->length - from, NULL);
}

static void load_items(struct cdn_editor *editor)
{
    struct cdn_buf file = {0};
    struct stat status;
    cordon_error err;

    if (!find_path(editor->path, sizeof editor->path)) {
        editor->path[0] = '\0';
        return;
    }
    make_folders(editor->path);
    if (lstat(editor->path, &status))
        return; /* it comes with the first item */
    cdn_error_clear(&err);
    if (!S_ISREG(status.st_mode)) {
        cdn_cli_note(editor->repl->cli, "the history is not kept: %s is no plain file",
                     editor->path);
        editor->path[0] = '\0';
    } else if (cdn_file_read(&file, editor->path, FILE_BYTES, &err)) {
        cdn_cli_note(editor->repl->cli, "the history is not kept: %s", err.message);
        editor->path[0] = '\0';
    } else {
        take_items(editor, &file);
        shorten(editor, &file);
    }
    cdn_buf_deinit(&file);
}

void cdn_editor_remember(struct cdn_editor *editor, const char *text, size_t bytes)
{
    if (!bytes || bytes > ITEM_BYTES || memchr(text, '\0', bytes))
        return;
    enter(editor, text);
    append_item(editor, text, bytes);
}

/* ---- Tab ---- */

static void gather(void *ud, const char *word)
{
    struct cdn_editor *editor = ud;

    for (size_t i = 0; i < editor->word_count; i++) {
        if (!strcmp(editor->words[i], word))
            return;
    }
    if (editor->word_count < WORDS &&
        (editor->words[editor->word_count] = cdn_strdup(word)))
        editor->word_count++;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* How many bytes all words begin with in common. */
static size_t common(const struct cdn_editor *editor)
{
    size_t bytes = strlen(editor->words[0]);

    for (size_t i = 1; i < editor->word_count; i++) {
        size_t same = 0;

        while (same < bytes && editor->words[i][same] == editor->words[0][same])
            same++;
        bytes = same;
    }
    return bytes;
}

static void list_words(const struct cdn_editor *editor)
{
    enum { COLUMNS = 80 };
    FILE *out = editor->repl->cli->out;
    size_t widest = 0, column = 0;

    for (size_t i = 0; i < editor->word_count; i++) {
        size_t length = strlen(editor->words[i]);

        widest = length > widest ? length : widest;
    }
    fputc('\n', out);
    for (size_t i = 0; i < editor->word_count; i++) {
        fprintf(out, "%-*s", (int)widest + 2, editor->words[i]);
        column += widest + 2;
        if (column + widest > COLUMNS || i + 1 == editor->word_count) {
            fputc('\n', out);
            column = 0;
        }
    }
    fflush(out);
}

static unsigned char on_tab(EditLine *el, int key)
{
    struct cdn_editor *editor;
    const LineInfo *line = el_line(el);
    size_t bytes = (size_t)(line->cursor - line->buffer), start, shared;
    unsigned char answer = CC_ERROR;
    char rest[256];

    (void)key;
    if (el_get(el, EL_CLIENTDATA, &editor))
        return CC_ERROR;
    editor->word_count = 0;
    start = cdn_repl_complete(editor->repl, line->buffer, bytes, gather, editor);
    if (!editor->word_count)
        return CC_ERROR;
    qsort(editor->words, editor->word_count, sizeof *editor->words, by_text);
    shared = common(editor);
    if (shared > bytes - start && shared - (bytes - start) < sizeof rest) {
        size_t more = shared - (bytes - start);

        memcpy(rest, editor->words[0] + (bytes - start), more);
        rest[more] = '\0';
        answer = el_insertstr(el, rest) ? CC_ERROR : CC_REFRESH;
    } else if (editor->word_count > 1) {
        list_words(editor);
        answer = CC_REDISPLAY;
    }
    for (size_t i = 0; i < editor->word_count; i++)
        cdn_free(editor->words[i]);
    editor->word_count = 0;
    return answer;
}

/* ---- characters ---- */

/* The next byte; 0: the end, -1: interrupted or an error. */
static int next_byte(struct cdn_editor *editor, unsigned char *out)
{
    for (;;) {
        struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
        ssize_t got;

        if (__atomic_load_n(&editor->repl->cancel.requested, __ATOMIC_RELAXED)) {
            editor->dropped = true;
            return -1;
        }
        if (poll(&wait, 1, 200) <= 0)
            continue; /* nothing yet, or a signal: look at the flag */
        got = read(STDIN_FILENO, out, 1);
        if (got >= 0)
            return (int)got;
        if (errno != EINTR && errno != EAGAIN)
            return -1;
    }
}

/* A character of UTF-8, or U+FFFD for what is none. */
static int next_character(EditLine *el, wchar_t *out)
{
    struct cdn_editor *editor;
    unsigned char byte;
    unsigned more;
    int got;

    if (el_get(el, EL_CLIENTDATA, &editor))
        return -1;
    got = next_byte(editor, &byte);
    if (editor->dropped) { /* what was typed stays on the screen, whole */
        const LineInfo *line = el_line(el);

        el_cursor(el, (int)(line->lastchar - line->cursor));
        el_set(el, EL_REFRESH);
    }
    /* Ctrl-D that was typed while the terminal was not yet ours comes as a zero */
    if (got > 0 && !byte && el_line(el)->lastchar == el_line(el)->buffer)
        got = 0;
    if (got <= 0)
        return got;
    more = byte >= 0xf0 && byte < 0xf8   ? 3
           : byte >= 0xe0 && byte < 0xf0 ? 2
           : byte >= 0xc2 && byte < 0xe0 ? 1
                                         : 0;
    *out = more == 3     ? byte & 0x07
           : more == 2   ? byte & 0x0f
           : more == 1   ? byte & 0x1f
           : byte < 0x80 ? byte
                         : 0xfffd;
    for (; more; more--) {
        got = next_byte(editor, &byte);
        if (got <= 0)
            return got;
        if ((byte & 0xc0) != 0x80) {
            *out = 0xfffd;
            return 1;
        }
        *out = *out << 6 | (byte & 0x3f);
    }
    if ((*out >= 0xd800 && *out < 0xe000) || *out > 0x10ffff)
        *out = 0xfffd;
    return 1;
}

/* ---- lines ---- */

static char *prompt(EditLine *el)
{
    static char first[] = "cordon> ", again[] = "     -> ";
    struct cdn_editor *editor;

    return el_get(el, EL_CLIENTDATA, &editor) || !editor->more ? first : again;
}

enum cdn_editor_end cdn_editor_line(struct cdn_editor *editor, bool more,
                                    const char **line, size_t *bytes)
{
    const char *got;
    int count = 0;

    editor->more = more;
    editor->dropped = false;
    got = el_gets(editor->el, &count);
    if (editor->dropped) {
        fputs("^C\n", editor->repl->cli->out);
        return CDN_EDITOR_DROPPED;
    }
    if (!got || count <= 0)
        return CDN_EDITOR_CLOSED;
    *line = got;
    *bytes = strlen(got);
    if (*bytes && got[*bytes - 1] == '\n')
        --*bytes;
    return CDN_EDITOR_LINE;
}

/* ---- life ---- */

/* libedit turns characters into bytes as the locale says; it is to be UTF-8. */
static void choose_locale(void)
{
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX < 3)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
}

struct cdn_editor *cdn_editor_new(struct cdn_repl *repl)
{
    struct cdn_editor *editor = cdn_calloc(1, sizeof *editor);
    HistEvent event;

    if (!editor)
        return NULL;
    editor->repl = repl;
    choose_locale();
    editor->history = history_init();
    editor->el = el_init("cordon", stdin, stdout, stderr);
    if (!editor->history || !editor->el) {
        cdn_editor_free(editor);
        return NULL;
    }
    (void)history(editor->history, &event, H_SETSIZE, ITEMS);
    (void)history(editor->history, &event, H_SETUNIQUE, 1);
    el_set(editor->el, EL_CLIENTDATA, editor);
    el_set(editor->el, EL_PROMPT, prompt);
    el_set(editor->el, EL_EDITOR, "emacs");
    el_set(editor->el, EL_SIGNAL, 1);
    el_set(editor->el, EL_HIST, history, editor->history);
    el_set(editor->el, EL_GETCFN, next_character);
    el_set(editor->el, EL_ADDFN, "cordon-complete", "complete a name", on_tab);
    el_set(editor->el, EL_BIND, "^I", "cordon-complete", NULL);
    el_set(editor->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    (void)el_source(editor->el, NULL); /* ~/.editrc, where there is one */
    load_items(editor);
    return editor;
}

void cdn_editor_free(struct cdn_editor *editor)
{
    if (!editor)
        return;
    if (editor->el)
        el_end(editor->el);
    if (editor->history)
        history_end(editor->history);
    cdn_free(editor);
}
