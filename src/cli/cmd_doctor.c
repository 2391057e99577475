/* cordon doctor: what this machine offers, what would go wrong, and what to do about it.
 *
 * Each check is a function that adds rows; none changes anything.  A row that failed is
 * something cordon cannot do here; a warning is something that will be slow, or will fail
 * later. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cordon/engine.h>
#include <cordon/policy.h>
#include <cordon/snapshot.h>
#include <cordon/version.h>

#include "base/clock.h"
#include "base/file.h"
#include "codec/json.h"
#include "cli/project/manifest.h"
#include "cli/registry.h"
#include "cli/settings.h"
#include "sandbox/library.h"
#include "sandbox/slot.h"
#include "snapshot/lmdb_error.h"
#include "snapshot/snapshot.h"

#define SCHEMA_VERSION 1
#define MAX_ROWS       32

enum level { OK, WARNING, FAILED };
static const char *const levels[] = {"ok", "warning", "failed"};

struct row {
    enum level level;
    const char *name;
    char text[640];
    char hint[256]; /* what to do; "" */
};

struct doctor {
    struct cdn_cli *cli;
    const char *data;
    const char *audit;
    struct cdn_setting_flags flags;
    struct row rows[MAX_ROWS];
    size_t count;
};

CDN_PRINTF(5, 6)
static void add(struct doctor *doctor, enum level level, const char *name,
                const char *hint, const char *format, ...)
{
    struct row *row = &doctor->rows[doctor->count];
    va_list args;

    if (doctor->count == MAX_ROWS)
        return;
    doctor->count++;
    row->level = level;
    row->name = name;
    snprintf(row->hint, sizeof(row->hint), "%s", level == OK ? "" : hint);
    va_start(args, format);
    vsnprintf(row->text, sizeof(row->text), format, args);
    va_end(args);
}

/* What a call said; its message. */
static void add_error(struct doctor *doctor, const char *name, const char *hint,
                      const cordon_error *err)
{
    if (err->file[0] && err->line)
        add(doctor, FAILED, name, hint, "%s:%" PRIu32 ": %s", err->file, err->line,
            err->message);
    else
        add(doctor, FAILED, name, hint, "%s", err->message);
}

/* ---- the machine ---- */

static void check_sandbox(struct doctor *doctor)
{
    const struct cdn_slot_config config = {0};
    cordon_engine_options options;
    struct cdn_slot *slot = NULL;
    cordon_engine *engine = NULL;
    struct cdn_settings settings;
    size_t used = 0;
    cordon_error err;

    add(doctor, OK, "cordon", "", "%s, %s", cordon_version(), cdn_library_luajit());
    cdn_error_clear(&err);
    if (cdn_slot_new(&slot, &config, &err))
        add_error(doctor, "sandbox",
                  "rules cannot run here: use Debian's libluajit-5.1-2, or build with "
                  "-DCORDON_LUAJIT_ROOT=",
                  &err);
    else
        add(doctor, OK, "sandbox", "",
            "this LuaJIT proved what metering and images rest on; an arena lies at %p",
            (const void *)cdn_slot_arena(slot, &used));
    cdn_slot_free(slot);
    cdn_error_clear(&err);
    if (cdn_settings_load(&settings, &doctor->flags, &err)) {
        add_error(doctor, "configuration", "mend the file, or take it away", &err);
        cdn_settings_deinit(&settings);
        return;
    }
    options = settings.engine;
    add(doctor, OK, "configuration", "", "%s",
        settings.file ? settings.file : "defaults and the environment");
    if (cordon_engine_new(&engine, &options, &err))
        add_error(doctor, "engine", "lower engine.slots or its ceilings", &err);
    else
        add(doctor, OK, "engine", "", "sandboxes as configured have their addresses");
    cordon_engine_free(engine);
    cdn_settings_deinit(&settings);
}

static void check_limit(struct doctor *doctor, int which, const char *name,
                        uint64_t wanted, const char *hint)
{
    struct rlimit limit;

    if (getrlimit((__rlimit_resource_t)which, &limit))
        add(doctor, WARNING, name, hint, "cannot be asked: %s", strerror(errno));
    else if (limit.rlim_cur == RLIM_INFINITY)
        add(doctor, OK, name, "", "unlimited");
    else
        add(doctor, limit.rlim_cur < wanted ? WARNING : OK, name, hint, "%" PRIu64,
            (uint64_t)limit.rlim_cur);
}

/* The first line of a small file of the kernel's; "" if there is none. */
static void read_line(char *out, size_t size, const char *path)
{
    FILE *file = fopen(path, "re");

    out[0] = '\0';
    if (!file)
        return;
    if (!fgets(out, (int)size, file))
        out[0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    fclose(file);
}

static void check_clock(struct doctor *doctor)
{
    enum { READINGS = 1000 };
    uint64_t begin = cdn_clock_ns(), cost;
    char source[64];

    for (int i = 0; i < READINGS; i++)
        (void)cdn_clock_ns();
    cost = (cdn_clock_ns() - begin) / READINGS;
    read_line(source, sizeof(source),
              "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    add(doctor, cost > 300 ? WARNING : OK, "clock",
        "deadlines are looked at often: boot with clocksource=tsc if the machine "
        "allows",
        "%s%sa reading takes %" PRIu64 " ns", source, source[0] ? ", " : "", cost);
}

static void check_machine(struct doctor *doctor)
{
    long page = sysconf(_SC_PAGESIZE);
    char text[64];

    add(doctor, OK, "LMDB", "", "%s", cdn_lmdb_version());
    add(doctor, page == 4096 ? OK : WARNING, "page size",
        "snapshots are read, but layout and figures are those of 4 KiB pages",
        "%ld bytes", page);
    check_limit(doctor, RLIMIT_AS, "address space", UINT64_C(8) << 30,
                "snapshots and sandboxes are mapped: ulimit -v unlimited");
    check_limit(doctor, RLIMIT_NOFILE, "open files", 256, "ulimit -n 1024");
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        add(doctor, OK, "AVX2", "", "there; four values are compared at once");
    else
        add(doctor, WARNING, "AVX2",
            "answers are the same, filters over columns slower", "not there");
#endif
    read_line(text, sizeof(text), "/proc/sys/vm/overcommit_memory");
    add(doctor, !strcmp(text, "2") ? WARNING : OK, "overcommit",
        "address space that is only reserved counts: sysctl vm.overcommit_memory=0",
        "%s", text[0] ? text : "unknown");
    check_clock(doctor);
}

/* ---- a store ---- */

static void check_disk(struct doctor *doctor, uint64_t file_bytes)
{
    struct statvfs disk;
    char have[32], size[32];
    uint64_t room;

    if (statvfs(doctor->data, &disk)) {
        add(doctor, FAILED, "disk", "is the path right?", "%s: %s", doctor->data,
            strerror(errno));
        return;
    }
    room = (uint64_t)disk.f_bavail * disk.f_frsize;
    add(doctor, room < 2 * file_bytes ? WARNING : OK, "disk",
        "the next generation may not fit: cordon snapshot gc",
        "%s free, the generation has %s", cdn_show_bytes(have, sizeof(have), room),
        cdn_show_bytes(size, sizeof(size), file_bytes));
}

static void check_snapshot(struct doctor *doctor)
{
    cordon_snapshot *snapshot = NULL;
    char nodes[32], edges[32], damage[256];
    cordon_error err;

    cdn_error_clear(&err);
    if (cordon_snapshot_open(&snapshot, doctor->data, NULL, &err)) {
        add_error(doctor, "snapshot", "cordon snapshot verify, or import it again",
                  &err);
        return;
    }
    cdn_show_count(nodes, sizeof(nodes), cordon_snapshot_node_count(snapshot));
    cdn_show_count(edges, sizeof(edges), cordon_snapshot_edge_count(snapshot));
    if (cdn_snapshot_damage(snapshot, damage, sizeof(damage)))
        add(doctor, FAILED, "snapshot", "cordon snapshot verify says more", "%s",
            damage);
    else
        add(doctor, OK, "snapshot", "",
            "generation %" PRIu64 ", %s nodes, %s edges; its pages are whole (cordon "
            "snapshot verify reads all)",
            cordon_snapshot_generation(snapshot), nodes, edges);
    check_disk(doctor, snapshot->file_bytes);
    cordon_snapshot_release(snapshot);
}

static bool is_there(const char *folder, const char *name)
{
    char path[4096];

    return !cdn_path_join(path, sizeof(path), folder, name, NULL) &&
           !access(path, F_OK);
}

static void check_registry(struct doctor *doctor)
{
    cordon_registry *registry = NULL;
    cordon_error err;

    if (!is_there(doctor->data, "registry.mdb"))
        return;
    cdn_error_clear(&err);
    if (cdn_registry_of_store(&registry, doctor->data, CORDON_REGISTRY_READ_ONLY, &err))
        add_error(doctor, "registry", "cordon rule list --data STORE says more", &err);
    else
        add(doctor, OK, "registry", "", "can be read");
    cordon_registry_close(registry);
}

static void check_policy(struct doctor *doctor)
{
    cordon_policy *policy = NULL;
    char path[4096];
    cordon_error err;

    if (!is_there(doctor->data, "policy.lua") ||
        cdn_path_join(path, sizeof(path), doctor->data, "policy.lua", NULL))
        return;
    cdn_error_clear(&err);
    if (cordon_policy_load_file(&policy, path, &err))
        add_error(doctor, "policy", "every fault: cordon config validate FILE", &err);
    else
        add(doctor, OK, "policy", "", "%s", path);
    cordon_policy_release(policy);
}

static void check_log(struct doctor *doctor)
{
    char path[4096];
    const char *folder = doctor->audit;

    if (!folder) {
        if (!doctor->data || !is_there(doctor->data, "audit") ||
            cdn_path_join(path, sizeof(path), doctor->data, "audit", NULL))
            return;
        folder = path;
    }
    if (access(folder, W_OK | X_OK))
        add(doctor, FAILED, "decision log",
            "whoever runs cordon has to be able to write there: mkdir, chown", "%s: %s",
            folder, strerror(errno));
    else
        add(doctor, OK, "decision log", "", "%s can be written", folder);
}

static void check_project(struct doctor *doctor)
{
    struct cdn_manifest manifest = {0};
    cordon_error err;

    if (!cdn_manifest_here())
        return;
    cdn_error_clear(&err);
    if (cdn_manifest_read(&manifest, CDN_MANIFEST_FILE, &err) ||
        cdn_manifest_check_roots(&manifest, &err))
        add_error(doctor, "project", "mend " CDN_MANIFEST_FILE, &err);
    else
        add(doctor, OK, "project", "", "%s", manifest.name);
    cdn_manifest_deinit(&manifest);
}

/* ---- telling ---- */

static size_t count(const struct doctor *doctor, enum level level)
{
    size_t found = 0;

    for (size_t i = 0; i < doctor->count; i++)
        found += doctor->rows[i].level == level;
    return found;
}

static void show(const struct doctor *doctor)
{
    static const enum cdn_style styles[] = {CDN_STYLE_GREEN, CDN_STYLE_YELLOW,
                                            CDN_STYLE_RED};
    struct cdn_cli *cli = doctor->cli;

    for (size_t i = 0; i < doctor->count; i++) {
        const struct row *row = &doctor->rows[i];

        if (cli->quiet && row->level == OK)
            continue;
        fprintf(cli->out, "%s%-8s%s %-14s ",
                cdn_style(cli->out_color, styles[row->level]), levels[row->level],
                cdn_style_end(cli->out_color), row->name);
        cdn_show_text(cli->out, row->text, strlen(row->text));
        fputc('\n', cli->out);
        if (row->hint[0])
            fprintf(cli->out, "%24s%s\n", "", row->hint);
    }
}

static int show_json(const struct doctor *doctor)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    int code;

    cdn_json_init(&json, &text, doctor->cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_uint(&json, "failed", count(doctor, FAILED));
    cdn_json_key_uint(&json, "warnings", count(doctor, WARNING));
    cdn_json_key(&json, "checks");
    cdn_json_array(&json);
    for (size_t i = 0; i < doctor->count; i++) {
        cdn_json_object(&json);
        cdn_json_key_cstr(&json, "name", doctor->rows[i].name);
        cdn_json_key_cstr(&json, "status", levels[doctor->rows[i].level]);
        cdn_json_key_cstr(&json, "text", doctor->rows[i].text);
        if (doctor->rows[i].hint[0])
            cdn_json_key_cstr(&json, "hint", doctor->rows[i].hint);
        cdn_json_object_end(&json);
    }
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    code = cdn_json_print(doctor->cli, &text);
    cdn_buf_deinit(&text);
    return code;
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    static struct doctor doctor; /* rows are large, and there is one run a process */
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &doctor.data, "STORE",
         "look at this store as well", NULL},
        {"audit", 0, CDN_OPTION_STRING, &doctor.audit, "DIR",
         "the decision log (default: audit in the store)", NULL},
        {"config", 0, CDN_OPTION_STRING, &doctor.flags.config, "FILE",
         "the configuration file (default: CORDON_CONFIG)", NULL},
    };
    int code;

    memset(&doctor, 0, sizeof(doctor));
    doctor.cli = cli;
    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc)
        return cdn_cli_usage(cli, "doctor takes no '%s'", argv[0]);
    check_sandbox(&doctor);
    check_machine(&doctor);
    if (doctor.data) {
        check_snapshot(&doctor);
        check_registry(&doctor);
        check_policy(&doctor);
    }
    check_log(&doctor);
    check_project(&doctor);
    if (cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON) {
        code = show_json(&doctor);
    } else {
        show(&doctor);
        code = CDN_EXIT_OK;
    }
    if (!code && count(&doctor, FAILED))
        code = CDN_EXIT_FINDINGS;
    return cdn_cli_finish(cli, code);
}

const struct cdn_command cdn_command_doctor = {
    .name = "doctor",
    .summary = "look for what would go wrong on this machine",
    .run = run,
    .usage = "[OPTION...]",
    .examples = "cordon doctor\n"
                "cordon doctor -d store           # and with this store\n"
                "cordon doctor -d store --format json",
    .details =
        "Each line is ok, warning or failed, with what to do about it. Nothing is "
        "changed. Exit 1 if something failed; warnings alone are 0.",
    .exits = "0123",
};
