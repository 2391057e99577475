/* Runtimes that do not do what they are there for, for tests: which, its name says. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *pid_file;

static void say_pid(long pid)
{
    FILE *file = fopen(pid_file, "w");

    if (!file)
        _exit(9);
    fprintf(file, "%ld", pid);
    fclose(file);
}

/* A child that goes on when this process has ended; in it, false. */
static bool leave_child(unsigned long flags)
{
    long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid > 0)
        say_pid(pid);
    return pid != 0;
}

/* The worker, without a container around it.  WORKER is the program. */
static void bare(unsigned long flags)
{
    if (!leave_child(flags))
        execl(WORKER, "cordon-worker", "--contained", "-", "1048576", "4194304",
              "268435456", "60", "0", (char *)NULL);
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/');
    bool version = false;

    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && !strcmp(argv[i], "--pid-file"))
            pid_file = argv[i + 1];
        version = version || !strcmp(argv[i], "--version");
    }
    name = name ? name + 1 : argv[0];
    if (!strcmp(name, "crun-hangs")) {
        signal(SIGTERM, SIG_IGN);
        (void)fork(); /* a child as well */
        for (;;)
            pause();
    }
    if (!strcmp(name, "crun-fails")) {
        fprintf(stderr, "one line\nanother: \x1b[31mred\n");
        return 1;
    }
    if (!strcmp(name, "crun-floods")) {
        for (int i = 0; i < 100000; i++)
            printf("%c", version ? '\0' : 'x');
        return 1;
    }
    if (!strcmp(name, "crun-crashes"))
        raise(SIGKILL);
    if (!strcmp(name, "crun-claims"))
        return 0; /* and has not even written down what it made */
    if (!strcmp(name, "crun-lies"))
        say_pid(1);
    if (!strcmp(name, "crun-sleeps") && !leave_child(0))
        for (;;)
            pause();
    if (!strcmp(name, "crun-bares"))
        bare(0);
    if (!strcmp(name, "crun-half"))
        bare(CLONE_NEWPID);
    if (!strcmp(name, "runc-fails")) {
        fprintf(stderr, "time=\"now\" level=error msg=\"no such thing\"\n");
        return 1;
    }
    return 0;
}
