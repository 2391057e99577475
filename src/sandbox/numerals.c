/* The price of a numeral, by how many digits it has and where its point is.
 *
 * Measured on LuaJIT 2.1: with d digits from the first that is not 0, and the point p places
 * behind that first digit (before it: negative), parsing takes about
 *
 *     p^2 / 2 + min(d, |p|)^2 / 2 + 14 d + |p| d / 6   nanoseconds
 *
 * within a factor of two from 50 digits or places on, up to where the number is seen to be
 * beyond all doubles.  A text that turns out to be no number is given up before any of
 * that. */
#include "sandbox/numerals.h"

enum {
    NS_PER_INSTRUCTION = 4,
    DEAR_INSTRUCTIONS = 256,
    QUICK_DIGITS = 18,
    QUICK_PLACES = 32,
    MOST_DIGITS = 800,      /* LuaJIT drops the rest */
    MOST_PLACES = 311,      /* beyond is infinity */
    LEAST_PLACES = -345,    /* beyond is 0 */
    MOST_EXPONENT = 1 << 20 /* LuaJIT: such a text is no number */
};

struct reader {
    const char *text;
    size_t bytes, at;
};

static inline char peek(const struct reader *in)
{
    return in->at < in->bytes ? in->text[in->at] : '\0';
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static void skip_spaces(struct reader *in)
{
    while (peek(in) == ' ' || (unsigned char)(peek(in) - '\t') < 5)
        in->at++;
}

static void skip_sign(struct reader *in)
{
    if (peek(in) == '-' || peek(in) == '+')
        in->at++;
}

/* The digits and where their point is, counted from the first that is not 0. */
static bool read_digits(struct reader *in, int64_t *digits, int64_t *places)
{
    size_t first = in->at, points = 0;
    bool leading = true;

    *digits = *places = 0;
    for (;; in->at++) {
        char c = peek(in);

        if (c == '.') {
            points++;
            continue;
        }
        if (!is_digit(c))
            break;
        leading = leading && c == '0';
        if (leading) {
            *places -= points ? 1 : 0;
        } else {
            ++*digits;
            *places += points ? 0 : 1;
        }
    }
    return points < 2 && in->at - first > points;
}

static bool read_exponent(struct reader *in, int64_t *exponent)
{
    bool negative;

    *exponent = 0;
    if ((peek(in) | 0x20) != 'e')
        return true;
    in->at++;
    negative = peek(in) == '-';
    skip_sign(in);
    if (!is_digit(peek(in)))
        return false;
    for (; is_digit(peek(in)); in->at++) {
        *exponent = *exponent * 10 + (peek(in) - '0');
        if (*exponent >= MOST_EXPONENT)
            return false;
    }
    if (negative)
        *exponent = -*exponent;
    return true;
}

static uint64_t work_of(int64_t digits, int64_t places)
{
    uint64_t d = (uint64_t)(digits < MOST_DIGITS ? digits : MOST_DIGITS);
    uint64_t p, both;

    if (places > MOST_PLACES || places < LEAST_PLACES)
        return 0;
    p = (uint64_t)(places < 0 ? -places : places);
    if (d <= QUICK_DIGITS && p <= QUICK_PLACES)
        return 0;
    both = d < p ? d : p;
    return p * p / 2 + both * both / 2 + 14 * d + p * d / 6;
}

uint64_t cdn_numeral_ns(const char *text, size_t bytes)
{
    struct reader in = {.text = text, .bytes = bytes};
    int64_t digits, places, exponent;

    skip_spaces(&in);
    skip_sign(&in);
    if (peek(&in) == '0' && in.at + 1 < bytes && (text[in.at + 1] | 0x20) == 'x')
        return 0;
    if (!read_digits(&in, &digits, &places) || !read_exponent(&in, &exponent))
        return 0;
    skip_spaces(&in);
    return in.at < bytes ? 0 : work_of(digits, places + exponent);
}

uint64_t cdn_numeral_cost(const char *text, size_t bytes)
{
    if (bytes < CDN_NUMERAL_SHORT)
        return 0;
    return (bytes + cdn_numeral_ns(text, bytes)) / NS_PER_INSTRUCTION;
}

bool cdn_numeral_dear(const char *text, size_t bytes)
{
    return bytes >= CDN_NUMERAL_SHORT && cdn_numeral_begins(text[0]) &&
           cdn_numeral_cost(text, bytes) > DEAR_INSTRUCTIONS;
}
