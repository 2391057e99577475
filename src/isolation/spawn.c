/* Starting programs, and seeing them end. */
#include "isolation/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void cdn_spawn_word(struct cdn_buf *words, const char *format, ...)
{
    char word[1024];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(word, sizeof word, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof word)
        words->failed = true; /* half an argument is none */
    else
        cdn_buf_append(words, word, (size_t)length + 1);
}

static bool split(char *argv[static CDN_SPAWN_MAX_WORDS + 1],
                  const struct cdn_buf *words)
{
    unsigned count = 0;

    for (size_t at = 0; at < words->length; count++) {
        if (count == CDN_SPAWN_MAX_WORDS)
            return false;
        argv[count] = (char *)words->data + at;
        at += strlen(argv[count]) + 1;
    }
    argv[count] = NULL;
    return count > 0;
}

/* Descriptors first go out of the way of each other, then to their places. */
static int arrange(posix_spawn_file_actions_t *actions, const struct cdn_spawn *spawn)
{
    enum { AWAY = 100, SAID = 99 };
    int failed = posix_spawn_file_actions_adddup2(
        actions, spawn->said < 0 ? 0 : spawn->said, SAID);

    if (spawn->said < 0)
        failed =
            posix_spawn_file_actions_addopen(actions, SAID, "/dev/null", O_RDWR, 0);
    for (unsigned i = 0; i < spawn->file_count && !failed; i++)
        failed =
            posix_spawn_file_actions_adddup2(actions, spawn->files[i], AWAY + (int)i);
    if (!failed)
        failed = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDWR, 0) ||
                 posix_spawn_file_actions_adddup2(actions, SAID, 1) ||
                 posix_spawn_file_actions_adddup2(actions, SAID, 2) ||
                 posix_spawn_file_actions_addclose(actions, SAID);
    for (unsigned i = 0; i < spawn->file_count && !failed; i++)
        failed = posix_spawn_file_actions_adddup2(actions, AWAY + (int)i, 3 + (int)i) ||
                 posix_spawn_file_actions_addclose(actions, AWAY + (int)i);
    return failed;
}

static int attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETSID) ||
           posix_spawnattr_setsigmask(attributes, &none) ||
           posix_spawnattr_setsigdefault(attributes, &all);
}

/* Hold on to a child by a descriptor. */
static cordon_status hold(int *out, pid_t child, cordon_error *err)
{
    int failed;

    *out = (int)syscall(SYS_pidfd_open, child, 0);
    if (*out >= 0)
        return CORDON_OK;
    failed = errno;
    if (failed != ESRCH) { /* else the host itself has waited for it */
        (void)kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    return cdn_error_errno(err, failed, "a child process");
}

cordon_status cdn_spawn(int *out, const struct cdn_spawn *spawn, cordon_error *err)
{
    char *argv[CDN_SPAWN_MAX_WORDS + 1], *envp[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    pid_t child;
    int failed;

    *out = -1;
    if (spawn->words->failed)
        return cdn_error_nomem(err);
    if (spawn->file_count > CDN_SPAWN_MAX_FILES || !split(argv, spawn->words))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%s: too many arguments or descriptors", spawn->program);
    if (posix_spawn_file_actions_init(&actions))
        return cdn_error_nomem(err);
    if (posix_spawnattr_init(&attr)) {
        posix_spawn_file_actions_destroy(&actions);
        return cdn_error_nomem(err);
    }
    failed = arrange(&actions, spawn) || attributes(&attr)
                 ? ENOMEM
                 : posix_spawn(&child, spawn->program, &actions, &attr, argv, envp);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return failed ? cdn_error_errno(err, failed, "%s", spawn->program)
                  : hold(out, child, err);
}

int cdn_spawn_reap(int child, int ms)
{
    struct pollfd ended = {.fd = child, .events = POLLIN};
    siginfo_t how = {0};
    int failed;

    if (poll(&ended, 1, ms) <= 0)
        (void)syscall(SYS_pidfd_send_signal, child, SIGKILL, NULL, 0);
    while ((failed = waitid(P_PIDFD, (id_t)child, &how, WEXITED)) && errno == EINTR)
        ;
    close(child);
    if (failed)
        return -1;
    return how.si_code == CLD_EXITED ? how.si_status : 128 + how.si_status;
}
