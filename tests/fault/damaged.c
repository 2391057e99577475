/* Rules over damaged snapshots: README.md.
 *
 *     fault_damaged RULES rules|full|truncated [SEED]
 *
 * Damage is done in batches, each in a process of its own; what a process is at stands in
 * memory that it shares with its parent, so that a crash names its damage. */
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/engine.h>
#include <cordon/evaluate.h>
#include <cordon/outcome.h>
#include <cordon/rule.h>

#include "base/hash.h"
#include "fault/sample.h"
#include "support/fixture.h"

#define RULES_MAX 16
#define NODES     10
#define BATCH     100
#define SECONDS   120 /* a batch takes less than one; this is a hang */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DAMAGES 1200
#define STRIDE  8
#else
#define DAMAGES 4000
#define STRIDE  1
#endif

/* Shared with the parent. */
struct progress {
    uint64_t at;
    char text[256];
    char failure[1500];
    /* files: refused at open; with an answer missing; answered like the sound one */
    uint64_t refused, failed, sound;
    /* requests: the sound file's answer; an error; refused by the host's call */
    uint64_t same, errors, denied;
};

/* What the sound file answers: everything but times and memory. */
struct answer {
    cordon_outcome_kind kind;
    uint64_t digest;
};

struct bench {
    struct sample sample;
    struct progress *progress;
    cordon_engine *engine;
    cordon_outcome *outcome;
    char names[RULES_MAX][CORDON_RULE_MAX_NAME_BYTES + 1];
    size_t rule_count;
    struct answer answers[RULES_MAX * NODES];
};

static const char *const nodes[NODES][2] = {
    {"Account", "100"}, {"Account", "200"},  {"Account", "300"}, {"Account", "400"},
    {"Account", "500"}, {"Account", "600"},  {"Account", "700"}, {"Account", "800"},
    {"Account", "900"}, {"Account", "1000"},
};

static void fail(struct bench *bench, const char *what, const char *detail)
{
    snprintf(bench->progress->failure, sizeof bench->progress->failure, "%s: %s", what,
             detail);
    exit(EXIT_FAILURE);
}

static void load_rules(struct bench *bench, const char *folder)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    DIR *all = opendir(folder);
    struct dirent *entry;
    cordon_error err = {0};

    options.slots = 1;
    if (!all || cordon_engine_new(&bench->engine, &options, &err) ||
        cordon_outcome_new(&bench->outcome, &err)) {
        fprintf(stderr, "%s: no engine: %s\n", folder, err.message);
        exit(2);
    }
    while ((entry = readdir(all)) && bench->rule_count < RULES_MAX) {
        char path[1024];
        size_t length = strlen(entry->d_name);

        if (length < 4 || strcmp(entry->d_name + length - 4, ".lua") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (cordon_engine_load_rule_file(bench->engine, path,
                                         bench->names[bench->rule_count++], &err)) {
            fprintf(stderr, "%s:%u: %s\n", err.file, (unsigned)err.line, err.message);
            exit(2);
        }
    }
    closedir(all);
}

static uint64_t mix_text(uint64_t digest, const char *text)
{
    return cdn_hash_mix(digest, text ? cdn_hash_xxh3(text, strlen(text)) : 0);
}

static struct answer read_answer(const cordon_outcome *outcome)
{
    const cordon_usage *usage = cordon_outcome_usage(outcome);
    struct answer answer = {.kind = cordon_outcome_get_kind(outcome)};
    uint64_t digest = (uint64_t)cordon_outcome_limit(outcome);
    uint64_t bits = 0;
    size_t bytes = 0;
    const void *result = cordon_outcome_result(outcome, &bytes);
    double score = 0;

    digest = cdn_hash_mix(digest, cordon_outcome_score(outcome, &score));
    memcpy(&bits, &score, sizeof bits);
    digest = cdn_hash_mix(digest, bits);
    digest = cdn_hash_mix(digest, result ? cdn_hash_xxh3(result, bytes) : 0);
    digest = mix_text(digest, cordon_outcome_decision(outcome));
    digest = cdn_hash_mix(digest, cordon_outcome_is_fallback(outcome));
    for (size_t i = 0; i < cordon_outcome_reason_count(outcome); i++)
        digest = mix_text(digest, cordon_outcome_reason(outcome, i));
    digest = mix_text(digest, cordon_outcome_message(outcome));
    digest = cdn_hash_mix(digest, cordon_outcome_truncated(outcome));
    digest = cdn_hash_mix(digest, cordon_outcome_reads_digest(outcome));
    digest = cdn_hash_mix(digest, usage->instructions);
    digest = cdn_hash_mix(digest, usage->edges);
    digest = cdn_hash_mix(digest, usage->nodes);
    answer.digest = cdn_hash_mix(digest, usage->output_bytes);
    return answer;
}

/* Every rule on every node; `whole`: nothing is damaged, so nothing may fail, and the
 * answers are what all later ones are held against.  True: all were answered. */
static bool ask(struct bench *bench, bool whole)
{
    struct progress *progress = bench->progress;
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err = {0};
    bool answered = true;

    request.now_ms = CDN_BANK_T + 8 * CDN_BANK_HOUR;
    for (size_t i = 0; i < bench->rule_count * NODES; i++) {
        const char *rule = bench->names[i % bench->rule_count];
        const char *message = cordon_outcome_message(bench->outcome);
        struct answer answer;
        cordon_status status;

        request.label = nodes[i / bench->rule_count][0];
        request.key = nodes[i / bench->rule_count][1];
        status = cordon_evaluate(bench->outcome, bench->engine, rule, &request, &err);
        if (status) {
            if (whole || status != CORDON_E_CORRUPT ||
                !strstr(err.message, "the snapshot is damaged"))
                fail(bench, cordon_status_name(status), err.message);
            progress->denied++;
            answered = false;
            continue;
        }
        message = cordon_outcome_message(bench->outcome);
        answer = read_answer(bench->outcome);
        if (whole) {
            if (answer.kind != CORDON_OUTCOME_OK)
                fail(bench, rule, message);
            bench->answers[i] = answer;
        }
        if (answer.kind == bench->answers[i].kind &&
            answer.digest == bench->answers[i].digest) {
            progress->same++;
            continue;
        }
        if (answer.kind != CORDON_OUTCOME_ERROR)
            fail(bench, rule, "another answer than the sound file's");
        if (!strstr(message, "the snapshot is damaged"))
            fail(bench, rule, message);
        progress->errors++;
        answered = false;
    }
    return answered;
}

/* Open the file as it now is; true: it was refused. */
static bool try_file(struct bench *bench, cordon_verify verify, bool whole)
{
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_snapshot *snapshot = NULL;
    cordon_error err = {0};
    cordon_status status;

    options.verify = verify;
    status = cordon_snapshot_open(&snapshot, bench->sample.path, &options, &err);
    if (status) {
        if (whole || (status != CORDON_E_CORRUPT && status != CORDON_E_FORMAT) ||
            !strstr(err.message, bench->sample.path))
            fail(bench, cordon_status_name(status), err.message);
        bench->progress->refused++;
        return true;
    }
    status = cordon_engine_set_snapshot(bench->engine, snapshot, &err);
    cordon_snapshot_release(snapshot);
    if (status) /* metadata has a checksum: what opens has the sound file's schema */
        fail(bench, cordon_status_name(status), err.message);
    if (ask(bench, whole))
        bench->progress->sound++;
    else
        bench->progress->failed++;
    (void)cordon_engine_set_snapshot(bench->engine, NULL, &err);
    return false;
}

static void damage_for_rules(struct bench *bench, uint64_t number)
{
    sample_damage(&bench->sample, number, bench->progress->text,
                  sizeof bench->progress->text);
    (void)try_file(bench, CORDON_VERIFY_ON_READ, false);
}

static void damage_for_full(struct bench *bench, uint64_t number)
{
    uint64_t state = number;
    size_t at = sample_used_at(&bench->sample, number);
    unsigned bit = sample_draw(&state) % 8;

    snprintf(bench->progress->text, sizeof bench->progress->text, "byte %zu, bit %u",
             at, bit);
    sample_flip(&bench->sample, at, bit);
    if (!try_file(bench, CORDON_VERIFY_FULL, false))
        fail(bench, "full verification", "it was opened");
}

/* Every page's end, then lengths at random; the same filled up with zeros. */
static void damage_for_truncated(struct bench *bench, uint64_t number)
{
    size_t size = bench->sample.size;
    uint64_t state = number;
    size_t keep = number / 2 * 4096;
    bool filled = number % 2;

    if (keep >= size)
        keep = sample_draw(&state) % size;
    snprintf(bench->progress->text, sizeof bench->progress->text, "%zu of %zu bytes%s",
             keep, size, filled ? ", then zeros" : "");
    sample_truncate(&bench->sample, keep, filled ? size : keep);
    if (!try_file(bench, CORDON_VERIFY_ON_READ, false) && !filled)
        fail(bench, "cut off", "it was opened");
}

struct part {
    const char *name;
    void (*damage)(struct bench *bench, uint64_t number);
    uint64_t count, stride;
};

/* One batch in a process of its own; false: it failed, and has been told. */
static bool run_batch(struct bench *bench, const struct part *part, uint64_t first,
                      uint64_t end)
{
    struct progress *progress = bench->progress;
    pid_t child;
    int how = 0;

    fflush(stdout);
    progress->failure[0] = '\0';
    child = fork();
    if (child == 0) {
        alarm(SECONDS);
        sample_restore(&bench->sample);
        for (uint64_t i = first; i < end; i += part->stride) {
            progress->at = i;
            part->damage(bench, i);
        }
        cordon_outcome_free(bench->outcome);
        cordon_engine_free(bench->engine);
        exit(EXIT_SUCCESS);
    }
    if (child < 0 || waitpid(child, &how, 0) != child) {
        printf("no process for a batch\n");
        return false;
    }
    if (WIFEXITED(how) && WEXITSTATUS(how) == EXIT_SUCCESS)
        return true;
    printf("%s %" PRIu64 " (%s): ", part->name, progress->at, progress->text);
    if (WIFSIGNALED(how))
        printf("killed by signal %d\n", WTERMSIG(how));
    else
        printf("exit code %d: %s\n", WEXITSTATUS(how), progress->failure);
    return false;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct part parts[] = {
        {"rules", damage_for_rules, DAMAGES, 1},
        {"full", damage_for_full, 0, STRIDE},
        {"truncated", damage_for_truncated, 0, STRIDE},
    };
    struct progress *progress;
    size_t failed = 0;
    bool known = false;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s RULES rules|full|truncated [SEED]\n", argv[0]);
        return 2;
    }
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        return 2;
    bench.progress = progress;
    sample_init(&bench.sample);
    parts[1].count = bench.sample.used;
    parts[2].count = bench.sample.size / 4096 * 2 + 400;
    load_rules(&bench, argv[1]);
    if (try_file(&bench, CORDON_VERIFY_FULL, true)) {
        printf("the whole file is refused: %s\n", progress->failure);
        return 1;
    }
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        const struct part *part = &parts[p];
        uint64_t step = BATCH * part->stride;

        if (strcmp(part->name, argv[2]) != 0)
            continue;
        known = true;
        memset(progress, 0, sizeof *progress);
        if (argc == 4) {
            uint64_t one = strtoull(argv[3], NULL, 10);

            failed += !run_batch(&bench, part, one, one + 1);
        }
        for (uint64_t i = 0; argc == 3 && i < part->count && failed < 10; i += step)
            failed += !run_batch(&bench, part, i,
                                 i + step < part->count ? i + step : part->count);
        printf("%s: files: %" PRIu64 " refused, %" PRIu64 " with errors, %" PRIu64
               " answered as the sound one; requests: %" PRIu64 " the same, %" PRIu64
               " errors, %" PRIu64 " refused; %zu failures\n",
               part->name, progress->refused, progress->failed, progress->sound,
               progress->same, progress->errors, progress->denied, failed);
    }
    cordon_outcome_free(bench.outcome);
    cordon_engine_free(bench.engine);
    sample_deinit(&bench.sample);
    munmap(progress, sizeof *progress);
    return failed || !known;
}
