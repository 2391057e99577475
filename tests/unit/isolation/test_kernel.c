#include "support/unit.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "isolation/boot.h"
#include "machines.h"

static const char *const wanted[] = {"virtio_mmio", "virtio_blk", NULL};

/* ---- finding ---- */

START_TEST(kernel__the_newest_of_those_for_clouds_is_taken)
{
    struct machines machines;
    struct cdn_kernel kernel;
    cordon_error err;

    machines_init(&machines);
    machines_kernel(&machines, "6.1.0-9-cloud-amd64", "x", MACHINES_LIST);
    machines_kernel(&machines, "6.1.0-56-cloud-amd64", "x", MACHINES_LIST);
    machines_kernel(&machines, "6.1.0-7-cloud-amd64", "x", MACHINES_LIST);
    machines_kernel(&machines, "6.1.0-99-amd64", "x", MACHINES_LIST);
    machines_file(&machines, "boot/vmlinuz-6.9.0 $(x)-cloud-amd64", "x");
    machines_file(&machines, "boot/vmlinuz--cloud-amd64", "x");
    machines_file(&machines, "boot/vmlinuz-.9-cloud-amd64", "x");
    ck_assert_msg(
        !cdn_kernel_find(&kernel, machines.boot, machines.modules, wanted, &err), "%s",
        err.message);
    ck_assert_str_eq(kernel.version, "6.1.0-56-cloud-amd64");
    ck_assert_uint_eq(kernel.module_count, 4);
    ck_assert_str_eq(kernel.modules[0], "kernel/virtio_ring.ko");
    ck_assert_str_eq(kernel.modules[1], "kernel/virtio.ko");
    ck_assert_str_eq(kernel.modules[2], "kernel/virtio_mmio.ko");
    ck_assert_str_eq(kernel.modules[3], "kernel/block/virtio_blk.ko");
    machines_deinit(&machines);
}
END_TEST

START_TEST(kernel__what_is_missing_or_not_ours_is_named)
{
    struct machines machines;
    struct cdn_kernel kernel;
    cordon_error err;

    machines_init(&machines);
    ck_assert_int_eq(
        cdn_kernel_find(&kernel, machines.boot, machines.modules, wanted, &err),
        CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "linux-image-cloud-amd64"));
    ck_assert_int_eq(
        cdn_kernel_find(&kernel, "/nonexistent", machines.modules, wanted, &err),
        CORDON_E_NOTFOUND);
    machines_file(&machines, "boot/vmlinuz-6-cloud-amd64", "x");
    ck_assert_int_eq(
        cdn_kernel_find(&kernel, machines.boot, machines.modules, wanted, &err),
        CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "modules.dep"));
    machines_kernel(&machines, "6-cloud-amd64", "x", "kernel/virtio_mmio.ko:\n");
    ck_assert_int_eq(
        cdn_kernel_find(&kernel, machines.boot, machines.modules, wanted, &err),
        CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "virtio_blk"));
    machines_kernel(&machines, "6-cloud-amd64", "x", MACHINES_LIST);
    machines_mode(&machines, "boot/vmlinuz-6-cloud-amd64", 0666);
    ck_assert_int_eq(
        cdn_kernel_find(&kernel, machines.boot, machines.modules, wanted, &err),
        CORDON_E_DENIED);
    machines_mode(&machines, "boot/vmlinuz-6-cloud-amd64", 0644);
    machines_mode(&machines, "modules/6-cloud-amd64/modules.dep", 0664);
    ck_assert_int_eq(
        cdn_kernel_find(&kernel, machines.boot, machines.modules, wanted, &err),
        CORDON_E_DENIED);
    machines_deinit(&machines);
}
END_TEST

START_TEST(kernel__a_list_of_modules_leads_nowhere_else)
{
    static const char *const lists[] = {
        "kernel/../../../virtio_mmio.ko:\nkernel/virtio_blk.ko:\n",
        "/kernel/virtio_mmio.ko:\nkernel/virtio_blk.ko:\n",
        "kernel/virtio_mmio.ko: ../x.ko\nkernel/virtio_blk.ko:\n",
        "kernel/virtio_mmio.ko: a\tb.ko\nkernel/virtio_blk.ko:\n",
        "kernel/virtio_mmio.ko.xz:\nkernel/virtio_blk.ko:\n",
        "kernel//virtio_mmio.ko:\nkernel/virtio_blk.ko:\n",
        "kernel/virtio_mmio.ko: 1.ko 2.ko 3.ko 4.ko 5.ko 6.ko 7.ko 8.ko 9.ko 10.ko "
        "11.ko "
        "12.ko 13.ko 14.ko 15.ko 16.ko\nkernel/virtio_blk.ko:\n",
        "virtio_mmio.ko",
        "",
    };
    cordon_error err;

    for (int i = 0; i < CDN_UNIT_COUNT(lists); i++) {
        struct cdn_kernel kernel = {0};
        size_t bytes = strlen(lists[i]);
        char *exact = cdn_unit_exact(lists[i], bytes);

        ck_assert_msg(cdn_kernel_order(&kernel, exact, bytes, wanted, &err) ==
                          CORDON_E_DATA,
                      "%s", lists[i]);
        free(exact);
    }
}
END_TEST

START_TEST(kernel__every_truncation_of_a_list_is_refused_or_whole)
{
    static const char list[] = MACHINES_LIST;
    cordon_error err;

    for (size_t count = 0; count <= sizeof list - 1; count++) {
        struct cdn_kernel kernel = {0};
        char *cut = cdn_unit_exact(list, count);

        if (!cdn_kernel_order(&kernel, cut, count, wanted, &err))
            ck_assert_uint_ge(kernel.module_count, 2);
        free(cut);
    }
}
END_TEST

/* ---- unpacking ---- */

START_TEST(kernel__what_is_packed_with_lz4_is_entered_directly)
{
    struct machines machines;
    struct cdn_kernel kernel;
    struct stat file;
    cordon_error err;
    bool direct;
    int fd;

    machines_init(&machines);
    machines_direct_kernel(&machines, "6-cloud-amd64");
    ck_assert(!cdn_kernel_find(&kernel, machines.boot, machines.modules, wanted, &err));
    ck_assert_msg(!cdn_kernel_open(&fd, &direct, &kernel, &err), "%s", err.message);
    ck_assert(direct);
    ck_assert(!fstat(fd, &file));
    ck_assert_int_eq(file.st_size, MACHINES_ELF_BYTES);
    ck_assert_int_eq(fcntl(fd, F_GET_SEALS),
                     F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    ck_assert_int_lt(write(fd, "x", 1), 0);
    close(fd);
    machines_deinit(&machines);
}
END_TEST

START_TEST(kernel__what_is_packed_otherwise_unpacks_itself)
{
    struct machines machines;
    struct cdn_kernel kernel;
    cordon_error err;
    char back[32];
    bool direct;
    int fd;

    machines_init(&machines);
    machines_kernel(&machines, "6-cloud-amd64", "packed with xz", MACHINES_LIST);
    ck_assert(!cdn_kernel_find(&kernel, machines.boot, machines.modules, wanted, &err));
    ck_assert(!cdn_kernel_open(&fd, &direct, &kernel, &err));
    ck_assert(!direct);
    ck_assert_int_eq(pread(fd, back, sizeof back, 0), 14);
    ck_assert_mem_eq(back, "packed with xz", 14);
    close(fd);
    machines_deinit(&machines);
}
END_TEST

START_TEST(kernel__a_damaged_one_is_an_error)
{
    unsigned char image[MACHINES_IMAGE_MOST];
    size_t bytes = machines_image(image);
    struct machines machines;
    struct cdn_kernel kernel;
    cordon_error err;
    size_t at, count;
    bool direct;
    int fd;

    ck_assert(cdn_kernel_payload(&at, &count, image, bytes));
    image[at + 4] ^= 1; /* the first block's length */
    machines_init(&machines);
    machines_kernel_bytes(&machines, "6-cloud-amd64", image, bytes);
    ck_assert(!cdn_kernel_find(&kernel, machines.boot, machines.modules, wanted, &err));
    ck_assert_int_eq(cdn_kernel_open(&fd, &direct, &kernel, &err), CORDON_E_CORRUPT);
    ck_assert_int_eq(fd, -1);
    machines_deinit(&machines);
}
END_TEST

START_TEST(kernel__no_length_in_an_image_is_believed)
{
    unsigned char image[MACHINES_IMAGE_MOST];
    size_t bytes = machines_image(image), at, count;

    for (size_t cut = 0; cut < bytes; cut++) {
        unsigned char *exact = cdn_unit_exact(image, cut);

        ck_assert(!cdn_kernel_payload(&at, &count, exact, cut));
        free(exact);
    }
    memset(image + 0x248, 0xff, 4);
    ck_assert(!cdn_kernel_payload(&at, &count, image, bytes));
}
END_TEST

START_TEST(kernel__no_length_in_an_elf_file_is_believed)
{
    unsigned char elf[MACHINES_ELF_BYTES];

    machines_elf(elf);
    ck_assert(cdn_kernel_is_direct(elf, sizeof elf));
    for (size_t cut = 0; cut < sizeof elf; cut++) {
        unsigned char *exact = cdn_unit_exact(elf, cut);

        ck_assert(!cdn_kernel_is_direct(exact, cut));
        free(exact);
    }
    for (size_t at = 0; at < sizeof elf; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            unsigned char *changed = cdn_unit_exact(elf, sizeof elf);

            changed[at] ^= (unsigned char)(1u << bit);
            (void)cdn_kernel_is_direct(changed, sizeof elf);
            free(changed);
        }
}
END_TEST

/* ---- what machines share ---- */

START_TEST(boot__is_made_once_and_gone_with_the_last_who_has_it)
{
    struct machines machines;
    struct cdn_boot *one, *two, *other;
    int before = machines_descriptors();
    char worker[600], copy[600];
    cordon_error err;

    machines_init(&machines);
    machines_direct_kernel(&machines, "6-cloud-amd64");
    machines_file(&machines, "worker", "a program");
    machines_file(&machines, "another", "a program");
    snprintf(worker, sizeof worker, "%s/worker", machines.folder);
    snprintf(copy, sizeof copy, "%s/another", machines.folder);
    ck_assert_msg(!cdn_boot_take(&one, worker, &machines.places, wanted, &err), "%s",
                  err.message);
    ck_assert(!cdn_boot_take(&two, worker, &machines.places, wanted, &err));
    ck_assert_ptr_eq(one, two);
    ck_assert(one->direct);
    ck_assert_uint_eq(one->module_count, 4);
    ck_assert(!cdn_boot_take(&other, copy, &machines.places, wanted, &err));
    ck_assert_ptr_ne(one, other);
    cdn_boot_release(one);
    cdn_boot_release(other);
    cdn_boot_release(two);
    cdn_boot_release(NULL);
    ck_assert_int_eq(
        cdn_boot_take(&one, "/nonexistent", &machines.places, wanted, &err),
        CORDON_E_NOTFOUND);
    ck_assert_ptr_null(one);
    ck_assert_int_eq(machines_descriptors(), before);
    machines_deinit(&machines);
}
END_TEST

/* One of several threads whose machines start and end: of one of two kernels each. */
struct starter {
    pthread_t thread;
    const struct machines *machines;
    uint32_t unlike; /* what it was given and is not of its kernel */
};

static void *start_often(void *ud)
{
    struct starter *starter = ud;
    const struct machines *machines = starter->machines;
    char worker[600];

    snprintf(worker, sizeof worker, "%s/worker", machines->folder);
    for (int i = 0; i < 100; i++) {
        struct cdn_boot *boot, *again = NULL;
        struct stat kernel, files;

        if (cdn_boot_take(&boot, worker, &machines->places, wanted, NULL)) {
            starter->unlike++;
            continue;
        }
        starter->unlike +=
            boot->module_count != 4 || fstat(boot->kernel, &kernel) ||
            fstat(boot->files, &files) || !kernel.st_size || !files.st_size ||
            cdn_boot_take(&again, worker, &machines->places, wanted, NULL) ||
            strcmp(boot->version, again->version) != 0;
        cdn_boot_release(again);
        cdn_boot_release(boot);
    }
    return NULL;
}

START_TEST(boot__is_shared_by_threads)
{
    enum { THREADS = 4 };
    struct starter starters[THREADS] = {0};
    struct machines machines[2];
    int before = machines_descriptors();

    for (int i = 0; i < 2; i++) {
        machines_init(&machines[i]);
        machines_direct_kernel(&machines[i], i ? "7-cloud-amd64" : "6-cloud-amd64");
        machines_file(&machines[i], "worker", "a program");
    }
    for (int i = 0; i < THREADS; i++) {
        starters[i].machines = &machines[i == THREADS - 1];
        ck_assert(
            !pthread_create(&starters[i].thread, NULL, start_often, &starters[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert(!pthread_join(starters[i].thread, NULL));
        ck_assert_uint_eq(starters[i].unlike, 0);
    }
    ck_assert_int_eq(machines_descriptors(), before);
    for (int i = 0; i < 2; i++)
        machines_deinit(&machines[i]);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(boot__each_allocation_may_fail)
{
    struct machines machines;
    char worker[600];

    machines_init(&machines);
    machines_direct_kernel(&machines, "6-cloud-amd64");
    machines_file(&machines, "worker", "a program");
    snprintf(worker, sizeof worker, "%s/worker", machines.folder);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_boot *boot;
        cordon_error err;
        cordon_status status =
            cdn_boot_take(&boot, worker, &machines.places, wanted, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_boot_release(boot);
    }
    machines_deinit(&machines);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("kernel");

    CDN_UNIT_CASE(s, kernel__the_newest_of_those_for_clouds_is_taken);
    CDN_UNIT_CASE(s, kernel__what_is_missing_or_not_ours_is_named);
    CDN_UNIT_CASE(s, kernel__a_list_of_modules_leads_nowhere_else);
    CDN_UNIT_CASE(s, kernel__every_truncation_of_a_list_is_refused_or_whole);
    CDN_UNIT_CASE(s, kernel__what_is_packed_with_lz4_is_entered_directly);
    CDN_UNIT_CASE(s, kernel__what_is_packed_otherwise_unpacks_itself);
    CDN_UNIT_CASE(s, kernel__a_damaged_one_is_an_error);
    CDN_UNIT_CASE(s, kernel__no_length_in_an_image_is_believed);
    CDN_UNIT_CASE(s, kernel__no_length_in_an_elf_file_is_believed);
    CDN_UNIT_CASE(s, boot__is_made_once_and_gone_with_the_last_who_has_it);
    CDN_UNIT_CASE(s, boot__is_shared_by_threads);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, boot__each_allocation_may_fail);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
