/* Marks, and reading by them: see log_search.h.
 *
 * A mark is the offset of the record that a piece follows, as cordon_audit_reader_seek() takes
 * it, and the time at which the piece begins.  Records are in the order in which they were
 * written, their times nearly so: a piece is left out only where it lies more than SLACK_MS
 * outside of what is asked for. */
#include "server/log_search.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "codec/decision.h"

#define PIECE_BYTES   (256u * 1024)
#define MOST_SEGMENTS 64u
#define SLACK_MS      60000
#define FRAME_BYTES   64u   /* of a record in the file, before its own */
#define STEP_BYTES    4096u /* what it counts as to look at how a segment begins */
/* Segments that are looked at for where to begin. */
#define MOST_STEPS 4096u

struct mark {
    uint64_t offset; /* of the record before the piece; 0: it begins the segment */
    int64_t first_ms;
};

/* One segment's; a growing one's go up to `last`. */
struct segment {
    uint64_t number; /* 0: free */
    uint64_t used;
    struct mark *marks;
    size_t count, room;
    uint64_t last;  /* offset of the last record that was gone through; 0: none was */
    uint64_t bytes; /* since the last mark */
};

struct cdn_log_marks {
    pthread_mutex_t lock;
    uint64_t clock;
    struct segment segments[MOST_SEGMENTS];
};

cordon_status cdn_log_marks_new(struct cdn_log_marks **out, cordon_error *err)
{
    *out = cdn_calloc(1, sizeof **out);
    if (!*out)
        return cdn_error_nomem(err);
    pthread_mutex_init(&(*out)->lock, NULL);
    return CORDON_OK;
}

void cdn_log_marks_free(struct cdn_log_marks *marks)
{
    if (!marks)
        return;
    for (size_t i = 0; i < MOST_SEGMENTS; i++)
        cdn_free(marks->segments[i].marks);
    pthread_mutex_destroy(&marks->lock);
    cdn_free(marks);
}

/* ---- the shared marks, under their lock ---- */

static struct segment *find(struct cdn_log_marks *marks, uint64_t number)
{
    for (size_t i = 0; i < MOST_SEGMENTS; i++) {
        if (marks->segments[i].number == number)
            return &marks->segments[i];
    }
    return NULL;
}

/* A copy of what is known of a segment, with room for one mark more at least. */
static bool borrow(struct segment *out, struct cdn_log_marks *marks, uint64_t number)
{
    const struct segment *known;
    bool ok;

    *out = (struct segment){.number = number};
    pthread_mutex_lock(&marks->lock);
    known = find(marks, number);
    if (known)
        *out = *known;
    out->room = out->count + 1;
    out->marks = cdn_realloc_array(NULL, out->room, sizeof *out->marks);
    ok = out->marks != NULL;
    if (ok && known)
        memcpy(out->marks, known->marks, known->count * sizeof *known->marks);
    pthread_mutex_unlock(&marks->lock);
    return ok;
}

/* Give it back; what is known by now stays if that is more. */
static void give_back_take(struct cdn_log_marks *marks, struct segment *segment)
{
    struct segment *place;

    pthread_mutex_lock(&marks->lock);
    place = find(marks, segment->number);
    for (size_t i = 0; !place && i < MOST_SEGMENTS; i++) {
        if (!marks->segments[i].number)
            place = &marks->segments[i];
    }
    if (!place) {
        place = &marks->segments[0];
        for (size_t i = 1; i < MOST_SEGMENTS; i++) {
            if (marks->segments[i].used < place->used)
                place = &marks->segments[i];
        }
    }
    if (place->number != segment->number || segment->last > place->last) {
        cdn_free(place->marks);
        *place = *segment;
        segment->marks = NULL;
    }
    place->used = ++marks->clock;
    pthread_mutex_unlock(&marks->lock);
    cdn_free(segment->marks);
    *segment = (struct segment){0};
}

/* ---- one search ---- */

struct search {
    const struct cdn_log_query *query;
    struct cdn_log_found *out;
    cordon_audit_reader *reader;
    bool (*each)(void *ud, const cordon_audit_entry *entry);
    void *ud;
    /* what a piece has of what is looked for: entries, whose records lie in `bytes` */
    struct cdn_buf entries, bytes;
};

static bool differs(const char *wanted, const struct cdn_decision_text *text)
{
    if (!wanted)
        return false;
    return *wanted ? !cdn_decision_is(text, wanted) : text->at != NULL;
}

/* Is it one of those looked for?  *ms receives its time; 0: it has none. */
static bool takes(const struct cdn_log_query *query, const cordon_audit_entry *entry,
                  int64_t *ms)
{
    struct cdn_decision decision;

    *ms = 0;
    if (entry->kind != CORDON_AUDIT_DECISION ||
        !cdn_decision_read(&decision, entry->record, entry->record_bytes))
        return false;
    if (decision.timestamp_ms != INT64_MIN)
        *ms = decision.timestamp_ms;
    return !differs(query->rule, &decision.rule) &&
           !differs(query->decision, &decision.decision) &&
           !differs(query->outcome, &decision.outcome) &&
           !differs(query->principal, &decision.requested_by) &&
           !differs(query->decision_id, &decision.decision_id) &&
           !differs(query->label, &decision.label) &&
           !differs(query->key, &decision.key) &&
           (query->since_ms == INT64_MIN || *ms >= query->since_ms) &&
           (query->until_ms == INT64_MAX || *ms <= query->until_ms);
}

/* The next record of any segment; *got false: there is none.  Damage is counted, and passed. */
static cordon_status next(cordon_audit_entry *entry, bool *got, struct search *search,
                          cordon_error *err)
{
    cordon_status status;

    do {
        status = cordon_audit_reader_next(entry, got, search->reader, err);
        search->out->damaged += status == CORDON_E_CORRUPT;
    } while (status == CORDON_E_CORRUPT);
    if (!status && *got)
        search->out->bytes += entry->record_bytes + FRAME_BYTES;
    return status;
}

static bool spent(const struct search *search)
{
    return search->out->bytes >= search->query->most_bytes;
}

static void go_on_from(struct search *search, uint64_t segment, uint64_t offset)
{
    search->out->more = true;
    search->out->segment = segment;
    search->out->offset = offset;
}

/* When it was decided; INT64_MIN: it does not say, or decides nothing. */
static int64_t time_of(const cordon_audit_entry *entry)
{
    struct cdn_decision decision;

    return entry->kind == CORDON_AUDIT_DECISION &&
                   cdn_decision_read(&decision, entry->record, entry->record_bytes)
               ? decision.timestamp_ms
               : INT64_MIN;
}

/* The first time of a segment; INT64_MIN: it has none, or cannot be read. */
static cordon_status first_time(int64_t *ms, struct search *search, uint64_t segment,
                                cordon_error *err)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    bool got = false;
    cordon_status status = cordon_audit_reader_seek(search->reader, segment, 0, err);

    *ms = INT64_MIN;
    if (!status)
        status = cordon_audit_reader_next(&entry, &got, search->reader, err);
    if (!status && got && entry.segment == segment)
        *ms = time_of(&entry);
    return status == CORDON_E_CORRUPT || status == CORDON_E_NOTFOUND ? CORDON_OK
                                                                     : status;
}

/* ---- from the beginning ---- */

/* Stand at the first segment that can have what is asked for since then. */
static cordon_status seek_since(struct search *search, cordon_error *err)
{
    uint64_t at = 0;
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; i < MOST_STEPS && !status; i++) {
        uint64_t segment;
        int64_t ms = INT64_MIN;

        status = cordon_audit_reader_segment(&segment, search->reader, at, err);
        if (status == CORDON_E_NOTFOUND)
            break; /* all of them are as young */
        at = segment;
        if (!status)
            status = first_time(&ms, search, segment, err);
        if (!status && ms != INT64_MIN && ms < search->query->since_ms - SLACK_MS)
            break;
    }
    if (at && (!status || status == CORDON_E_NOTFOUND))
        status = cordon_audit_reader_seek(search->reader, at, 0, err);
    search->out->damaged += status == CORDON_E_CORRUPT;
    return status == CORDON_E_NOTFOUND || status == CORDON_E_CORRUPT ? CORDON_OK
                                                                     : status;
}

static cordon_status search_forwards(struct search *search, cordon_error *err)
{
    const struct cdn_log_query *query = search->query;
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_status status = CORDON_OK;
    bool got = true, full = false;

    if (query->segment)
        status = cordon_audit_reader_seek(search->reader, query->segment, query->offset,
                                          err);
    else if (query->since_ms > INT64_MIN + SLACK_MS)
        status = seek_since(search, err);
    if (status == CORDON_E_NOTFOUND) /* removed since: what is left is behind it */
        status = CORDON_OK;
    while (!status) {
        int64_t ms;
        bool wanted;

        status = next(&entry, &got, search, err);
        if (status || !got)
            break;
        wanted = takes(query, &entry, &ms);
        if (query->until_ms < INT64_MAX - SLACK_MS && ms > query->until_ms + SLACK_MS)
            break;
        if (wanted) {
            full = !search->each(search->ud, &entry);
            search->out->count++;
        }
        if (full || search->out->count == query->limit || spent(search)) {
            go_on_from(search, entry.segment, entry.offset);
            break;
        }
    }
    return status;
}

/* ---- from the end ---- */

static bool add_mark(struct segment *segment, uint64_t offset, int64_t ms)
{
    if (segment->count == segment->room) {
        struct mark *more =
            cdn_realloc_array(segment->marks, 2 * segment->room + 16, sizeof *more);

        if (!more)
            return false;
        segment->marks = more;
        segment->room = 2 * segment->room + 16;
    }
    segment->marks[segment->count++] = (struct mark){offset, ms};
    segment->bytes = 0;
    return true;
}

/* Go through what of the segment is not marked yet.  *whole false: too much was looked at. */
static cordon_status mark_segment(bool *whole, struct segment *segment,
                                  struct search *search, cordon_error *err)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_status status =
        cordon_audit_reader_seek(search->reader, segment->number, segment->last, err);
    bool got;

    *whole = true;
    while (!status) {
        status = cordon_audit_reader_next(&entry, &got, search->reader, err);
        if (status || !got || entry.segment != segment->number)
            break;
        search->out->bytes += entry.record_bytes + FRAME_BYTES;
        if (!segment->count || segment->bytes >= PIECE_BYTES) {
            if (!add_mark(segment, segment->last, time_of(&entry)))
                return cdn_error_nomem(err);
        }
        segment->bytes += entry.record_bytes + FRAME_BYTES;
        segment->last = entry.offset;
        if (spent(search)) {
            *whole = false;
            break;
        }
    }
    if (status == CORDON_E_CORRUPT) {
        search->out->damaged++;
        status = CORDON_OK;
    }
    return status == CORDON_E_NOTFOUND ? CORDON_OK : status; /* removed meanwhile */
}

static bool hold(struct search *search, const cordon_audit_entry *entry)
{
    cordon_audit_entry copy = *entry;

    copy.record = NULL; /* found again when it is handed out */
    copy.value = (cordon_value){.type = CORDON_NIL};
    cdn_buf_append(&search->entries, &copy, sizeof copy);
    cdn_buf_append(&search->bytes, entry->record, entry->record_bytes);
    return !search->entries.failed && !search->bytes.failed;
}

/* Hand out what was held, the last first.  False: the page is full. */
static bool give(struct search *search)
{
    size_t end = search->bytes.length;

    for (size_t at = search->entries.length; at;) {
        cordon_audit_entry entry;
        bool full;

        at -= sizeof entry;
        memcpy(&entry, search->entries.data + at, sizeof entry);
        end -= entry.record_bytes;
        entry.record = search->bytes.data + end;
        full = !search->each(search->ud, &entry);
        if (++search->out->count == search->query->limit || full) {
            go_on_from(search, entry.segment, entry.offset);
            return false;
        }
    }
    return true;
}

/* A piece of a segment, up to the next one or the record at `before` (0: to its end).  *done:
 * the page is full. */
static cordon_status read_piece(bool *done, struct search *search,
                                const struct segment *segment, size_t piece,
                                uint64_t before, cordon_error *err)
{
    const uint64_t end =
        piece + 1 < segment->count ? segment->marks[piece + 1].offset : UINT64_MAX;
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_status status = cordon_audit_reader_seek(search->reader, segment->number,
                                                    segment->marks[piece].offset, err);
    bool got;

    *done = false;
    cdn_buf_clear(&search->entries);
    cdn_buf_clear(&search->bytes);
    while (!status) {
        int64_t ms;

        status = cordon_audit_reader_next(&entry, &got, search->reader, err);
        if (status || !got || entry.segment != segment->number || entry.offset > end ||
            (before && entry.offset >= before))
            break;
        search->out->bytes += entry.record_bytes + FRAME_BYTES;
        if (takes(search->query, &entry, &ms) && !hold(search, &entry))
            return cdn_error_nomem(err);
    }
    if (status == CORDON_E_CORRUPT || status == CORDON_E_NOTFOUND)
        status = CORDON_OK; /* it was counted when it was marked */
    if (!status)
        *done = !give(search);
    return status;
}

/* The pieces of a segment, the last first; before the record at `before`, if that is not 0. */
static cordon_status read_segment(bool *done, struct search *search,
                                  const struct segment *segment, uint64_t before,
                                  cordon_error *err)
{
    const struct cdn_log_query *query = search->query;
    cordon_status status = CORDON_OK;

    *done = false;
    for (size_t i = segment->count; i-- && !status && !*done;) {
        const struct mark *mark = &segment->marks[i];

        if (before && mark->offset >= before)
            continue;
        if (query->until_ms < INT64_MAX - SLACK_MS &&
            mark->first_ms > query->until_ms + SLACK_MS)
            continue;
        if (spent(search)) {
            /* the next piece's mark is this one's last record */
            uint64_t past =
                i + 1 < segment->count ? segment->marks[i + 1].offset + 1 : UINT64_MAX;

            go_on_from(search, segment->number,
                       before && before < past ? before : past);
            *done = true;
            break;
        }
        status = read_piece(done, search, segment, i, before, err);
        if (!status && query->since_ms > INT64_MIN + SLACK_MS &&
            mark->first_ms != INT64_MIN && mark->first_ms < query->since_ms - SLACK_MS)
            *done = true; /* what is before it is older still */
    }
    return status;
}

/* One segment; *done: the search ends with it. */
static cordon_status search_segment(bool *done, struct search *search,
                                    struct cdn_log_marks *marks, uint64_t number,
                                    uint64_t before, cordon_error *err)
{
    const struct cdn_log_query *query = search->query;
    struct segment segment;
    int64_t ms;
    bool whole;
    cordon_status status = first_time(&ms, search, number, err);

    *done = false;
    search->out->bytes += STEP_BYTES;
    if (!status && spent(search)) {
        *done = true;
        go_on_from(search, number, before ? before : UINT64_MAX);
        return CORDON_OK;
    }
    if (status || (ms != INT64_MIN && query->until_ms < INT64_MAX - SLACK_MS &&
                   ms > query->until_ms + SLACK_MS))
        return status;
    if (!borrow(&segment, marks, number))
        return cdn_error_nomem(err);
    status = mark_segment(&whole, &segment, search, err);
    if (!status && whole)
        status = read_segment(done, search, &segment, before, err);
    else if (!status) {
        *done = true;
        go_on_from(search, number, before ? before : UINT64_MAX);
    }
    give_back_take(marks, &segment);
    return status;
}

static cordon_status search_backwards(struct search *search,
                                      struct cdn_log_marks *marks, cordon_error *err)
{
    const struct cdn_log_query *query = search->query;
    uint64_t before = query->segment ? query->segment + 1 : 0;
    cordon_status status;
    bool done = false;

    do {
        uint64_t number;

        status = cordon_audit_reader_segment(&number, search->reader, before, err);
        if (status)
            break;
        status = search_segment(&done, search, marks, number,
                                number == query->segment ? query->offset : 0, err);
        before = number;
    } while (!status && !done);
    return status == CORDON_E_NOTFOUND ? CORDON_OK : status;
}

cordon_status cdn_log_search(struct cdn_log_found *out, struct cdn_log_marks *marks,
                             const char *dir, const struct cdn_log_query *query,
                             bool (*each)(void *ud, const cordon_audit_entry *entry),
                             void *ud, cordon_error *err)
{
    struct search search = {.query = query, .out = out, .each = each, .ud = ud};
    cordon_status status = cordon_audit_reader_open(&search.reader, dir, err);

    *out = (struct cdn_log_found){0};
    if (!status)
        status = query->oldest_first ? search_forwards(&search, err)
                                     : search_backwards(&search, marks, err);
    cordon_audit_reader_close(search.reader);
    cdn_buf_deinit(&search.entries);
    cdn_buf_deinit(&search.bytes);
    return status;
}
