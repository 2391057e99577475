/* The world of the made-up bank: who exists, and what they do every day.
 *
 * Persons own accounts [0, personal_count), companies the rest.  The first companies
 * are the large ones: merchants are picked with a cubed uniform, so that a few take
 * most of the purchases.  Salaries, rents and invoices are laid first, then the planted
 * patterns, and purchases fill up to the number of transfers that was asked for.  One
 * generator in one fixed order drives everything (xoshiro256**, Blackman and Vigna
 * 2018; seeded by splitmix64); there is no floating point. */
#include "cli/bank.h"

#include <string.h>

#include "base/alloc.h"

#define HOUR (CDN_BANK_DAY_MS / 24)

enum { MEMO_NONE, MEMO_SALARY, MEMO_RENT, MEMO_INVOICE };

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static void seed_random(struct cdn_bank *bank, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        bank->random[i] = z ^ (z >> 31);
    }
}

uint64_t cdn_bank_random(struct cdn_bank *bank)
{
    uint64_t *s = bank->random;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t carried = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= carried;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t cdn_bank_below(struct cdn_bank *bank, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)cdn_bank_random(bank) * bound) >> 64);
}

/* Make room for one more element; false once memory ran out. */
static bool grow(struct cdn_bank *bank, void **items, size_t *capacity, size_t count,
                 size_t size)
{
    if (bank->failed)
        return false;
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 1024;
    void *larger = cdn_realloc_array(*items, wanted, size);
    if (!larger) {
        bank->failed = true;
        return false;
    }
    *items = larger;
    *capacity = wanted;
    return true;
}

void cdn_bank_transfer_add(struct cdn_bank *bank, int64_t at_ms, uint32_t from,
                           uint32_t to, uint64_t cents, enum cdn_bank_channel channel,
                           unsigned memo)
{
    if (from == to || at_ms >= CDN_BANK_START_MS + CDN_BANK_DAYS * CDN_BANK_DAY_MS ||
        !grow(bank, (void **)&bank->transfers, &bank->transfer_capacity,
              bank->transfer_count, sizeof *bank->transfers))
        return;
    bank->transfers[bank->transfer_count++] =
        (struct cdn_bank_transfer){.at_ms = at_ms,
                                   .cents = cents ? cents : 1,
                                   .from = from,
                                   .to = to,
                                   .channel = (uint8_t)channel,
                                   .memo = (uint8_t)memo};
}

void cdn_bank_sign_in_add(struct cdn_bank *bank, int64_t at_ms, uint32_t device,
                          uint32_t account)
{
    if (grow(bank, (void **)&bank->sign_ins, &bank->sign_in_capacity,
             bank->sign_in_count, sizeof *bank->sign_ins))
        bank->sign_ins[bank->sign_in_count++] =
            (struct cdn_bank_sign_in){at_ms, device, account};
}

void cdn_bank_label_add(struct cdn_bank *bank, int64_t at_ms, uint32_t account,
                        unsigned kind, const char *role)
{
    if (grow(bank, (void **)&bank->labels, &bank->label_capacity, bank->label_count,
             sizeof *bank->labels))
        bank->labels[bank->label_count++] =
            (struct cdn_bank_label){at_ms, account, (uint8_t)kind, role};
}

uint32_t cdn_bank_new_device(struct cdn_bank *bank)
{
    return bank->device_count++;
}

/* A moment of day `day`, mostly between 7 and 23 o'clock. */
static int64_t moment(struct cdn_bank *bank, uint32_t day)
{
    uint64_t hour = cdn_bank_below(bank, 10) ? 7 + cdn_bank_below(bank, 16)
                                             : cdn_bank_below(bank, 24);

    return CDN_BANK_START_MS + (int64_t)day * CDN_BANK_DAY_MS + (int64_t)hour * HOUR +
           (int64_t)cdn_bank_below(bank, (uint64_t)HOUR);
}

/* A moment of any day. */
static int64_t any_moment(struct cdn_bank *bank)
{
    uint32_t day = (uint32_t)cdn_bank_below(bank, CDN_BANK_DAYS);

    return moment(bank, day);
}

/* A heavy-tailed sum in cents: `base` doubled once for every head in a row, then
 * spread. */
static uint64_t amount(struct cdn_bank *bank, uint64_t base)
{
    unsigned doublings = 0;

    while (doublings < 7 && cdn_bank_below(bank, 5) < 2)
        doublings++;
    uint64_t sum = base << doublings;
    return sum / 2 + cdn_bank_below(bank, sum);
}

/* A company's account, the large ones far more often. */
static uint32_t merchant(struct cdn_bank *bank)
{
    uint64_t companies = bank->account_count - bank->personal_count;
    uint64_t u = cdn_bank_random(bank) >> 32;
    uint64_t cubed = (((u * u) >> 32) * u) >> 32;

    return bank->personal_count + (uint32_t)((cubed * companies) >> 32);
}

static uint32_t person_account(struct cdn_bank *bank)
{
    return (uint32_t)cdn_bank_below(bank, bank->personal_count);
}

/* Persons, companies, accounts, devices. */
static void populate(struct cdn_bank *bank)
{
    uint32_t next_person = 0, family_left = 0, family_device = 0;

    for (uint32_t a = 0; a < bank->account_count; a++) {
        bool second = a && a < bank->personal_count && cdn_bank_below(bank, 4) == 0;

        if (a >= bank->personal_count) {
            uint32_t company = a - bank->personal_count;
            bank->owner[a] = bank->person_count + company % bank->company_count;
        } else {
            if (!second && next_person + 1 < bank->person_count && a)
                next_person++;
            bank->owner[a] = next_person;
        }
        /* most accounts are old; one in eight was opened while we look */
        int64_t age = cdn_bank_below(bank, 8)
                          ? -(int64_t)cdn_bank_below(bank, 3000) * CDN_BANK_DAY_MS
                          : (int64_t)cdn_bank_below(bank, 120) * CDN_BANK_DAY_MS;
        bank->opened_ms[a] =
            CDN_BANK_START_MS + age - (int64_t)cdn_bank_below(bank, (uint64_t)HOUR);
        /* families of two to five share a device; everybody else has one of his own */
        if (second) {
            bank->device[a] = bank->device[a - 1];
        } else if (family_left) {
            family_left--;
            bank->device[a] = family_device;
        } else {
            bank->device[a] = cdn_bank_new_device(bank);
            if (cdn_bank_below(bank, 6) == 0) {
                family_left = 1 + (uint32_t)cdn_bank_below(bank, 4);
                family_device = bank->device[a];
            }
        }
    }
    /* several sign-ins each; now and then from a public device that hundreds use */
    uint32_t public_devices = 2 + bank->account_count / 3000;
    uint32_t first_public = bank->device_count;
    bank->device_count += public_devices;
    for (uint32_t a = 0; a < bank->account_count; a++) {
        uint64_t times = 1 + cdn_bank_below(bank, 4);
        for (uint64_t i = 0; i < times; i++) {
            uint32_t device = bank->device[a];
            if (cdn_bank_below(bank, 60) == 0)
                device = first_public + (uint32_t)cdn_bank_below(bank, public_devices);
            cdn_bank_sign_in_add(bank, any_moment(bank), device, a);
        }
    }
}

/* Six months of salaries, rents and invoices. */
static void routine(struct cdn_bank *bank, uint64_t room)
{
    uint32_t companies = bank->account_count - bank->personal_count;
    uint64_t employed = room * 3 / 10 / 6, tenants = room / 10 / 6;

    for (uint64_t i = 0; i < employed; i++) {
        uint32_t worker = person_account(bank), employer = merchant(bank);
        uint64_t pay = 150000 + cdn_bank_below(bank, 350000);
        for (uint32_t month = 0; month < 6; month++) {
            int64_t at = moment(bank, month * 30 + 24);
            cdn_bank_transfer_add(bank, at, employer, worker,
                                  pay + cdn_bank_below(bank, 5000), CDN_BANK_WIRE,
                                  MEMO_SALARY);
        }
    }
    for (uint64_t i = 0; i < tenants; i++) {
        uint32_t tenant = person_account(bank), landlord = person_account(bank);
        uint64_t rent = 50000 + cdn_bank_below(bank, 120000);
        for (uint32_t month = 0; month < 6; month++) {
            uint32_t day = month * 30 + (uint32_t)cdn_bank_below(bank, 3);
            cdn_bank_transfer_add(bank, moment(bank, day), tenant, landlord, rent,
                                  CDN_BANK_WIRE, MEMO_RENT);
        }
    }
    for (uint64_t i = 0; i < room / 25; i++) {
        int64_t at = any_moment(bank);
        uint32_t buyer = merchant(bank);
        uint32_t seller =
            bank->personal_count + (uint32_t)cdn_bank_below(bank, companies);
        cdn_bank_transfer_add(bank, at, buyer, seller, amount(bank, 80000),
                              CDN_BANK_WIRE, MEMO_INVOICE);
    }
}

/* Purchases and money between friends until there are as many transfers as asked for.
 * Friends live near each other in the numbering. */
static void everyday(struct cdn_bank *bank, uint64_t wanted)
{
    while (bank->transfer_count < wanted && !bank->failed) {
        uint32_t who = person_account(bank);
        int64_t at = any_moment(bank);

        if (cdn_bank_below(bank, 4)) {
            uint32_t shop = merchant(bank);
            cdn_bank_transfer_add(bank, at, who, shop, amount(bank, 1200),
                                  CDN_BANK_CARD, MEMO_NONE);
        } else {
            uint32_t step = 1 + (uint32_t)cdn_bank_below(bank, 12);
            cdn_bank_transfer_add(bank, at, who, (who + step) % bank->personal_count,
                                  amount(bank, 1500), CDN_BANK_APP, MEMO_NONE);
        }
    }
}

cordon_status cdn_bank_make(struct cdn_bank *bank,
                            const struct cdn_bank_options *options, cordon_error *err)
{
    memset(bank, 0, sizeof *bank);
    if (options->accounts < 1000 || options->accounts > 50000000)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%u accounts: a bank has 1,000 to 50,000,000",
                             options->accounts);
    if (options->transfers < (uint64_t)options->accounts * 5 ||
        options->transfers > (uint64_t)options->accounts * 1000)
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "%llu transfers between %u accounts: 5 to 1,000 an account "
            "are possible",
            (unsigned long long)options->transfers, options->accounts);
    seed_random(bank, options->seed);
    bank->account_count = options->accounts;
    bank->company_count = options->accounts / 20;
    bank->personal_count = options->accounts - options->accounts / 12;
    bank->person_count = bank->personal_count * 3 / 4;
    bank->owner = cdn_calloc(bank->account_count, sizeof *bank->owner);
    bank->opened_ms = cdn_calloc(bank->account_count, sizeof *bank->opened_ms);
    bank->device = cdn_calloc(bank->account_count, sizeof *bank->device);
    bank->failed = !bank->owner || !bank->opened_ms || !bank->device;
    if (!bank->failed) {
        populate(bank);
        routine(bank, options->transfers);
        cdn_bank_plant(bank);
        everyday(bank, options->transfers);
    }
    if (bank->failed) {
        cdn_bank_deinit(bank);
        return cdn_error_nomem(err);
    }
    return CORDON_OK;
}

void cdn_bank_deinit(struct cdn_bank *bank)
{
    cdn_free(bank->owner);
    cdn_free(bank->opened_ms);
    cdn_free(bank->device);
    cdn_free(bank->transfers);
    cdn_free(bank->sign_ins);
    cdn_free(bank->labels);
    memset(bank, 0, sizeof *bank);
}
