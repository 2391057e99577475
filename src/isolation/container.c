/* Choosing a runtime, and starting a keeper that calls it. */
#include "isolation/container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "isolation/process.h"

/* What printing a version may take. */
#define VERSION_NS UINT64_C(2000000000)
/* What a container may take to be made where runtimes are tried. */
#define TRIAL_NS UINT64_C(10000000000)

enum { MOST_RUNTIMES = 8 };

static const char *const places[] = {"/usr/bin/crun",       "/usr/local/bin/crun",
                                     "/usr/bin/runc",       "/usr/sbin/runc",
                                     "/usr/local/bin/runc", "/usr/local/sbin/runc"};

/* ---- its version ---- */

static cordon_status start_version(pid_t *out, const char *runtime, int said,
                                   cordon_error *err)
{
    posix_spawn_file_actions_t actions;
    char version[] = "--version";
    char *argv[] = {(char *)(uintptr_t)runtime, version, NULL};
    char *envp[] = {NULL};
    int failed;

    if (posix_spawn_file_actions_init(&actions))
        return cdn_error_nomem(err);
    failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0) ||
             posix_spawn_file_actions_adddup2(&actions, said, 1) ||
             posix_spawn_file_actions_adddup2(&actions, 0, 2);
    if (failed)
        failed = ENOMEM;
    else
        failed = posix_spawn(out, runtime, &actions, NULL, argv, envp);
    posix_spawn_file_actions_destroy(&actions);
    return failed ? cdn_error_errno(err, failed, "%s", runtime) : CORDON_OK;
}

/* Read until a line has ended. */
static cordon_status read_line(char *out, size_t size, int from, cordon_error *err)
{
    uint64_t until_ns = cdn_clock_ns() + VERSION_NS;
    size_t length = 0;

    for (;;) {
        struct pollfd said = {.fd = from, .events = POLLIN};
        uint64_t now_ns = cdn_clock_ns();
        ssize_t got;

        if (now_ns >= until_ns)
            return cdn_error_set(err, CORDON_E_INTERRUPTED,
                                 "--version was not answered in time");
        if (poll(&said, 1, (int)((until_ns - now_ns) / 1000000) + 1) <= 0)
            continue;
        got = read(from, out + length, size - 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        length += got > 0 ? (size_t)got : 0;
        out[length] = '\0';
        if (strchr(out, '\n')) {
            *strchr(out, '\n') = '\0';
            return CORDON_OK;
        }
        if (got <= 0 || length == size - 1)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "--version is not answered by a line");
    }
}

cordon_status cdn_container_version(char *out, size_t size, const char *runtime,
                                    cordon_error *err)
{
    char line[128], *version;
    int said[2];
    pid_t pid = 0;
    cordon_status status;

    if (pipe2(said, O_CLOEXEC))
        return cdn_error_errno(err, errno, "a pipe");
    status = start_version(&pid, runtime, said[1], err);
    close(said[1]);
    if (!status) {
        status = read_line(line, sizeof line, said[0], err);
        if (status)
            cdn_error_prefix(err, "%s", runtime);
        (void)kill(pid, SIGKILL); /* it has said what it was asked */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(said[0]);
    if (status)
        return status;
    /* "crun version 1.8.1", "runc version 1.1.5+ds1" */
    version = strstr(line, " version ");
    if (version)
        memmove(version, version + 8, strlen(version + 8) + 1);
    cdn_escape(out, size, line, strlen(line));
    return CORDON_OK;
}

/* ---- starting one ---- */

/* The static program beside cordon-worker, if there is one: its root then holds one file. */
static const char *prefer_static(char path[PATH_MAX], const char *program)
{
    int length = snprintf(path, PATH_MAX, "%s-static", program);

    return length < PATH_MAX && !access(path, X_OK) ? path : program;
}

/* ---- choosing one ---- */

/* Whether it makes a container of a worker that sees nothing. */
static cordon_status try_runtime(const char *runtime,
                                 const struct cdn_wall_options *with, cordon_error *err)
{
    struct cdn_worker *worker;
    cordon_status status = cdn_process_spawn_kept(&worker, runtime, with, NULL, err);

    if (!status)
        status = cdn_worker_greet(worker, cdn_clock_ns() + TRIAL_NS, err);
    if (worker)
        worker->end(worker);
    return status;
}

cordon_status cdn_container_choose(const char **out, bool *works, char *why,
                                   size_t size, const char *const *from, size_t count,
                                   const struct cdn_wall_options *options,
                                   cordon_error *err)
{
    const char *found[MOST_RUNTIMES];
    struct cdn_wall_options with = *options;
    char path[PATH_MAX];
    size_t there = 0, length = 0;
    cordon_error own;

    *out = NULL;
    *works = false;
    why[0] = '\0';
    for (size_t i = 0; i < count && there < MOST_RUNTIMES; i++)
        if (!access(from[i], X_OK))
            found[there++] = from[i];
    if (!there)
        return cdn_error_set(err, CORDON_E_NOTFOUND,
                             "neither crun nor runc is installed; on Debian: apt-get "
                             "install crun");
    *out = found[0];
    *works = there == 1; /* there is no choice, and it says itself if it does not */
    with.program = prefer_static(path, options->program);
    for (size_t i = 0; i < there && !*works; i++) {
        cordon_status status = try_runtime(found[i], &with, &own);

        if (status == CORDON_E_NOMEM)
            return cdn_error_nomem(err);
        if (!status) {
            *out = found[i];
            *works = true;
        } else if (length < size) {
            length += (size_t)snprintf(why + length, size - length, "%s%s",
                                       length ? "; " : "", own.message);
        }
    }
    return CORDON_OK;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *chosen; /* one that worked when it was tried */
static char chosen_why[CDN_CONTAINER_WHY];

const char *cdn_container_chosen(char why[static CDN_CONTAINER_WHY])
{
    const char *runtime;

    pthread_mutex_lock(&lock);
    runtime = chosen;
    memcpy(why, chosen_why, sizeof chosen_why);
    pthread_mutex_unlock(&lock);
    return runtime;
}

/* Tried once; where none works, the first is taken, and they are tried again for the next. */
static cordon_status
choose_once(const char **out, const struct cdn_wall_options *options, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    bool works;

    pthread_mutex_lock(&lock);
    *out = chosen;
    if (!chosen) {
        status =
            cdn_container_choose(out, &works, chosen_why, sizeof chosen_why, places,
                                 sizeof places / sizeof *places, options, err);
        if (!status && works)
            chosen = *out;
        else
            chosen_why[0] = '\0';
    }
    pthread_mutex_unlock(&lock);
    return status;
}

cordon_status cdn_container_spawn(struct cdn_worker **out,
                                  const struct cdn_wall_options *options,
                                  const cordon_snapshot *snapshot, cordon_error *err)
{
    const char *runtime = options->runtime;
    struct cdn_wall_options with = *options;
    cordon_status status = CORDON_OK;
    char path[PATH_MAX];

    *out = NULL;
    if (!runtime)
        status = choose_once(&runtime, options, err);
    if (status)
        return status;
    with.program = prefer_static(path, options->program);
    return cdn_process_spawn_kept(out, runtime, &with, snapshot, err);
}

cordon_status cdn_container_start(struct cdn_worker **out,
                                  const struct cdn_wall_options *options,
                                  const cordon_snapshot *snapshot, cordon_error *err)
{
    return cdn_wall_start(out, CORDON_WALL_CONTAINER, options, snapshot, err);
}
