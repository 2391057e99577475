/* Calendar time, durations and sizes, parsed without locale, time zone or rounding.
 *
 * The C library's own (strptime, mktime, timegm, strtod) read the environment, accept
 * leading blanks and stop quietly at the first odd byte.  These take a span, use all of
 * it or refuse it, and check every sum.
 *
 * Dates are proleptic Gregorian.  Day numbers count from 0000-01-01 and year 0 is a
 * leap year, so the leap days before year y are those of the years 0 .. y-1. */
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define WEEK_MS   (7 * DAY_MS)

#define EPOCH_DAY     INT64_C(719528) /* 1970-01-01 */
#define DAYS_IN_400_Y INT64_C(146097)

/* Days before each month of a year that is not a leap year. */
static const int month_start[13] = {0,   31,  59,  90,  120, 151, 181,
                                    212, 243, 273, 304, 334, 365};

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 0000-01-01 to the first of January of `year`, which is not negative. */
static int64_t year_start(int64_t year)
{
    return 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

/* Days before `month` (1..13) in `year`. */
static int days_before(int64_t year, int month)
{
    return month_start[month - 1] + (month > 2 && is_leap(year));
}

/* ---- dates ---- */

/* What is left to parse. */
struct span {
    const char *at;
    const char *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `digits` digits. */
static bool take_digits(struct span *in, int digits, int *out)
{
    int value = 0;

    if (in->end - in->at < digits)
        return false;
    for (int i = 0; i < digits; i++) {
        if (!is_digit(in->at[i]))
            return false;
        value = value * 10 + (in->at[i] - '0');
    }
    in->at += digits;
    *out = value;
    return true;
}

static bool take_char(struct span *in, char c)
{
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

/* The digits after a decimal point as milliseconds; finer than that must be zeros. */
static bool take_fraction(struct span *in, int *ms)
{
    int weight = 100;
    int digits = 0;

    for (*ms = 0; in->at < in->end && is_digit(*in->at); in->at++, digits++) {
        if (!weight && *in->at != '0')
            return false;
        *ms += (*in->at - '0') * weight;
        weight /= 10;
    }
    return digits > 0;
}

/* HH:MM[:SS[.f...]] as milliseconds of the day. */
static bool take_clock(struct span *in, int64_t *ms)
{
    int hour;
    int minute;
    int second = 0;
    int fraction = 0;

    if (!take_digits(in, 2, &hour) || !take_char(in, ':') ||
        !take_digits(in, 2, &minute))
        return false;
    if (take_char(in, ':')) {
        if (!take_digits(in, 2, &second))
            return false;
        if (take_char(in, '.') && !take_fraction(in, &fraction))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + fraction;
    return true;
}

/* Nothing, "Z", or +hh:mm, as the milliseconds by which local time is ahead. */
static bool take_offset(struct span *in, int64_t *ms)
{
    bool west;
    int hour;
    int minute;

    *ms = 0;
    if (in->at == in->end || take_char(in, 'Z'))
        return true;
    west = *in->at == '-';
    if (!west && *in->at != '+')
        return false;
    in->at++;
    if (!take_digits(in, 2, &hour) || !take_char(in, ':') ||
        !take_digits(in, 2, &minute))
        return false;
    if (hour > 23 || minute > 59)
        return false;
    *ms = hour * HOUR_MS + minute * MINUTE_MS;
    if (west)
        *ms = -*ms;
    return true;
}

bool cdn_time_parse(int64_t *out_ms, const char *text, size_t bytes)
{
    struct span in = {text, text + bytes};
    int64_t clock_ms = 0;
    int64_t ahead_ms = 0;
    int year;
    int month;
    int day;

    if (!take_digits(&in, 4, &year) || !take_char(&in, '-') ||
        !take_digits(&in, 2, &month) || !take_char(&in, '-') ||
        !take_digits(&in, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 ||
        day > days_before(year, month + 1) - days_before(year, month))
        return false;
    if (take_char(&in, 'T') || take_char(&in, ' ')) {
        if (!take_clock(&in, &clock_ms) || !take_offset(&in, &ahead_ms))
            return false;
    }
    if (in.at != in.end)
        return false;
    *out_ms =
        (year_start(year) + days_before(year, month) + day - 1 - EPOCH_DAY) * DAY_MS +
        clock_ms - ahead_ms;
    return true;
}

char *cdn_time_format(char *out, size_t size, int64_t ms)
{
    int64_t day = ms / DAY_MS;
    int64_t rest = ms % DAY_MS;
    int64_t cycle;
    int64_t year;
    int month = 1;
    char fraction[8] = "";

    if (rest < 0) {
        rest += DAY_MS;
        day--;
    }
    day += EPOCH_DAY;
    /* Whole cycles of 400 years off, so that what is left is a day of the years 0..399.
     */
    cycle = day / DAYS_IN_400_Y;
    if (day % DAYS_IN_400_Y < 0)
        cycle--;
    day -= cycle * DAYS_IN_400_Y;
    year = day / 366; /* never too late, and at most one year too early */
    while (year_start(year + 1) <= day)
        year++;
    day -= year_start(year);
    while (days_before(year, month + 1) <= day)
        month++;
    day -= days_before(year, month);
    year += cycle * 400;
    if (rest % SECOND_MS)
        snprintf(fraction, sizeof fraction, ".%03d", (int)(rest % SECOND_MS));
    /* ISO 8601 writes years beyond four digits, and negative ones, with their sign. */
    snprintf(out, size, "%s%04" PRId64 "-%02d-%02dT%02d:%02d:%02d%sZ",
             year > 9999 ? "+" : (year < 0 ? "-" : ""), year < 0 ? -year : year, month,
             (int)day + 1, (int)(rest / HOUR_MS), (int)(rest / MINUTE_MS % 60),
             (int)(rest / SECOND_MS % 60), fraction);
    return out;
}

/* ---- amounts with a unit ---- */

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit durations[] = {
    {"ms", 1},      {"s", SECOND_MS}, {"m", MINUTE_MS},
    {"h", HOUR_MS}, {"d", DAY_MS},    {"w", WEEK_MS},
};

static const struct unit sizes[] = {
    {"", 1},
    {"B", 1},
    {"kB", 1000},
    {"MB", 1000 * 1000},
    {"GB", 1000 * 1000 * 1000},
    {"TB", UINT64_C(1000) * 1000 * 1000 * 1000},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
};

/* Digits and the letters after them: one amount in the smallest unit. */
static bool take_amount(struct span *in, const struct unit *units, size_t count,
                        uint64_t *out)
{
    const char *name;
    uint64_t value = 0;
    size_t bytes;

    if (in->at == in->end || !is_digit(*in->at))
        return false;
    for (; in->at < in->end && is_digit(*in->at); in->at++) {
        if (!cdn_mul_u64(&value, value, 10) ||
            !cdn_add_u64(&value, value, (uint64_t)(*in->at - '0')))
            return false;
    }
    name = in->at;
    while (in->at < in->end && !is_digit(*in->at))
        in->at++;
    bytes = (size_t)(in->at - name);
    for (size_t i = 0; i < count; i++) {
        if (strlen(units[i].name) == bytes && !memcmp(units[i].name, name, bytes))
            return cdn_mul_u64(out, value, units[i].factor);
    }
    return false;
}

bool cdn_duration_parse(int64_t *out_ms, const char *text, size_t bytes)
{
    struct span in = {text, text + bytes};
    uint64_t total = 0;

    do {
        uint64_t part;

        if (!take_amount(&in, durations, sizeof durations / sizeof *durations, &part) ||
            !cdn_add_u64(&total, total, part))
            return false;
    } while (in.at < in.end);
    if (total > INT64_MAX)
        return false;
    *out_ms = (int64_t)total;
    return true;
}

char *cdn_duration_format(char *out, size_t size, int64_t ms)
{
    static const struct unit shown[] = {
        {"d", DAY_MS}, {"h", HOUR_MS}, {"m", MINUTE_MS}, {"s", SECOND_MS}, {"ms", 1}};
    uint64_t left = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    char text[80];
    size_t used = 0;

    text[0] = '\0';
    if (ms < 0)
        used = (size_t)snprintf(text, sizeof text, "-");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        uint64_t many = left / shown[i].factor;

        left %= shown[i].factor;
        if (many)
            used += (size_t)snprintf(text + used, sizeof text - used, "%" PRIu64 "%s",
                                     many, shown[i].name);
    }
    snprintf(out, size, "%s", used ? text : "0s");
    return out;
}

bool cdn_size_parse(uint64_t *out, const char *text, size_t bytes)
{
    struct span in = {text, text + bytes};
    uint64_t total;

    if (!take_amount(&in, sizes, sizeof sizes / sizeof *sizes, &total) ||
        in.at != in.end)
        return false;
    *out = total;
    return true;
}
