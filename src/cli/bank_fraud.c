/* The six planted kinds of fraud, each beside innocents that look like it.
 *
 * Sizes vary so that the smallest of each kind lie below what a sensible threshold
 * finds and the largest look-alikes above it.  A label's time is when its pattern is
 * complete. */
#include "cli/bank.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

/* One pattern of each kind for so many accounts. */
#define ACCOUNTS_A_PATTERN 400

static uint32_t somebody(struct cdn_bank *bank)
{
    return (uint32_t)cdn_bank_below(bank, bank->personal_count);
}

static uint32_t some_company(struct cdn_bank *bank)
{
    uint32_t companies = bank->account_count - bank->personal_count;

    return bank->personal_count + (uint32_t)cdn_bank_below(bank, companies);
}

static int64_t start_time(struct cdn_bank *bank)
{
    return CDN_BANK_START_MS +
           (int64_t)cdn_bank_below(bank,
                                   (CDN_BANK_DAYS - 15) * (uint64_t)CDN_BANK_DAY_MS);
}

/* A moment within `hours` from `at`. */
static int64_t within(struct cdn_bank *bank, int64_t at, uint64_t hours)
{
    return at + (int64_t)cdn_bank_below(bank, hours * (uint64_t)HOUR);
}

static uint64_t between(struct cdn_bank *bank, uint64_t low, uint64_t high)
{
    return low + cdn_bank_below(bank, high - low + 1);
}

/* Victims pay one collector within two days; he moves the money on within hours. */
static void fan_in(struct cdn_bank *bank)
{
    uint32_t collector = somebody(bank), exit = somebody(bank);
    int64_t at = start_time(bank);
    uint64_t victims = between(bank, 5, 40), sum = 0;

    for (uint64_t i = 0; i < victims; i++) {
        int64_t moment = within(bank, at, 40);
        uint32_t victim = somebody(bank);
        uint64_t cents = between(bank, 15000, 90000);
        cdn_bank_transfer_add(bank, moment, victim, collector, cents, CDN_BANK_APP, 0);
        sum += cents;
    }
    uint64_t parts = between(bank, 1, 3);
    for (uint64_t i = 0; i < parts; i++)
        cdn_bank_transfer_add(bank, at + (int64_t)(41 + i) * HOUR, collector, exit,
                              sum * 95 / 100 / parts, CDN_BANK_WIRE, 0);
    cdn_bank_label_add(bank, at + 46 * HOUR, collector, CDN_BANK_FAN_IN, "collector");

    /* a wedding's gifts, kept for weeks; now and then spent at once on the feast */
    uint32_t couple = somebody(bank);
    uint64_t guests = between(bank, 4, 30), gifts = 0;
    at = start_time(bank);
    for (uint64_t i = 0; i < guests; i++) {
        int64_t moment = within(bank, at, 60);
        uint32_t guest = somebody(bank);
        uint64_t cents = between(bank, 20, 200) * 100;
        cdn_bank_transfer_add(bank, moment, guest, couple, cents, CDN_BANK_APP, 0);
        gifts += cents;
    }
    if (cdn_bank_below(bank, 4) == 0)
        cdn_bank_transfer_add(bank, at + 61 * HOUR, couple, some_company(bank),
                              gifts * 9 / 10, CDN_BANK_WIRE, 0);
    cdn_bank_label_add(bank, at + 62 * HOUR, couple, 0, "gift collection");
}

/* A taken-over account is emptied towards many new payees within a day. */
static void fan_out(struct cdn_bank *bank)
{
    uint32_t source = somebody(bank);
    int64_t at = start_time(bank);
    uint64_t payees = between(bank, 6, 45);

    for (uint64_t i = 0; i < payees; i++) {
        int64_t moment = within(bank, at, 20);
        uint32_t payee = somebody(bank);
        cdn_bank_transfer_add(bank, moment, source, payee, between(bank, 20000, 95000),
                              CDN_BANK_APP, 0);
    }
    cdn_bank_label_add(bank, at + 21 * HOUR, source, CDN_BANK_FAN_OUT, "source");

    /* a club pays its members back, small sums */
    uint32_t treasurer = somebody(bank);
    at = start_time(bank);
    uint64_t members = between(bank, 5, 35);
    for (uint64_t i = 0; i < members; i++) {
        int64_t moment = within(bank, at, 30);
        uint32_t paid = somebody(bank);
        cdn_bank_transfer_add(bank, moment, treasurer, paid,
                              between(bank, 5, 250) * 100, CDN_BANK_APP, 0);
    }
    cdn_bank_label_add(bank, at + 31 * HOUR, treasurer, 0, "club refunds");
}

/* Money that returns to where it came from within a week, a little less each time. */
static void cycle(struct cdn_bank *bank)
{
    uint32_t member[5];
    uint64_t length = between(bank, 3, 5), cents = between(bank, 200000, 2000000);
    int64_t at = start_time(bank);

    for (uint64_t i = 0; i < length; i++)
        member[i] = somebody(bank);
    for (uint64_t i = 0; i < length; i++) {
        at += (int64_t)between(bank, 1, 36) * HOUR;
        cdn_bank_transfer_add(bank, at, member[i], member[(i + 1) % length], cents,
                              CDN_BANK_WIRE, 0);
        cents -= cents * between(bank, 0, 3) / 100;
    }
    for (uint64_t i = 0; i < length; i++)
        cdn_bank_label_add(bank, at + HOUR, member[i], CDN_BANK_CYCLE, "member");

    /* three companies that buy from each other: unequal sums, and sometimes equal ones
     */
    uint32_t firm[3];
    for (int i = 0; i < 3; i++)
        firm[i] = some_company(bank);
    at = start_time(bank);
    uint64_t volume = between(bank, 200000, 3000000);
    bool equal = cdn_bank_below(bank, 3) == 0;
    for (int i = 0; i < 3; i++) {
        at += (int64_t)between(bank, 1, 48) * HOUR;
        cdn_bank_transfer_add(bank, at, firm[i], firm[(i + 1) % 3],
                              equal ? volume : between(bank, volume / 3, volume * 2),
                              CDN_BANK_WIRE, 3);
    }
    for (int i = 0; i < 3; i++)
        cdn_bank_label_add(bank, at + HOUR, firm[i], 0, "trading circle");
}

/* Each mule passes on what he received within hours and keeps a few per cent. */
static void mule_chain(struct cdn_bank *bank)
{
    uint64_t hops = between(bank, 3, 6), cents = between(bank, 300000, 1500000);
    int64_t at = start_time(bank);
    uint32_t from = somebody(bank);

    for (uint64_t i = 0; i < hops; i++) {
        uint32_t to = somebody(bank);
        cdn_bank_transfer_add(bank, at, from, to, cents, CDN_BANK_APP, 0);
        if (i)
            cdn_bank_label_add(bank, at + HOUR, from, CDN_BANK_MULE_CHAIN, "mule");
        cents -= cents * between(bank, 2, 6) / 100;
        at += (int64_t)between(bank, 20, 600) * MINUTE;
        from = to;
    }

    /* a subtenant's rent, passed on to the landlord the same day */
    uint32_t tenant = somebody(bank);
    at = start_time(bank);
    uint64_t rent = between(bank, 40000, 90000);
    uint32_t subtenant = somebody(bank), landlord = somebody(bank);
    cdn_bank_transfer_add(bank, at, subtenant, tenant, rent, CDN_BANK_WIRE, 2);
    cdn_bank_transfer_add(bank, at + (int64_t)between(bank, 1, 20) * HOUR, tenant,
                          landlord, rent, CDN_BANK_WIRE, 2);
    cdn_bank_label_add(bank, at + 24 * HOUR, tenant, 0, "passes the rent on");
}

/* A large sum in parts just below the 10,000 that must be reported. */
static void structuring(struct cdn_bank *bank)
{
    uint32_t from = somebody(bank), to = somebody(bank);
    int64_t at = start_time(bank);
    uint64_t parts = between(bank, 2, 12);

    for (uint64_t i = 0; i < parts; i++) {
        cdn_bank_transfer_add(bank, at, from, to, between(bank, 880000, 999000),
                              CDN_BANK_WIRE, 0);
        at += (int64_t)between(bank, 2, 18) * HOUR;
    }
    cdn_bank_label_add(bank, at, from, CDN_BANK_STRUCTURING, "sender");
    cdn_bank_label_add(bank, at, to, CDN_BANK_STRUCTURING, "receiver");

    /* a dealer whose cars cost a little less than that, and a firm that buys a fleet */
    uint32_t dealer = some_company(bank), fleet = some_company(bank);
    at = start_time(bank);
    uint64_t cars = between(bank, 1, 5);
    bool one_buyer = cdn_bank_below(bank, 3) == 0;
    for (uint64_t i = 0; i < cars; i++) {
        uint32_t buyer = somebody(bank);
        cdn_bank_transfer_add(bank, at, one_buyer ? fleet : buyer, dealer,
                              between(bank, 800000, 1100000), CDN_BANK_WIRE, 0);
        at += (int64_t)between(bank, 5, 40) * HOUR;
    }
    cdn_bank_label_add(bank, at, dealer, 0, "car dealer");
}

/* Let `size` accounts, opened within `days` of each other, be run from one new device; gives
 * the moment when all of them are. */
static int64_t share_device(struct cdn_bank *bank, uint32_t *member, uint64_t size,
                            uint64_t days)
{
    uint32_t device = cdn_bank_new_device(bank);
    int64_t opened =
        CDN_BANK_START_MS + (int64_t)cdn_bank_below(bank, 90) * CDN_BANK_DAY_MS;
    int64_t at = opened + (int64_t)(days + 15) * CDN_BANK_DAY_MS;

    for (uint64_t i = 0; i < size; i++) {
        member[i] = somebody(bank);
        bank->opened_ms[member[i]] = within(bank, opened, days * 24);
        for (int k = 0; k < 3; k++)
            cdn_bank_sign_in_add(bank, within(bank, at - 14 * CDN_BANK_DAY_MS, 14 * 24),
                                 device, member[i]);
    }
    return at;
}

/* Accounts opened close to each other, run from one device, passing money around. */
static void shared_device(struct cdn_bank *bank)
{
    uint32_t member[12];
    uint64_t size = between(bank, 3, 12);
    /* the patient ones take a month to open them */
    uint64_t days = cdn_bank_below(bank, 4) ? 4 : 30;
    int64_t at = share_device(bank, member, size, days);

    for (uint64_t i = 0; i < size; i++) {
        uint64_t other = (i + 1 + cdn_bank_below(bank, size - 1)) % size;
        cdn_bank_transfer_add(bank, at + (int64_t)i * HOUR, member[i], member[other],
                              between(bank, 30000, 200000), CDN_BANK_APP, 0);
    }
    for (uint64_t i = 0; i < size; i++)
        cdn_bank_label_add(bank, at + (int64_t)(size + 1) * HOUR, member[i],
                           CDN_BANK_SHARED_DEVICE, "ring");

    /* students who move in together, and open their accounts in the first weeks */
    size = between(bank, 2, 5);
    at = share_device(bank, member, size, 14);
    for (uint64_t i = 0; i < size; i++)
        cdn_bank_label_add(bank, at, member[i], 0, "flat share");
}

void cdn_bank_plant(struct cdn_bank *bank)
{
    uint32_t patterns = bank->account_count / ACCOUNTS_A_PATTERN;

    if (patterns < 3)
        patterns = 3;
    for (uint32_t i = 0; i < patterns && !bank->failed; i++) {
        fan_in(bank);
        fan_out(bank);
        cycle(bank);
        mule_chain(bank);
        structuring(bank);
        shared_device(bank);
    }
}
