/* The layout against directories that are not what metadata calls for. */
#include "support/unit.h"

#include "base/alloc.h"
#include "snapshot/file.h"
#include "snapshot/layout.h"
#include "support/fixture.h"

/* A good file's directory and metadata, to alter copies of. */
struct sample {
    cordon_snapshot *snapshot;
    struct cdn_segment *segments;
    const unsigned char *const *places;
    size_t count;
};

static void sample_init(struct sample *sample)
{
    char path[300];
    uint32_t page_bytes;
    const struct cdn_segment *segments;

    cdn_fixture_random(cdn_fixture_path(path, sizeof(path)), 30, 80, 5, 3);
    sample->snapshot = cdn_fixture_open(path);
    cdn_fixture_remove(path);
    sample->count = sample->snapshot->segment_count;
    segments = cdn_file_segments(sample->snapshot->file, &sample->places, &page_bytes);
    /* room for one more than there are */
    sample->segments = calloc(sample->count + 1, sizeof(*segments));
    memcpy(sample->segments, segments, sample->count * sizeof(*segments));
}

static void sample_deinit(struct sample *sample)
{
    cordon_snapshot_release(sample->snapshot);
    free(sample->segments);
}

static cordon_status lay_out(const struct sample *sample,
                             const struct cdn_segment *segments, size_t count,
                             cordon_error *err)
{
    struct cdn_layout layout;
    struct cdn_segment *exact = cdn_unit_exact(segments, count * sizeof(*segments));
    cordon_status status = cdn_layout_init(&layout, &sample->snapshot->schema,
                                           cdn_file_facts(sample->snapshot->file),
                                           exact, sample->places, count, NULL, err);

    if (!status)
        cdn_layout_deinit(&layout);
    free(exact);
    return status;
}

static void refused(const struct sample *sample, size_t count)
{
    cordon_error err;

    ck_assert_int_eq(lay_out(sample, sample->segments, count, &err), CORDON_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(err.message, "directory: "));
}

START_TEST(layout__takes_the_directory_as_written)
{
    struct sample sample;

    sample_init(&sample);
    ck_assert_int_eq(lay_out(&sample, sample.segments, sample.count, NULL), CORDON_OK);
    sample_deinit(&sample);
}
END_TEST

START_TEST(layout__refuses_any_segment_missing_or_twice)
{
    struct sample sample;

    sample_init(&sample);
    for (size_t i = 0; i < sample.count; i++) {
        struct cdn_segment kept = sample.segments[i];

        memmove(&sample.segments[i], &sample.segments[i + 1],
                (sample.count - i) * sizeof(kept));
        refused(&sample, sample.count - 1);
        memmove(&sample.segments[i + 1], &sample.segments[i],
                (sample.count - i) * sizeof(kept));
        sample.segments[i] = kept;
    }
    for (size_t i = 0; i + 1 < sample.count; i++) {
        struct cdn_segment kept = sample.segments[i + 1];

        sample.segments[i + 1] = sample.segments[i];
        refused(&sample, sample.count);
        sample.segments[i + 1] = kept;
    }
    for (size_t count = 0; count < sample.count; count++)
        refused(&sample, count);
    sample_deinit(&sample);
}
END_TEST

/* Heaps, dictionaries and the split of edges over blocks are the directory's to say; each
 * other length follows from counts. */
START_TEST(layout__refuses_lengths_that_counts_do_not_call_for)
{
    struct sample sample;
    size_t taken = 0;

    sample_init(&sample);
    for (size_t i = 0; i < sample.count; i++) {
        struct cdn_segment *segment = &sample.segments[i];
        struct cdn_segment kept = *segment;
        uint64_t width = kept.elements ? kept.bytes / kept.elements : 1;
        cordon_status status;

        segment->bytes++;
        status = lay_out(&sample, sample.segments, sample.count, NULL);
        ck_assert_int_eq(status, CORDON_E_CORRUPT);
        *segment = kept;
        segment->elements++;
        segment->bytes += width;
        status = lay_out(&sample, sample.segments, sample.count, NULL);
        if (!status) {
            uint32_t part = kept.array & 255;
            bool own = (kept.array >> 8 & 1023) == 0;

            ck_assert(part == CDN_PART_HEAP ||
                      (!own && (part == CDN_PART_DICTIONARY ||
                                part == CDN_PART_DICTIONARY_BYTES)));
            taken++;
        }
        segment->elements = UINT64_MAX / 4;
        segment->bytes = UINT64_MAX - 3;
        (void)lay_out(&sample, sample.segments, sample.count, NULL);
        *segment = kept;
    }
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_lt(taken, sample.count / 2);
    sample_deinit(&sample);
}
END_TEST

/* A range that calls for another width than the values were written in. */
START_TEST(layout__refuses_values_of_another_width)
{
    struct sample sample;
    const struct cdn_facts *facts;
    const struct cdn_label *schema;
    int32_t number;
    struct cdn_range *range;
    struct cdn_range kept;

    sample_init(&sample);
    facts = cdn_file_facts(sample.snapshot->file);
    schema = &sample.snapshot->schema.labels[0];
    number = cdn_properties_find(schema->properties, schema->property_count, "i");
    ck_assert_int_ge(number, 0);
    range = &facts->labels[0].ranges[number];
    kept = *range;
    ck_assert_uint_eq(cdn_range_width(range, CDN_COLUMN_INT64, false), 8);
    range->minimum = range->maximum - 255;
    ck_assert_uint_eq(cdn_range_width(range, CDN_COLUMN_INT64, false), 1);
    refused(&sample, sample.count);
    range->minimum--;
    refused(&sample, sample.count);
    range->known = false;
    refused(&sample, sample.count);
    *range = kept;
    ck_assert_int_eq(lay_out(&sample, sample.segments, sample.count, NULL), CORDON_OK);
    sample_deinit(&sample);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(layout__survives_every_allocation_failure)
{
    struct sample sample;

    sample_init(&sample);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = lay_out(&sample, sample.segments, sample.count, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    sample_deinit(&sample);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("layout");

    CDN_UNIT_CASE(s, layout__takes_the_directory_as_written);
    CDN_UNIT_CASE(s, layout__refuses_any_segment_missing_or_twice);
    CDN_UNIT_CASE(s, layout__refuses_lengths_that_counts_do_not_call_for);
    CDN_UNIT_CASE(s, layout__refuses_values_of_another_width);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, layout__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
