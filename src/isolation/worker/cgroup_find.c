/* Reading what /proc tells of control groups.
 *
 * These texts come from the kernel, but names in them are anybody's: whoever may mount or make
 * groups chooses them.  So they are read as any input is: a line that is not as it should be, or
 * whose path does not fit, is skipped.
 *
 *   mountinfo   36 25 0:31 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory
 *               numbers, root within the file system, where it is mounted, options, any number
 *               of tags, "-", type, source, the file system's options; \040 is a space
 *   cgroup      4:memory:/a/b    hierarchy, controllers, path;   0::/a/b    v2 */
#include "isolation/worker/cgroup.h"

#include <stdio.h>
#include <string.h>

/* ---- words ---- */

/* A part of a text. */
struct span {
    const char *at;
    size_t length;
};

/* What comes before the next `stop` or the end, which is stepped over.  False: nothing is left. */
static bool cut(struct span *out, struct span *rest, char stop)
{
    const char *end;

    if (!rest->at)
        return false;
    end = memchr(rest->at, stop, rest->length);
    *out = (struct span){rest->at, end ? (size_t)(end - rest->at) : rest->length};
    if (end)
        *rest = (struct span){end + 1, rest->length - out->length - 1};
    else
        *rest = (struct span){NULL, 0};
    return true;
}

static bool is(struct span word, const char *text)
{
    return word.length == strlen(text) && !memcmp(word.at, text, word.length);
}

static uint32_t controller(struct span word)
{
    if (is(word, "memory"))
        return CDN_CGROUP_MEMORY;
    if (is(word, "cpu"))
        return CDN_CGROUP_CPU;
    return is(word, "pids") ? CDN_CGROUP_PIDS : 0;
}

static uint32_t controllers(struct span list, char comma)
{
    struct span word;
    uint32_t found = 0;

    while (cut(&word, &list, comma))
        found |= controller(word);
    return found;
}

uint32_t cdn_cgroup_listed(const char *text, size_t bytes)
{
    if (bytes && text[bytes - 1] == '\n')
        bytes--;
    return controllers((struct span){text, bytes}, ' ');
}

static bool digit(char c, char most)
{
    return c >= '0' && c <= most;
}

/* A path as mountinfo writes it: an absolute one without "..". */
static bool unescape(char out[static PATH_MAX], struct span path)
{
    size_t used = 0;

    for (size_t i = 0; i < path.length; i++) {
        const char *at = path.at + i;
        char c = *at;

        if (c == '\\' && path.length - i > 3 && digit(at[1], '3') &&
            digit(at[2], '7') && digit(at[3], '7')) {
            c = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            i += 3;
        }
        if (!c || used == PATH_MAX - 1)
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return out[0] == '/' && !strstr(out, "/..");
}

/* ---- places ---- */

struct mount {
    char root[PATH_MAX];
    char point[PATH_MAX];
    bool v2;
    uint32_t controllers;
};

static bool read_mount(struct mount *out, struct span line)
{
    struct span word, root, point, type;

    for (int skipped = 0; skipped < 3; skipped++)
        if (!cut(&word, &line, ' '))
            return false;
    if (!cut(&root, &line, ' ') || !cut(&point, &line, ' '))
        return false;
    do {
        if (!cut(&word, &line, ' '))
            return false;
    } while (!is(word, "-"));
    if (!cut(&type, &line, ' ') || !cut(&word, &line, ' '))
        return false;
    out->v2 = is(type, "cgroup2");
    if (!out->v2 && !is(type, "cgroup"))
        return false;
    out->controllers = out->v2 ? CDN_CGROUP_ALL : controllers(line, ',');
    return out->controllers && unescape(out->root, root) && unescape(out->point, point);
}

/* This process's path in the hierarchy of a mount. */
static bool find_own(char out[static PATH_MAX], const struct mount *mount,
                     struct span own)
{
    struct span line, number, list;

    while (cut(&line, &own, '\n')) {
        if (!cut(&number, &line, ':') || !cut(&list, &line, ':') || !line.at)
            continue;
        if (mount->v2 ? !is(number, "0") || list.length != 0
                      : !(controllers(list, ',') & mount->controllers))
            continue;
        if (line.length >= PATH_MAX || memchr(line.at, '\0', line.length))
            return false;
        memcpy(out, line.at, line.length);
        out[line.length] = '\0';
        return out[0] == '/' && !strstr(out, "/..");
    }
    return false;
}

/* The folder of this process's group, which is below the root of what is mounted. */
static bool place(struct cdn_cgroup_place *out, const struct mount *mount,
                  const char *own)
{
    size_t root = strcmp(mount->root, "/") != 0 ? strlen(mount->root) : 0;
    const char *below = own + root;
    int length;

    if (strncmp(own, mount->root, root) != 0 || (*below && *below != '/'))
        return false;
    if (!strcmp(below, "/"))
        below = "";
    length = snprintf(out->folder, sizeof out->folder, "%s%s", mount->point, below);
    out->v2 = mount->v2;
    out->top = !*below;
    out->controllers = mount->controllers;
    return length > 0 && (size_t)length < sizeof out->folder;
}

void cdn_cgroup_find(struct cdn_cgroup_places *out, const char *mounts,
                     size_t mounts_bytes, const char *own, size_t own_bytes)
{
    struct span rest = {mounts, mounts_bytes}, line;
    uint32_t known = 0; /* v1's: each has one hierarchy, wherever else it is mounted */
    bool v2 = false;
    struct mount mount;
    char path[PATH_MAX];

    out->count = 0;
    while (out->count < CDN_CGROUP_PLACES && cut(&line, &rest, '\n')) {
        struct cdn_cgroup_place *next = &out->places[out->count];

        if (!read_mount(&mount, line) ||
            (mount.v2 ? v2 : !(mount.controllers & ~known)) ||
            !find_own(path, &mount, (struct span){own, own_bytes}) ||
            !place(next, &mount, path))
            continue;
        out->count++;
        if (mount.v2) {
            v2 = true;
            continue;
        }
        next->controllers &= ~known;
        known |= next->controllers;
    }
}

/* ---- owners ---- */

/* A number in decimal digits, which are stepped over; false: there is none, or a larger one. */
static bool number(uint64_t *out, const char **at, const char *end)
{
    const char *from = *at;

    *out = 0;
    while (*at < end && digit(**at, '9')) {
        if (*out > (UINT64_MAX - 9) / 10)
            return false;
        *out = *out * 10 + (uint64_t)(**at - '0');
        ++*at;
    }
    return *at > from;
}

uint64_t cdn_cgroup_began(const char *stat, size_t bytes)
{
    /* "12 (a name, with anything in it) S 1 ...": the 22nd field is the 20th after it */
    enum { FIELD = 20 };
    struct span rest = {stat, bytes}, word = {stat, 0};
    const char *at;
    uint64_t began;

    while (rest.length && rest.at[rest.length - 1] != ')')
        rest.length--;
    if (!rest.length)
        return 0;
    rest = (struct span){stat + rest.length, bytes - rest.length};
    for (int field = 0; field <= FIELD; field++)
        if (!cut(&word, &rest, ' '))
            return 0;
    at = word.at;
    return number(&began, &at, word.at + word.length) && at == word.at + word.length
               ? began
               : 0;
}

bool cdn_cgroup_ended(const char *stat, size_t bytes)
{
    size_t name = bytes;

    while (name && stat[name - 1] != ')')
        name--;
    return name && bytes - name > 1 && (stat[name + 1] == 'Z' || stat[name + 1] == 'X');
}

bool cdn_cgroup_owner(pid_t *keeper, uint64_t *began, const char *name)
{
    static const char prefix[] = "cordon-";
    const char *at = name + sizeof prefix - 1, *end = name + strlen(name);
    uint64_t pid;

    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || !number(&pid, &at, end) ||
        pid == 0 || pid > INT_MAX || *at++ != '-' || !number(began, &at, end) ||
        at != end)
        return false;
    *keeper = (pid_t)pid;
    return true;
}
