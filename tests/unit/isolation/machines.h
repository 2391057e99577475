/* Kernels to find and to unpack, for tests: folders as a system has them, with images that hold
 * the least that an ELF file with an entry for PVH takes. */
#ifndef CORDON_TESTS_ISOLATION_MACHINES_H
#define CORDON_TESTS_ISOLATION_MACHINES_H

#include "support/unit.h"

#include <dirent.h>
#include <elf.h>
#include <sys/stat.h>

#include "isolation/boot.h"

#define MACHINES_LIST                                                                  \
    "kernel/virtio_ring.ko:\n"                                                         \
    "kernel/virtio.ko: kernel/virtio_ring.ko\n"                                        \
    "kernel/virtio_mmio.ko: kernel/virtio.ko kernel/virtio_ring.ko\n"                  \
    "kernel/char/virtio_console.ko: kernel/virtio.ko kernel/virtio_ring.ko\n"          \
    "kernel/net/vmw_vsock_virtio_transport.ko: kernel/virtio.ko "                      \
    "kernel/virtio_ring.ko\n"                                                          \
    "kernel/block/virtio_blk.ko: kernel/virtio.ko kernel/virtio_ring.ko\n"

#define MACHINES_ELF_BYTES  (sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + 20)
#define MACHINES_IMAGE_MOST 2048

struct machines {
    char folder[200], boot[256], modules[256];
    struct cdn_boot_places places;
};

static inline void machines_init(struct machines *machines)
{
    cdn_unit_folder(machines->folder, sizeof machines->folder);
    snprintf(machines->boot, sizeof machines->boot, "%s/boot", machines->folder);
    snprintf(machines->modules, sizeof machines->modules, "%s/modules",
             machines->folder);
    ck_assert(!mkdir(machines->boot, 0755));
    ck_assert(!mkdir(machines->modules, 0755));
    machines->places = (struct cdn_boot_places){machines->boot, machines->modules};
}

/* Remove a folder and what is in it. */
static inline void machines_remove(const char *path)
{
    struct dirent *entry;
    DIR *folder = opendir(path);
    char inside[1200];

    if (!folder) {
        unlink(path);
        return;
    }
    while ((entry = readdir(folder))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        machines_remove(inside);
    }
    closedir(folder);
    rmdir(path);
}

static inline void machines_deinit(struct machines *machines)
{
    machines_remove(machines->folder);
}

static inline void machines_bytes(const struct machines *machines, const char *name,
                                  const void *bytes, size_t count)
{
    char path[600];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", machines->folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    ck_assert(!fclose(file));
    ck_assert(!chmod(path, 0644));
}

static inline void machines_file(const struct machines *machines, const char *name,
                                 const char *text)
{
    machines_bytes(machines, name, text, strlen(text));
}

static inline void machines_mode(const struct machines *machines, const char *name,
                                 mode_t mode)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s", machines->folder, name);
    ck_assert(!chmod(path, mode));
}

/* A kernel's image and its list of modules, and the modules that the list names. */
static inline void machines_kernel_bytes(const struct machines *machines,
                                         const char *version, const void *image,
                                         size_t bytes)
{
    static const char *const modules[] = {
        "virtio_ring.ko",      "virtio.ko",
        "virtio_mmio.ko",      "char/virtio_console.ko",
        "block/virtio_blk.ko", "net/vmw_vsock_virtio_transport.ko"};
    static const char *const folders[] = {"", "/kernel", "/kernel/char",
                                          "/kernel/block", "/kernel/net"};
    char name[300];

    snprintf(name, sizeof name, "boot/vmlinuz-%s", version);
    machines_bytes(machines, name, image, bytes);
    for (int i = 0; i < CDN_UNIT_COUNT(folders); i++) {
        snprintf(name, sizeof name, "%s/%s%s", machines->modules, version, folders[i]);
        (void)mkdir(name, 0755);
    }
    for (int i = 0; i < CDN_UNIT_COUNT(modules); i++) {
        snprintf(name, sizeof name, "modules/%s/kernel/%s", version, modules[i]);
        machines_file(machines, name, modules[i]);
    }
    snprintf(name, sizeof name, "modules/%s/modules.dep", version);
    machines_file(machines, name, MACHINES_LIST);
}

static inline void machines_kernel(const struct machines *machines, const char *version,
                                   const char *image, const char *list)
{
    char name[300];

    machines_kernel_bytes(machines, version, image, strlen(image));
    snprintf(name, sizeof name, "modules/%s/modules.dep", version);
    machines_file(machines, name, list);
}

static inline void machines_elf(unsigned char out[MACHINES_ELF_BYTES])
{
    static const unsigned char note[20] = {4,  0, 0, 0, 4,   0,   0,  0,
                                           18, 0, 0, 0, 'X', 'e', 'n'};
    Elf64_Ehdr header = {.e_machine = EM_X86_64,
                         .e_phoff = sizeof header,
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 1};
    Elf64_Phdr part = {.p_type = PT_NOTE,
                       .p_offset = sizeof header + sizeof part,
                       .p_filesz = sizeof note};

    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    memcpy(out, &header, sizeof header);
    memcpy(out + sizeof header, &part, sizeof part);
    memcpy(out + sizeof header + sizeof part, note, sizeof note);
}

/* An image with that file in it, packed as one block of literals.  Returns its bytes. */
static inline size_t machines_image(unsigned char out[MACHINES_IMAGE_MOST])
{
    size_t packed = 0, at = 1024; /* behind one sector and the set-up's one */
    unsigned char *payload = out + at;

    memset(out, 0, MACHINES_IMAGE_MOST);
    out[0x1f1] = 1;
    memcpy(out + 0x202, "HdrS\x08\x02", 6);
    memcpy(payload, "\x02\x21\x4c\x18", 4);
    packed = 8;
    payload[packed++] = 0xf0;
    payload[packed++] = (unsigned char)(MACHINES_ELF_BYTES - 15);
    machines_elf(payload + packed);
    packed += MACHINES_ELF_BYTES;
    payload[4] = (unsigned char)(packed - 8);
    payload[packed++] = MACHINES_ELF_BYTES;
    packed += 3;
    out[0x24c] = (unsigned char)packed;
    return at + packed;
}

static inline void machines_direct_kernel(const struct machines *machines,
                                          const char *version)
{
    unsigned char image[MACHINES_IMAGE_MOST];
    size_t bytes = machines_image(image);

    machines_kernel_bytes(machines, version, image, bytes);
}

static inline int machines_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

#endif
