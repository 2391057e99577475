/* A made-up bank with labelled fraud, for demonstrations and tests: the same seed and
 * sizes give the same bytes on every machine (integer arithmetic only).
 *
 * The background is what hides fraud in a real bank: salaries, rents, purchases with
 * heavy-tailed merchants, friends, invoices between companies; and look-alikes of every
 * fraud: marketplaces and gift collections gather from many, payrolls and refunds
 * scatter to many, companies pay in circles, subtenants pass their rent on, car dealers
 * take sums just below the reporting threshold, families and libraries share devices.
 * Some of the planted frauds are small enough to be missed.  So precision and recall
 * mean something.
 *
 *   bank.c        the world: who exists, and what they do every day
 *   bank_fraud.c  the six planted kinds and their look-alikes
 *   bank_files.c  the CSV files, the schema, the labels and the requests
 */
#ifndef CDN_CLI_BANK_H
#define CDN_CLI_BANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* 2026-01-01T00:00:00Z and 180 days. */
#define CDN_BANK_START_MS INT64_C(1767225600000)
#define CDN_BANK_DAY_MS   INT64_C(86400000)
#define CDN_BANK_DAYS     180

/* Account keys are CDN_BANK_FIRST_ACCOUNT + index. */
#define CDN_BANK_FIRST_ACCOUNT UINT64_C(1000001)

struct cdn_bank_options {
    uint64_t seed;
    uint32_t accounts;  /* 1,000 to 50,000,000 */
    uint64_t transfers; /* at least 5 an account */
};

enum cdn_bank_channel { CDN_BANK_CARD, CDN_BANK_WIRE, CDN_BANK_APP };

struct cdn_bank_transfer {
    int64_t at_ms;
    uint64_t cents;
    uint32_t from;
    uint32_t to;
    uint8_t channel; /* enum cdn_bank_channel */
    uint8_t memo;    /* number in bank_files.c's list; 0: none */
};

struct cdn_bank_sign_in {
    int64_t at_ms;
    uint32_t device;
    uint32_t account;
};

enum cdn_bank_kind {
    CDN_BANK_FAN_IN = 1,
    CDN_BANK_FAN_OUT,
    CDN_BANK_CYCLE,
    CDN_BANK_MULE_CHAIN,
    CDN_BANK_STRUCTURING,
    CDN_BANK_SHARED_DEVICE
};

/* An account that takes part in a planted fraud; or, with kind 0, in a look-alike. */
struct cdn_bank_label {
    int64_t at_ms; /* when the pattern is complete: the moment a rule is asked */
    uint32_t account;
    uint8_t kind; /* enum cdn_bank_kind, 0: innocent */
    const char *role;
};

struct cdn_bank {
    uint64_t random[4];
    uint32_t person_count;
    uint32_t company_count;
    uint32_t account_count;
    uint32_t device_count;
    uint32_t personal_count; /* accounts [0, personal_count) are persons' */
    uint32_t *owner;         /* account -> person, or company + person_count */
    int64_t *opened_ms;      /* account */
    uint32_t *device;        /* account -> its usual device */
    struct cdn_bank_transfer *transfers;
    size_t transfer_count;
    size_t transfer_capacity;
    struct cdn_bank_sign_in *sign_ins;
    size_t sign_in_count;
    size_t sign_in_capacity;
    struct cdn_bank_label *labels;
    size_t label_count;
    size_t label_capacity;
    bool failed; /* out of memory: sticky, checked once */
};

/* Errors: CORDON_E_INVALID sizes out of range, CORDON_E_NOMEM. */
cordon_status cdn_bank_make(struct cdn_bank *bank,
                            const struct cdn_bank_options *options, cordon_error *err);
void cdn_bank_deinit(struct cdn_bank *bank);

/* Write all files into `dir`, which must exist. */
cordon_status cdn_bank_write(const struct cdn_bank *bank, const char *dir,
                             cordon_error *err);

/* For bank_fraud.c: chance, and one more of each. */
uint64_t cdn_bank_random(struct cdn_bank *bank);
uint64_t cdn_bank_below(struct cdn_bank *bank, uint64_t bound);
uint32_t cdn_bank_new_device(struct cdn_bank *bank);
void cdn_bank_transfer_add(struct cdn_bank *bank, int64_t at_ms, uint32_t from,
                           uint32_t to, uint64_t cents, enum cdn_bank_channel channel,
                           unsigned memo);
void cdn_bank_sign_in_add(struct cdn_bank *bank, int64_t at_ms, uint32_t device,
                          uint32_t account);
void cdn_bank_label_add(struct cdn_bank *bank, int64_t at_ms, uint32_t account,
                        unsigned kind, const char *role);
void cdn_bank_plant(struct cdn_bank *bank); /* bank_fraud.c */

#endif
