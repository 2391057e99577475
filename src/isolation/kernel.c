/* Finding kernels, and unpacking one.
 *
 * The system's own files are not enemies, but what names them may be (a folder that others can
 * write), and a file that was damaged should be an error and not a machine that hangs: each
 * length is held against the file's, each name against what names are made of. */
#include "isolation/kernel.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "isolation/lz4.h"

#define PREFIX "vmlinuz-"
#define SUFFIX "-cloud-amd64"

#define IMAGE_MOST    ((size_t)64 << 20)
#define UNPACKED_MOST ((size_t)256 << 20)
#define LIST_MOST     ((size_t)4 << 20)
#define MODULE_MOST   ((size_t)4 << 20)

/* ---- names ---- */

static bool is_word(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && !memchr("+.~_-", c, 5))
            return false;
    }
    return bytes > 0 && text[0] != '.';
}

/* The version in a file's name, or NULL. */
static const char *version_in(const char *name)
{
    size_t length = strlen(name), most = sizeof((struct cdn_kernel *)0)->version;

    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        return NULL;
    name += strlen(PREFIX);
    length -= strlen(PREFIX);
    if (length <= strlen(SUFFIX) || length >= most ||
        strcmp(name + length - strlen(SUFFIX), SUFFIX) != 0 || !is_word(name, length))
        return NULL;
    return name;
}

/* A module's path in a list: words and slashes. */
static bool is_path(const char *text, size_t bytes)
{
    size_t word = 0;

    for (size_t i = 0; i <= bytes; i++) {
        if (i < bytes && text[i] != '/')
            continue;
        if (!is_word(text + word, i - word))
            return false;
        word = i + 1;
    }
    return bytes < sizeof((struct cdn_kernel *)0)->modules[0];
}

/* ---- files ---- */

/* May nobody write it but root and whoever asks? */
static cordon_status check_file(const char *path, cordon_error *err)
{
    struct stat file;

    if (stat(path, &file))
        return cdn_error_errno(err, errno, "%s", path);
    if (!S_ISREG(file.st_mode))
        return cdn_error_set(err, CORDON_E_DENIED, "%s is no file", path);
    if ((file.st_uid != 0 && file.st_uid != geteuid()) ||
        file.st_mode & (S_IWGRP | S_IWOTH))
        return cdn_error_set(err, CORDON_E_DENIED,
                             "%s can be written by others than root and this user",
                             path);
    return CORDON_OK;
}

static cordon_status read_file(struct cdn_buf *out, const char *path, size_t most,
                               cordon_error *err)
{
    cordon_status status = check_file(path, err);

    return status ? status : cdn_file_read(out, path, most, err);
}

static cordon_status no_file(int *fd, cordon_error *err)
{
    cordon_status status = cdn_error_errno(err, errno, "a file in memory");

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return status;
}

/* A file in memory of that size, and its bytes until it is sealed. */
static cordon_status make_file(int *fd, unsigned char **bytes, size_t size,
                               cordon_error *err)
{
    void *room = MAP_FAILED;

    *bytes = NULL;
    *fd = memfd_create("cordon-machine", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd >= 0 && !ftruncate(*fd, (off_t)size))
        room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (room == MAP_FAILED)
        return no_file(fd, err);
    *bytes = room;
    return CORDON_OK;
}

static cordon_status seal_file(int *fd, unsigned char *bytes, size_t size,
                               cordon_error *err)
{
    enum { SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL };

    munmap(bytes, size);
    return fcntl(*fd, F_ADD_SEALS, SEALS) ? no_file(fd, err) : CORDON_OK;
}

cordon_status cdn_kernel_seal(int *fd, const void *bytes, size_t count,
                              cordon_error *err)
{
    unsigned char *room;
    cordon_status status = make_file(fd, &room, count, err);

    if (status)
        return status;
    memcpy(room, bytes, count);
    return seal_file(fd, room, count, err);
}

/* ---- modules ---- */

/* The line of a list: where its first path begins and ends, and the rest. */
struct line {
    const char *path;
    size_t path_bytes;
    const char *rest; /* behind the colon */
    size_t rest_bytes;
};

static bool next_line(struct line *out, const char **at, const char *end)
{
    while (*at < end) {
        const char *stop = memchr(*at, '\n', (size_t)(end - *at)), *colon;

        if (!stop)
            stop = end;
        colon = memchr(*at, ':', (size_t)(stop - *at));
        if (colon)
            *out = (struct line){*at, (size_t)(colon - *at), colon + 1,
                                 (size_t)(stop - colon - 1)};
        *at = stop < end ? stop + 1 : end;
        if (colon)
            return true;
    }
    return false;
}

/* Is it the module of that name: its last part is the name and ".ko"? */
static bool is_module(const struct line *line, const char *name)
{
    size_t length = strlen(name);

    return line->path_bytes > length + 4 &&
           !memcmp(line->path + line->path_bytes - 3, ".ko", 3) &&
           !memcmp(line->path + line->path_bytes - 3 - length, name, length) &&
           line->path[line->path_bytes - 4 - length] == '/';
}

static cordon_status append(struct cdn_kernel *kernel, const char *path, size_t bytes,
                            cordon_error *err)
{
    if (!is_path(path, bytes))
        return cdn_error_set(err, CORDON_E_DATA, "%s: modules.dep: '%.*s' is no path",
                             kernel->version, bytes < 100 ? (int)bytes : 100, path);
    for (uint32_t i = 0; i < kernel->module_count; i++)
        if (strlen(kernel->modules[i]) == bytes &&
            !memcmp(kernel->modules[i], path, bytes))
            return CORDON_OK; /* something else needed it before */
    if (kernel->module_count == CDN_KERNEL_MAX_MODULES)
        return cdn_error_set(err, CORDON_E_DATA,
                             "%s: modules.dep: more than %u modules are needed",
                             kernel->version, CDN_KERNEL_MAX_MODULES);
    memcpy(kernel->modules[kernel->module_count], path, bytes);
    kernel->modules[kernel->module_count++][bytes] = '\0';
    return CORDON_OK;
}

/* What a module needs, from the last that is named, and then itself. */
static cordon_status append_line(struct cdn_kernel *kernel, const struct line *line,
                                 cordon_error *err)
{
    const char *end = line->rest + line->rest_bytes;
    cordon_status status = CORDON_OK;

    while (!status) {
        const char *start;

        while (end > line->rest && end[-1] == ' ')
            end--;
        if (end == line->rest)
            break;
        for (start = end; start > line->rest && start[-1] != ' '; start--)
            ;
        status = append(kernel, start, (size_t)(end - start), err);
        end = start;
    }
    return status ? status : append(kernel, line->path, line->path_bytes, err);
}

cordon_status cdn_kernel_order(struct cdn_kernel *kernel, const char *text,
                               size_t bytes, const char *const *wanted,
                               cordon_error *err)
{
    for (; *wanted; wanted++) {
        const char *at = text;
        struct line line = {0};
        bool found = false;
        cordon_status status;

        while (!found && next_line(&line, &at, text + bytes))
            found = is_module(&line, *wanted);
        if (!found)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "%s: modules.dep: there is no %s.ko, uncompressed",
                                 kernel->version, *wanted);
        status = append_line(kernel, &line, err);
        if (status)
            return status;
    }
    return CORDON_OK;
}

static cordon_status module_path(char path[static 2 * CDN_KERNEL_PATH_BYTES],
                                 const struct cdn_kernel *kernel, const char *module,
                                 cordon_error *err)
{
    return cdn_path_join(path, (size_t)2 * CDN_KERNEL_PATH_BYTES, kernel->folder,
                         module, err);
}

cordon_status cdn_kernel_module(struct cdn_buf *out, const struct cdn_kernel *kernel,
                                uint32_t module, cordon_error *err)
{
    static const char mark[] = "~Module signature appended~\n";
    char path[2 * CDN_KERNEL_PATH_BYTES];
    size_t before = out->length;
    cordon_status status = module_path(path, kernel, kernel->modules[module], err);

    if (!status)
        status = read_file(out, path, MODULE_MOST, err);
    if (!status && out->length - before > sizeof mark - 1 &&
        !memcmp(out->data + out->length - (sizeof mark - 1), mark, sizeof mark - 1))
        out->length -= sizeof mark - 1;
    return status;
}

/* ---- finding ---- */

/* The newest version in the folder, into `version`. */
static cordon_status newest(char version[static 96], const char *boot,
                            cordon_error *err)
{
    DIR *folder = opendir(boot);
    struct dirent *entry;

    version[0] = '\0';
    if (!folder && errno != ENOENT)
        return cdn_error_errno(err, errno, "%s", boot);
    while (folder && (entry = readdir(folder))) {
        const char *found = version_in(entry->d_name);

        if (found && (!version[0] || strverscmp(found, version) > 0))
            memcpy(version, found, strlen(found) + 1);
    }
    if (folder)
        closedir(folder);
    if (!version[0])
        return cdn_error_set(err, CORDON_E_NOTFOUND,
                             "no kernel for machines: %s has no " PREFIX "*" SUFFIX
                             "; install Debian's linux-image-cloud-amd64",
                             boot);
    return CORDON_OK;
}

cordon_status cdn_kernel_find(struct cdn_kernel *out, const char *boot,
                              const char *modules, const char *const *wanted,
                              cordon_error *err)
{
    char name[sizeof out->version + sizeof PREFIX], path[2 * CDN_KERNEL_PATH_BYTES];
    struct cdn_buf list = {0};
    cordon_status status;

    memset(out, 0, sizeof *out);
    status = newest(out->version, boot, err);
    if (status)
        return status;
    snprintf(name, sizeof name, PREFIX "%s", out->version);
    status = cdn_path_join(out->path, sizeof out->path, boot, name, err);
    if (!status)
        status = check_file(out->path, err);
    if (!status)
        status =
            cdn_path_join(out->folder, sizeof out->folder, modules, out->version, err);
    if (!status)
        status = module_path(path, out, "modules.dep", err);
    if (!status)
        status = read_file(&list, path, LIST_MOST, err);
    if (!status)
        status =
            cdn_kernel_order(out, (const char *)list.data, list.length, wanted, err);
    cdn_buf_deinit(&list);
    return status;
}

/* ---- unpacking ---- */

static uint32_t little(const unsigned char *at, unsigned bytes)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint32_t)at[i] << (8 * i);
    return value;
}

bool cdn_kernel_payload(size_t *at, size_t *count, const unsigned char *image,
                        size_t bytes)
{
    enum {
        SECTORS = 0x1f1,
        MARK = 0x202,
        VERSION = 0x206,
        PAYLOAD = 0x248,
        END = 0x250
    };
    size_t sectors;

    if (bytes < END || memcmp(image + MARK, "HdrS", 4) != 0 ||
        little(image + VERSION, 2) < 0x208)
        return false;
    sectors = image[SECTORS] ? image[SECTORS] : 4;
    *at = (sectors + 1) * 512 + little(image + PAYLOAD, 4);
    *count = little(image + PAYLOAD + 4, 4);
    return *at <= bytes && *count <= bytes - *at;
}

/* Does a segment of notes hold the one that names the entry? */
static bool has_entry(const unsigned char *at, size_t left)
{
    enum { ENTRY_32 = 18, HEADER = 12 };

    while (left >= HEADER) {
        size_t name = ((size_t)little(at, 4) + 3) & ~(size_t)3;
        size_t content = ((size_t)little(at + 4, 4) + 3) & ~(size_t)3;

        if (name > left - HEADER || content > left - HEADER - name)
            return false;
        if (little(at + 8, 4) == ENTRY_32 && name == 4 &&
            !memcmp(at + HEADER, "Xen", 4))
            return content >= 4;
        at += HEADER + name + content;
        left -= HEADER + name + content;
    }
    return false;
}

bool cdn_kernel_is_direct(const unsigned char *elf, size_t bytes)
{
    Elf64_Ehdr header;

    if (bytes < sizeof header)
        return false;
    memcpy(&header, elf, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64 ||
        header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > bytes ||
        (bytes - header.e_phoff) / sizeof(Elf64_Phdr) < header.e_phnum)
        return false;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr part;

        memcpy(&part, elf + header.e_phoff + i * sizeof part, sizeof part);
        if (part.p_type == PT_NOTE && part.p_offset <= bytes &&
            part.p_filesz <= bytes - part.p_offset &&
            has_entry(elf + part.p_offset, part.p_filesz))
            return true;
    }
    return false;
}

/* Unpack into a file in memory; *fd is -1 where it is packed otherwise than can be unpacked
 * here. */
static cordon_status unpack(int *fd, const struct cdn_buf *image, cordon_error *err)
{
    unsigned char *room;
    cordon_status status;
    size_t at, count, size;

    *fd = -1;
    if (!cdn_kernel_payload(&at, &count, image->data, image->length) || count < 4 ||
        !cdn_lz4_is(image->data + at, count - 4))
        return CORDON_OK;
    /* it ends with how long it gets */
    size = little(image->data + at + count - 4, 4);
    if (size == 0 || size > UNPACKED_MOST)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "the kernel says it unpacks to %zu bytes", size);
    status = make_file(fd, &room, size, err);
    if (status)
        return status;
    if (cdn_lz4_unpack(room, size, image->data + at, count - 4) != size)
        status = cdn_error_set(err, CORDON_E_CORRUPT, "the kernel does not unpack");
    if (!status && cdn_kernel_is_direct(room, size))
        return seal_file(fd, room, size, err);
    munmap(room, size);
    close(*fd);
    *fd = -1;
    return status;
}

cordon_status cdn_kernel_open(int *fd, bool *direct, const struct cdn_kernel *kernel,
                              cordon_error *err)
{
    struct cdn_buf image = {0};
    cordon_status status = read_file(&image, kernel->path, IMAGE_MOST, err);

    *fd = -1;
    *direct = false;
    if (!status)
        status = unpack(fd, &image, err);
    if (!status && *fd >= 0)
        *direct = true;
    else if (!status)
        status = cdn_kernel_seal(fd, image.data, image.length, err);
    if (status && status != CORDON_E_NOMEM)
        cdn_error_prefix(err, "%s", kernel->path);
    cdn_buf_deinit(&image);
    return status;
}
