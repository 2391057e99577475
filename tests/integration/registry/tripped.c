/* A breaker's trip that is killed between the registry and the decision log is in both, or in
 * neither, once somebody has started again.
 *
 * A child's rule hits its limits until its breaker trips, and the upkeep that follows dies at each
 * call by which it makes something durable, in turn (support/dying.h).  Another process then
 * starts on what there is: of each trip in the registry's history the log has a note by the
 * number of its change, and of no other. */
#include "support/told.h"

#include <dirent.h>
#include <inttypes.h>

#include <cordon.h>

#include "base/file.h"
#include "base/pack.h"
#include "engine/registry.h"
#include "support/dying.h"

static char folder[128], path[160], log_folder[160];
static cordon_error err;

static const cordon_change by_ann = {
    .struct_size = sizeof(by_ann), .author = "ann", .reason = "because"};

/* A host: a registry, a log, and an engine that has both. */
struct host {
    cordon_registry *registry;
    cordon_audit *audit;
    cordon_engine *engine;
};

static cordon_status start(struct host *host)
{
    static const char text[] =
        "return { principals = {}, breaker = { limits = 2, behind = {} } }";
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_policy *policy = NULL;
    cordon_status status;

    options.slots = 1;
    *host = (struct host){NULL, NULL, NULL};
    status = cordon_registry_open(&host->registry, path, 0, &err);
    if (!status)
        status = cordon_audit_open(&host->audit, log_folder, NULL, &err);
    if (!status)
        status = cordon_engine_new(&host->engine, &options, &err);
    if (!status)
        status = cordon_engine_use_registry(host->engine, host->registry, &err);
    if (!status)
        status = cordon_policy_load_text(&policy, text, strlen(text), "p.lua", NULL, 0,
                                         &err);
    if (!status) {
        cordon_engine_use_audit(host->engine, host->audit);
        status = cordon_engine_set_policy(host->engine, policy, &err);
    }
    cordon_policy_release(policy);
    return status;
}

static void stop(struct host *host)
{
    cordon_engine_free(host->engine);
    OK(cordon_audit_close(host->audit, &err));
    cordon_registry_close(host->registry);
}

/* ---- the child ---- */

static cordon_status trip(void *ud)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = NULL;
    struct host host;
    cordon_status status = start(&host);

    (void)ud;
    if (!status)
        status = cordon_outcome_new(&outcome, &err);
    for (int i = 0; i < 2 && !status; i++)
        status = cordon_evaluate(outcome, host.engine, "r", &request, &err);
    return status ? status : cordon_engine_upkeep(host.engine, NULL, &err);
}

/* ---- what registry and log say ---- */

struct said {
    int trips;  /* of the registry's history */
    int untold; /* of those, what it keeps for a log */
    int notes;  /* of the log's */
    uint64_t change;
};

static void read_log(struct said *out)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_audit_reader *reader;
    cordon_value value;
    bool got;

    if (access(log_folder, F_OK) || cordon_audit_reader_open(&reader, log_folder, &err))
        return; /* it died before there was one */
    while (!cordon_audit_reader_next(&entry, &got, reader, &err) && got) {
        if (!cordon_value_get(&value, &entry.value, "note") || value.length != 7 ||
            memcmp(value.as.string, "breaker", 7) != 0)
            continue;
        out->notes++;
        ck_assert(cordon_value_get(&value, &entry.value, "change"));
        ck_assert_int_eq(value.as.integer, (int64_t)out->change);
        ck_assert(cordon_value_get(&value, &entry.value, "decisions"));
        ck_assert_uint_eq(value.length, 2);
    }
    cordon_audit_reader_close(reader);
}

static struct said read_both(void)
{
    cordon_change_record change = {.struct_size = sizeof change};
    cordon_registry *registry;
    struct cdn_buf note = {0};
    struct said out = {0};
    uint64_t at = 0;

    OK(cordon_registry_open(&registry, path, 0, &err));
    while (!cordon_registry_history(&change, registry, "r", change.sequence, NULL))
        if (change.action == CORDON_ACTION_TRIP) {
            out.trips++;
            out.change = change.sequence;
        }
    while (!cdn_registry_untold(&at, &note, registry, at, NULL))
        out.untold++;
    cdn_buf_deinit(&note);
    cordon_registry_close(registry);
    read_log(&out);
    return out;
}

static void start_again(void)
{
    struct host host;

    ck_assert_msg(!start(&host), "%s", err.message);
    OK(cordon_engine_upkeep(host.engine, NULL, &err));
    stop(&host);
}

/* ---- tests ---- */

static void sweep(const char *name)
{
    DIR *dir = opendir(name);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(name);
}

static void prepare(struct cdn_buf *file)
{
    static const char text[] =
        "return { name = 'r', decisions = { 'allow', 'deny' }, fallback = 'deny', "
        "limits "
        "= { instructions = 20000, time = '10s' }, evaluate = function() while true do "
        "end end }";
    cordon_version_info info = {.struct_size = sizeof info};
    cordon_registry *registry;

    OK(cordon_registry_open(&registry, path, CORDON_REGISTRY_CREATE, &err));
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, strlen(text),
                            "rule.lua", NULL, 0, &by_ann, &err));
    OK(cordon_registry_activate(registry, "r", 1, NULL, NULL, &by_ann, &err));
    cordon_registry_close(registry);
    OK(cdn_file_read(file, path, 1 << 24, &err));
}

START_TEST(trip__killed_anywhere_is_in_both_or_in_neither)
{
    struct cdn_buf file = {0};
    int neither = 0, mended = 0, both = 0, twice = 0;

    prepare(&file);
    for (int when = DYING_BEFORE; when <= DYING_WITHIN; when++) {
        bool died = true;

        for (long at = 0; died; at++) {
            struct said before, after;

            sweep(log_folder);
            OK(cdn_file_replace(path, file.data, file.length, &err));
            died = dying_run(trip, NULL, at, (enum dying_moment)when);
            before = read_both();
            ck_assert_int_le(before.notes, before.trips);
            neither += !before.trips;
            mended += before.trips && !before.notes;
            both += before.notes;
            twice += before.notes && before.untold;
            start_again();
            after = read_both();
            ck_assert_int_eq(after.trips, before.trips);
            ck_assert_int_eq(after.untold, 0);
            ck_assert_int_eq(after.notes, before.notes + before.untold);
            ck_assert_int_eq(after.notes > 0, after.trips > 0);
            start_again(); /* once and for all */
            ck_assert_int_eq(read_both().notes, after.notes);
            ck_assert(died || (after.trips == 1 && after.notes == 1));
            ck_assert_int_lt(at, 400);
        }
    }
    /* and something of each was seen */
    ck_assert_int_gt(neither, 0);
    ck_assert_int_gt(mended, 0);
    ck_assert_int_gt(both, 0);
    ck_assert_int_gt(twice, 0);
    cdn_buf_deinit(&file);
}
END_TEST

/* What stands in the registry comes from a file, and not all that does is a breaker's note. */
static void put_retention(struct cdn_buf *out, const void *ud, uint64_t sequence)
{
    struct cdn_packer packer;

    (void)ud;
    (void)sequence;
    cdn_pack_init_buf(&packer, out);
    cdn_pack_map(&packer, 2);
    cdn_pack_cstr(&packer, "note");
    cdn_pack_cstr(&packer, "retention");
    cdn_pack_cstr(&packer, "through");
    cdn_pack_int(&packer, 7);
}

START_TEST(trip__whose_note_is_none_of_a_breaker_s_is_not_told)
{
    struct cdn_trip_note note = {put_retention, NULL, 0};
    cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;
    struct cdn_buf file = {0};
    cordon_registry *registry;
    struct host host;

    prepare(&file);
    cdn_buf_deinit(&file);
    OK(cordon_registry_open(&registry, path, 0, &err));
    OK(cdn_registry_trip(registry, "r", 1, CDN_WALL_NONE, "1 crash", &note, &err));
    cordon_registry_close(registry);
    ck_assert_msg(!start(&host), "%s", err.message);
    ck_assert_int_eq(cordon_engine_upkeep(host.engine, NULL, &err), CORDON_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(err.message, "is no note of a breaker's"));
    OK(cordon_engine_upkeep(host.engine, NULL, &err)); /* said once */
    stop(&host);
    OK(cordon_audit_verify(&report, log_folder, NULL, NULL, NULL, &err));
    ck_assert_uint_eq(report.findings, 0);
    ck_assert_int_eq(read_both().untold, 0);
    ck_assert_int_eq(read_both().notes, 0);
}
END_TEST

static void setup(void)
{
    dying_in_memory();
    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/rules.mdb", folder);
    snprintf(log_folder, sizeof(log_folder), "%s.audit", folder);
}

static void teardown(void)
{
    sweep(log_folder);
    sweep(folder);
}

static Suite *suite(void)
{
    Suite *s = suite_create("tripped");

    CDN_UNIT_CASE_IN(s, trip__killed_anywhere_is_in_both_or_in_neither, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, trip__whose_note_is_none_of_a_breaker_s_is_not_told, setup,
                     teardown);
    return s;
}

CDN_UNIT_MAIN(suite)
