/* The calls at which a process may be told to die: see dying.h. */
#include "support/dying.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "base/file.h"
#include "support/unit.h"

#define SEEN __attribute__((visibility("default")))

/* ---- the calls ---- */

static long calls;       /* made so far in this process */
static long die_at = -1; /* the call to die at; -1: none */
static enum dying_moment moment;

/* True: this is the call to die within; dies here if it is the one to die before. */
static bool at_call(void)
{
    if (calls++ != die_at)
        return false;
    if (moment == DYING_BEFORE)
        kill(getpid(), SIGKILL);
    return true;
}

SEEN ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
    bool die = at_call();
    ssize_t done = syscall(SYS_pwrite64, fd, buf, die ? n / 2 : n, offset);

    if (die)
        kill(getpid(), SIGKILL);
    return done;
}

SEEN ssize_t write(int fd, const void *buf, size_t n)
{
    bool die = at_call();
    ssize_t done = syscall(SYS_write, fd, buf, die ? n / 2 : n);

    if (die)
        kill(getpid(), SIGKILL);
    return done;
}

SEEN ssize_t writev(int fd, const struct iovec *iovec, int count)
{
    bool die = at_call();
    ssize_t done = syscall(SYS_writev, fd, iovec, die ? count / 2 : count);

    if (die)
        kill(getpid(), SIGKILL);
    return done;
}

SEEN int fdatasync(int fildes)
{
    (void)fildes;
    if (at_call())
        kill(getpid(), SIGKILL);
    return 0;
}

SEEN int fsync(int fd)
{
    return fdatasync(fd);
}

SEEN int ftruncate(int fd, off_t length)
{
    bool die = at_call();
    int done = (int)syscall(SYS_ftruncate, fd, length);

    if (die)
        kill(getpid(), SIGKILL);
    return done;
}

SEEN int link(const char *from, const char *to)
{
    bool die = at_call();
    int done = (int)syscall(SYS_link, from, to);

    if (die)
        kill(getpid(), SIGKILL);
    return done;
}

SEEN int unlink(const char *name)
{
    bool die = at_call();
    int done = (int)syscall(SYS_unlink, name);

    if (die)
        kill(getpid(), SIGKILL);
    return done;
}

/* ---- deaths ---- */

void dying_in_memory(void)
{
    if (!access("/dev/shm", W_OK | X_OK))
        setenv("TMPDIR", "/dev/shm", 0);
}

bool dying_run(cordon_status (*change)(void *ud), void *ud, long call,
               enum dying_moment when)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        calls = 0;
        moment = when;
        die_at = call;
        _exit(change(ud) ? 1 : 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        ck_assert_int_eq(WTERMSIG(status), SIGKILL);
        return true;
    }
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    return false;
}

static void read_state(struct cdn_buf *out, const struct dying_trial *trial)
{
    cdn_buf_clear(out);
    trial->state(out);
    ck_assert(!out->failed);
}

static bool same(const struct cdn_buf *a, const struct cdn_buf *b)
{
    return a->length == b->length && !memcmp(a->data, b->data, a->length);
}

static void put_file(const struct dying_trial *trial, const struct cdn_buf *bytes)
{
    ck_assert_int_eq(cdn_file_replace(trial->path, bytes->data, bytes->length, NULL),
                     CORDON_OK);
}

struct ends {
    struct cdn_buf file, before, after;
};

static void die_at_each(const struct dying_trial *trial, const struct ends *ends,
                        enum dying_moment when, bool watched)
{
    struct cdn_buf found = {0};
    int as_before = 0, as_after = 0;
    long deaths = 0;

    for (bool died = true; died; deaths += died) {
        void *watching;

        put_file(trial, &ends->file);
        watching = watched ? trial->watch() : NULL;
        died = dying_run(trial->change, trial->ud, deaths, when);
        read_state(&found, trial);
        if (same(&found, &ends->before)) {
            as_before++;
            ck_assert(died);
            ck_assert(!dying_run(trial->change, trial->ud, -1, when));
            read_state(&found, trial);
        } else {
            as_after++;
        }
        ck_assert_msg(same(&found, &ends->after), "%s, killed at call %ld, %s:\n%s",
                      trial->name, deaths, when == DYING_WITHIN ? "within" : "before",
                      (char *)found.data);
        if (watched)
            trial->unwatch(watching);
    }
    /* At least the pages, their sync, and the meta page; and something of each. */
    ck_assert_int_ge(deaths, 3);
    ck_assert_int_gt(as_before, 0);
    ck_assert_int_gt(as_after, 0);
    cdn_buf_deinit(&found);
}

void dying_everywhere(const struct dying_trial *trial)
{
    struct ends ends = {{0}, {0}, {0}};

    ck_assert_int_eq(cdn_file_read(&ends.file, trial->path, 1 << 24, NULL), CORDON_OK);
    read_state(&ends.before, trial);
    ck_assert(!dying_run(trial->change, trial->ud, -1, DYING_BEFORE));
    read_state(&ends.after, trial);
    ck_assert_msg(!same(&ends.before, &ends.after), "%s changes nothing", trial->name);
    for (int watched = 0; watched < 2; watched++) {
        die_at_each(trial, &ends, DYING_BEFORE, watched);
        die_at_each(trial, &ends, DYING_WITHIN, watched);
    }
    put_file(trial, &ends.file);
    cdn_buf_deinit(&ends.file);
    cdn_buf_deinit(&ends.before);
    cdn_buf_deinit(&ends.after);
}
