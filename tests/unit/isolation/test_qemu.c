#include "support/unit.h"

#include "base/alloc.h"
#include "isolation/qemu.h"
#include "isolation/spawn.h"

/* FAKE is a program that hangs where it is to try KVM. */

static const struct cdn_machine_plan plan = {.slice_bytes = 1000,
                                             .image_bytes = 2000,
                                             .memory_bytes = 3000,
                                             .ram_mib = 192,
                                             .module_count = 5};

/* Is it an argument, and followed by that? */
static bool says(const struct cdn_buf *words, const char *word, const char *next)
{
    const char *end = (const char *)words->data + words->length;

    for (const char *at = (const char *)words->data; at < end; at += strlen(at) + 1)
        if (!strcmp(at, word) && (!next || !strcmp(at + strlen(at) + 1, next)))
            return true;
    return false;
}

START_TEST(qemu__is_given_what_a_machine_needs_and_nothing_else)
{
    struct cdn_buf words = {0}, line = {0};
    struct cdn_machine_plan without = plan;

    cdn_qemu_words(&words, &plan);
    ck_assert(!words.failed);
    ck_assert(says(&words, "-nodefaults", NULL));
    ck_assert(says(&words, "-no-user-config", NULL));
    ck_assert(says(&words, "-sandbox",
                   "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
                   "resourcecontrol=deny"));
    ck_assert(says(&words, "-accel", "tcg,tb-size=64"));
    ck_assert(says(&words, "-m", "192M"));
    ck_assert(says(&words, "-device", "virtserialport,chardev=channel,nr=1"));
    ck_assert(says(&words, "-device", "virtio-blk-device,drive=slice"));
    cdn_machine_kernel_line(&line, &plan, "port");
    ck_assert(says(&words, "-append", (const char *)line.data));
    ck_assert_ptr_nonnull(
        strstr((const char *)line.data, " -- machine port 1000 2000 3000 5"));
    ck_assert_ptr_nonnull(strstr((const char *)line.data, "tsc_early_khz="));
    cdn_buf_clear(&words);
    without.slice_bytes = 0;
    without.accel = CDN_ACCEL_KVM;
    cdn_qemu_words(&words, &without);
    ck_assert(says(&words, "-accel", "kvm"));
    ck_assert(!says(&words, "-device", "virtio-blk-device,drive=slice"));
    cdn_buf_clear(&line);
    cdn_machine_kernel_line(&line, &without, "vsock");
    ck_assert_ptr_null(strstr((const char *)line.data, "mitigations"));
    cdn_buf_deinit(&words);
    cdn_buf_deinit(&line);
}
END_TEST

START_TEST(qemu__kvm_that_hangs_or_fails_is_not_used)
{
    ck_assert_int_eq(cdn_qemu_accel(_i ? FAKE : "/bin/false"), CDN_ACCEL_EMULATION);
    /* and that is remembered */
    ck_assert_int_eq(cdn_qemu_accel("/bin/true"), CDN_ACCEL_EMULATION);
}
END_TEST

START_TEST(qemu__kvm_that_works_is_used_until_it_does_not)
{
    ck_assert_int_eq(cdn_qemu_accel("/bin/true"), CDN_ACCEL_KVM);
    ck_assert(!cdn_qemu_trusts_kvm());
    cdn_qemu_doubt_kvm(); /* which is for one that was believed */
    ck_assert_int_eq(cdn_qemu_accel("/bin/false"), CDN_ACCEL_KVM);
    cdn_qemu_trust_kvm();
    ck_assert(cdn_qemu_trusts_kvm());
    cdn_qemu_doubt_kvm();
    ck_assert_int_eq(cdn_qemu_accel("/bin/true"), CDN_ACCEL_KVM); /* tried again */
    ck_assert(!cdn_qemu_trusts_kvm());
    cdn_qemu_distrust_kvm();
    ck_assert_int_eq(cdn_qemu_accel("/bin/true"), CDN_ACCEL_EMULATION);
}
END_TEST

/* The real trial: it ends, whatever it finds. */
START_TEST(qemu__the_trial_of_kvm_comes_to_an_end)
{
    enum cdn_accel accel = cdn_qemu_accel(WORKER);

    ck_assert(accel == CDN_ACCEL_KVM || accel == CDN_ACCEL_EMULATION);
    if (access("/dev/kvm", F_OK))
        ck_assert_int_eq(accel, CDN_ACCEL_EMULATION);
}
END_TEST

START_TEST(qemu__a_version_is_what_looks_like_one)
{
    char version[32];

    cdn_qemu_version(version, "/nonexistent");
    ck_assert_str_eq(version, "");
    cdn_qemu_version(version, "/bin/false");
    ck_assert_str_eq(version, "");
    cdn_qemu_version(version, "/bin/true"); /* which says another's */
    ck_assert_uint_eq(strspn(version, "0123456789."), strlen(version));
}
END_TEST

START_TEST(spawn__too_many_words_are_refused)
{
    struct cdn_buf words = {0};
    const struct cdn_spawn spawn = {
        .program = "/bin/true", .words = &words, .said = -1};
    cordon_error err;
    int child;

    for (unsigned i = 0; i <= CDN_SPAWN_MAX_WORDS; i++)
        cdn_spawn_word(&words, "x");
    ck_assert_int_eq(cdn_spawn(&child, &spawn, &err), CORDON_E_INVALID);
    cdn_buf_clear(&words);
    ck_assert_int_eq(cdn_spawn(&child, &spawn, &err), CORDON_E_INVALID);
    cdn_spawn_word(&words, "true");
    ck_assert(!cdn_spawn(&child, &spawn, &err));
    ck_assert_int_eq(cdn_spawn_reap(child, 60000), 0);
    cdn_spawn_word(&words, "%2000s", "x");
    ck_assert_int_eq(cdn_spawn(&child, &spawn, &err), CORDON_E_NOMEM);
    cdn_buf_deinit(&words);
}
END_TEST

START_TEST(spawn__a_child_that_does_not_end_is_killed)
{
    struct cdn_buf words = {0};
    const struct cdn_spawn spawn = {.program = FAKE, .words = &words, .said = -1};
    cordon_error err;
    int child;

    cdn_spawn_word(&words, "fake");
    cdn_spawn_word(&words, "kvm");
    ck_assert(!cdn_spawn(&child, &spawn, &err));
    ck_assert_int_eq(cdn_spawn_reap(child, 10), 128 + 9);
    cdn_buf_deinit(&words);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("qemu");

    CDN_UNIT_CASE(s, qemu__is_given_what_a_machine_needs_and_nothing_else);
    CDN_UNIT_LOOP(s, qemu__kvm_that_hangs_or_fails_is_not_used, 0, 2);
    CDN_UNIT_CASE(s, qemu__kvm_that_works_is_used_until_it_does_not);
    CDN_UNIT_CASE(s, qemu__the_trial_of_kvm_comes_to_an_end);
    CDN_UNIT_CASE(s, qemu__a_version_is_what_looks_like_one);
    CDN_UNIT_CASE(s, spawn__too_many_words_are_refused);
    CDN_UNIT_CASE(s, spawn__a_child_that_does_not_end_is_killed);
    return s;
}

CDN_UNIT_MAIN(suite)
