/* Runs workload W0, W1, W2 or W3 through the public API and writes what the C reference
 * writes: one line "<ns>TAB<answer>" per request, then "# rss_kb N sandbox_kb N".
 *
 *   bench_workloads DIR STORE RULE W0|W1|W2|W3 REQUESTS MAX_SECONDS RESULTS
 *
 * DIR holds requests.csv (req,account,now_ms,user).  The time of a request runs from
 * having the request to having the answer as a string: key look-up, a pristine sandbox,
 * the run, reading the outcome and formatting it.  Opening and loading is outside, as
 * in the reference, and so is one warm-up pass over the same requests backwards. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cordon.h>

#define ANSWER_BYTES 512

struct request {
    char account[24];
    char user[24];
    int64_t now_ms;
};

struct result {
    uint64_t ns;
    char answer[ANSWER_BYTES];
};

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void die(const char *what, const cordon_error *err)
{
    fprintf(stderr, "bench_workloads: %s: %s%s%s\n", what, err ? err->file : "",
            err && err->file[0] ? ": " : "", err ? err->message : "");
    exit(3);
}

static struct request *read_requests(const char *dir, size_t *count)
{
    char path[4096], line[256];
    struct request *all = NULL;
    size_t n = 0, capacity = 0;

    snprintf(path, sizeof path, "%s/requests.csv", dir);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file))
        die(path, NULL);
    while (fgets(line, sizeof line, file)) {
        if (n == capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            all = realloc(all, capacity * sizeof *all);
            if (!all)
                die("out of memory", NULL);
        }
        if (sscanf(line, "%*[^,],%23[^,],%" SCNd64 ",%23[^\r\n]", all[n].account,
                   &all[n].now_ms, all[n].user) != 3)
            die("malformed requests.csv", NULL);
        n++;
    }
    fclose(file);
    *count = n;
    return all;
}

/* The elements of the output array, `count` numbers that are integral. */
static void elements(int64_t *out, const cordon_value *output, size_t count)
{
    cordon_value_iter iter;
    cordon_value value;

    cordon_value_iter_init(&iter, output);
    for (size_t i = 0; i < count; i++) {
        if (!cordon_value_next(&iter, NULL, &value))
            die("the rule's output is too short", NULL);
        out[i] =
            value.type == CORDON_INTEGER ? value.as.integer : (int64_t)value.as.number;
    }
}

static void format_recommendations(char *answer, const cordon_value *output)
{
    cordon_value_iter iter;
    cordon_value pair, item, score;
    size_t length = 0;

    answer[0] = '\0';
    cordon_value_iter_init(&iter, output);
    while (cordon_value_next(&iter, NULL, &pair)) {
        if (!cordon_value_at(&item, &pair, 0) || !cordon_value_at(&score, &pair, 1))
            die("malformed recommendation", NULL);
        length += (size_t)snprintf(answer + length, ANSWER_BYTES - length,
                                   "%s%.*s:%" PRId64, length ? "," : "",
                                   (int)item.length, item.as.string, score.as.integer);
    }
}

static void format_answer(char *answer, char workload, const cordon_outcome *outcome)
{
    cordon_value output = cordon_outcome_output(outcome);
    int64_t numbers[5];

    if (cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK) {
        snprintf(answer, ANSWER_BYTES, "%s: %s",
                 cordon_outcome_kind_str(cordon_outcome_get_kind(outcome)),
                 cordon_outcome_message(outcome));
        return;
    }
    if (workload == '0') {
        snprintf(answer, ANSWER_BYTES, "%" PRId64, output.as.integer);
    } else if (workload == '1') {
        const char *decision = cordon_outcome_decision(outcome);
        double score = 0;

        cordon_outcome_score(outcome, &score);
        elements(numbers, &output, 5);
        snprintf(answer, ANSWER_BYTES,
                 "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                 " %d",
                 numbers[0], numbers[1], numbers[2], numbers[3], numbers[4],
                 (int64_t)score,
                 decision && !strcmp(decision, "deny")     ? 2
                 : decision && !strcmp(decision, "review") ? 1
                                                           : 0);
    } else if (workload == '2') {
        elements(numbers, &output, 2);
        snprintf(answer, ANSWER_BYTES, "%" PRId64 " %" PRId64, numbers[0], numbers[1]);
    } else {
        format_recommendations(answer, &output);
    }
}

int main(int argc, char **argv)
{
    cordon_error err = {0};
    cordon_snapshot *snapshot = NULL;
    cordon_engine *engine;
    cordon_outcome *outcome;
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    size_t count, done = 0;
    uint64_t image_bytes = 0;

    if (argc != 8 || strlen(argv[4]) != 2 || argv[4][1] < '0' || argv[4][1] > '3') {
        fprintf(stderr, "usage: bench_workloads DIR STORE RULE W0|W1|W2|W3 REQUESTS "
                        "MAX_SECONDS RESULTS\n");
        return 2;
    }
    char workload = argv[4][1];
    char *seconds_end;
    double seconds = strtod(argv[6], &seconds_end);
    if (*seconds_end || !(seconds > 0)) {
        fprintf(stderr, "bench_workloads: MAX_SECONDS is a number above 0, not %s\n",
                argv[6]);
        return 2;
    }
    struct request *requests = read_requests(argv[1], &count);
    size_t wanted = (size_t)strtoull(argv[5], NULL, 10);
    if (wanted < count)
        count = wanted;

    options.slots = 1;
    options.max_instructions = UINT64_C(1000000000);
    if (cordon_engine_new(&engine, &options, &err))
        die("engine", &err);
    if (workload != '0') {
        if (cordon_snapshot_open(&snapshot, argv[2], NULL, &err))
            die(argv[2], &err);
        if (cordon_engine_set_snapshot(engine, snapshot, &err))
            die(argv[2], &err);
    }
    if (cordon_engine_load_rule_file(engine, argv[3], rule, &err))
        die(argv[3], &err);
    if (cordon_outcome_new(&outcome, &err))
        die("outcome", &err);
    struct result *results = calloc(count + 1, sizeof *results);
    if (!results)
        die("out of memory", NULL);

    uint64_t warm_until = now_ns() + UINT64_C(2000000000);
    uint64_t end = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass)
            end = now_ns() + (uint64_t)(seconds * 1e9);
        for (size_t i = 0; i < count; i++) {
            const struct request *r = &requests[pass ? i : count - 1 - i];
            cordon_request request = CORDON_REQUEST_INIT;
            char *answer = results[pass ? i : count].answer;

            uint64_t started = now_ns();
            if (workload != '0') {
                request.label = workload == '3' ? "User" : "Account";
                request.key = workload == '3' ? r->user : r->account;
            }
            request.now_ms = r->now_ms;
            cordon_status status =
                cordon_evaluate(outcome, engine, rule, &request, &err);
            if (status == CORDON_E_NOTFOUND && workload == '3')
                answer[0] = '\0'; /* a user who rated nothing is not in the graph */
            else if (status)
                die("evaluate", &err);
            else
                format_answer(answer, workload, outcome);
            uint64_t ended = now_ns();
            if (pass) {
                results[i].ns = ended - started;
                done = i + 1;
            }
            if (pass ? ended > end : ended > warm_until)
                break;
        }
    }

    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    cordon_engine_rule_image_bytes(&image_bytes, engine, rule, &err);
    FILE *file = fopen(argv[7], "w");
    if (!file)
        die(argv[7], NULL);
    for (size_t i = 0; i < done; i++)
        fprintf(file, "%" PRIu64 "\t%s\n", results[i].ns, results[i].answer);
    fprintf(file, "# rss_kb %ld sandbox_kb %" PRIu64 "\n", usage.ru_maxrss,
            image_bytes / 1024);
    fclose(file);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
    cordon_snapshot_release(snapshot);
    free(results);
    free(requests);
    return 0;
}
