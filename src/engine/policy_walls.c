/* `walls` and `breaker` of a policy: what runs behind which wall, and what moves it.
 *
 * Less trust never has less between it and the host: of the states, each is behind a wall at
 * least as strong as the one before it, and a policy that says otherwise is a mistake, not a
 * wish.  A state it does not name has the wall of the next more trusted one that it does. */
#include "engine/policy_read.h"

#include <string.h>

#include "base/time.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MOST         9007199254740992.0 /* 2^53: what a Lua number holds exactly */
#define DAY_MS       86400000.0
#define MS_NS        UINT64_C(1000000)
/* What a number alone is counted within. */
#define DEFAULT_WINDOW_NS (UINT64_C(600000) * MS_NS)
#define MOST_WINDOW_MS    INT64_C(31536000000) /* a year */

/* ---- walls ---- */

static const char *const states[CDN_TRUST_STATES] = {
    [CDN_TRUST_ACTIVE] = "active",
    [CDN_TRUST_CANARY] = "canary",
    [CDN_TRUST_DRAFT] = "draft",
    [CDN_TRUST_QUARANTINED] = "quarantined",
};

/* How much history makes a draft active. */
static cordon_status read_after(struct cdn_policy_reader *reader,
                                const cordon_value *value)
{
    static const char *const known[] = {"runs", "days"};
    struct cdn_policy_walls *walls = &reader->policy->walls;
    struct cdn_spec *table = &reader->table;
    double runs = 0, days = 0;
    cordon_value item;
    cordon_status status = cdn_spec_check_keys(table, value, known, COUNT(known));

    if (!status && cordon_value_get(&item, value, "runs")) {
        cdn_spec_enter(table, "runs");
        status = cdn_policy_read_number(reader, &runs, &item, 1, MOST, true);
        if (!status)
            cdn_spec_leave(table);
    }
    if (!status && cordon_value_get(&item, value, "days")) {
        cdn_spec_enter(table, "days");
        status = cdn_policy_read_number(reader, &days, &item, 1e-6, 36500, false);
        if (!status)
            cdn_spec_leave(table);
    }
    if (!status && runs <= 0 && days <= 0)
        status =
            cdn_spec_fail(table, "says nothing: runs = 100000, days = 7, or one of "
                                 "them");
    walls->after_runs = (uint64_t)runs;
    walls->after_ms = (int64_t)(days * DAY_MS);
    return status;
}

/* Fill in what is not said, and hold what is against the order. */
static cordon_status settle(struct cdn_policy_reader *reader)
{
    struct cdn_policy_walls *walls = &reader->policy->walls;
    int said = CDN_TRUST_ACTIVE;

    for (int state = CDN_TRUST_CANARY; state < CDN_TRUST_STATES; state++) {
        if (!walls->named[state])
            walls->of[state] = walls->of[state - 1];
        else if (walls->of[state] < walls->of[state - 1])
            return cdn_spec_fail_key(
                &reader->table, states[state],
                "'%s' is weaker than '%s', which 'walls.%s' has: what is trusted less "
                "has no less between it and the host",
                cordon_wall_str(walls->of[state]),
                cordon_wall_str(walls->of[state - 1]), states[said]);
        if (walls->named[state])
            said = state;
    }
    return CORDON_OK;
}

cordon_status cdn_policy_read_walls(struct cdn_policy_reader *reader,
                                    const cordon_value *root)
{
    const char *known[CDN_TRUST_STATES + 1];
    struct cdn_policy_walls *walls = &reader->policy->walls;
    struct cdn_spec *table = &reader->table;
    cordon_value map, value;
    cordon_status status;

    if (!cordon_value_get(&map, root, "walls"))
        return CORDON_OK;
    memcpy(known, states, sizeof states);
    known[CDN_TRUST_STATES] = "after";
    walls->given = true;
    cdn_spec_enter(table, "walls");
    status = cdn_spec_check_keys(table, &map, known, COUNT(known));
    for (int state = 0; state < CDN_TRUST_STATES && !status; state++) {
        size_t depth = table->depth;

        if (!cordon_value_get(&value, &map, states[state]))
            continue;
        cdn_spec_enter(table, states[state]);
        status = cdn_policy_read_wall(reader, &walls->of[state], &value);
        walls->named[state] = !status;
        status = cdn_policy_note(reader, status, depth);
    }
    if (!status && cordon_value_get(&value, &map, "after")) {
        size_t depth = table->depth;

        cdn_spec_enter(table, "after");
        status = cdn_policy_note(reader, read_after(reader, &value), depth);
    }
    return status ? status : settle(reader);
}

/* ---- the breaker ---- */

static cordon_status read_within(struct cdn_policy_reader *reader,
                                 struct cdn_breaker_limit *limit,
                                 const cordon_value *value)
{
    int64_t ms = 0;

    if (value->type != CORDON_STRING ||
        !cdn_duration_parse(&ms, value->as.string, value->length) || ms < 1 ||
        ms > MOST_WINDOW_MS)
        return cdn_spec_fail(&reader->table,
                             "a duration of at most a year is wanted here, such as "
                             "\"10m\"");
    limit->window = (uint64_t)ms * MS_NS;
    return CORDON_OK;
}

/* { count = 100, of = 1000 }, { count = 3, within = "10m" }; the walk stands at it. */
static cordon_status read_counted(struct cdn_policy_reader *reader,
                                  struct cdn_breaker_limit *limit,
                                  const cordon_value *map)
{
    static const char *const known[] = {"count", "of", "within"};
    struct cdn_spec *table = &reader->table;
    double count = 0, runs = 0;
    cordon_value value;
    cordon_status status = cdn_spec_check_keys(table, map, known, COUNT(known));

    if (status)
        return status;
    if (!cordon_value_get(&value, map, "count"))
        return cdn_spec_fail(table, "'count' is missing: { count = 100, of = 1000 }");
    cdn_spec_enter(table, "count");
    status = cdn_policy_read_number(reader, &count, &value, 1, CDN_BREAKER_MOST, true);
    if (status)
        return status;
    cdn_spec_leave(table);
    limit->count = (uint32_t)count;
    if (cordon_value_get(&value, map, "of")) {
        cdn_spec_enter(table, "of");
        status = cdn_policy_read_number(reader, &runs, &value, 1, 1e12, true);
        if (!status && runs < count)
            status = cdn_spec_fail(table, "%.0f runs cannot have %.0f failures", runs,
                                   count);
        if (status)
            return status;
        cdn_spec_leave(table);
        limit->by_runs = true;
        limit->window = (uint64_t)runs;
    }
    if (!cordon_value_get(&value, map, "within"))
        return limit->by_runs
                   ? CORDON_OK
                   : cdn_spec_fail(table, "a number of runs, 'of', or a time, "
                                          "'within', is missing");
    if (limit->by_runs)
        return cdn_spec_fail(table, "'of' so many runs or 'within' a time, not both");
    cdn_spec_enter(table, "within");
    status = read_within(reader, limit, &value);
    if (!status)
        cdn_spec_leave(table);
    return status;
}

static cordon_status read_limit(struct cdn_policy_reader *reader,
                                struct cdn_breaker_limit *limit,
                                const cordon_value *value)
{
    double count = 0;
    cordon_status status;

    if (value->type == CORDON_MAP)
        return read_counted(reader, limit, value);
    status = cdn_policy_read_number(reader, &count, value, 1, CDN_BREAKER_MOST, true);
    *limit = (struct cdn_breaker_limit){.count = (uint32_t)count,
                                        .window = DEFAULT_WINDOW_NS};
    return status;
}

/* One wall, or a list from the weakest; an empty one: none, the first trip pauses. */
static cordon_status read_behind(struct cdn_policy_reader *reader,
                                 const cordon_value *value)
{
    struct cdn_breaker_rules *rules = &reader->policy->breaker;
    struct cdn_spec *table = &reader->table;
    bool list = value->type == CORDON_ARRAY;
    uint32_t count = list ? value->length : 1;
    cordon_status status = CORDON_OK;

    rules->wall_count = 0;
    if (value->type == CORDON_MAP && !value->length)
        return CORDON_OK;
    for (uint32_t i = 0; i < count && !status; i++) {
        cordon_value item = *value;
        cordon_wall wall = CORDON_WALL_INPROC;

        if (list) {
            cdn_spec_enter_index(table, i + 1);
            if (!cordon_value_at(&item, value, i))
                return cdn_spec_fail(table, "cannot be read");
        }
        status = cdn_policy_read_wall(reader, &wall, &item);
        if (!status && wall == CORDON_WALL_INPROC)
            status = cdn_spec_fail(table,
                                   "'%s' is what everything is behind: a trip "
                                   "moves to a stronger wall",
                                   cordon_wall_str(wall));
        if (!status && rules->wall_count && wall <= rules->walls[rules->wall_count - 1])
            status = cdn_spec_fail(table, "'%s' is no stronger than the wall before it",
                                   cordon_wall_str(wall));
        if (status)
            return status;
        rules->walls[rules->wall_count++] = wall;
        if (list)
            cdn_spec_leave(table);
    }
    return status;
}

static const char *const faults[CDN_FAULTS] = {
#define FAULT_WORD(name, word, one, several) [CDN_FAULT_##name] = (word),
    CDN_FAULT_MAP(FAULT_WORD)
#undef FAULT_WORD
};

/* `walls` was read before. */
cordon_status cdn_policy_read_breaker(struct cdn_policy_reader *reader,
                                      const cordon_value *root)
{
    const char *known[CDN_FAULTS + 1];
    struct cdn_breaker_rules *rules = &reader->policy->breaker;
    const struct cdn_policy_walls *walls = &reader->policy->walls;
    struct cdn_spec *table = &reader->table;
    cordon_value map, value;
    cordon_status status;
    bool watches = false;

    if (!cordon_value_get(&map, root, "breaker"))
        return CORDON_OK;
    memcpy(known, faults, sizeof faults);
    known[CDN_FAULTS] = "behind";
    cdn_spec_enter(table, "breaker");
    status = cdn_spec_check_keys(table, &map, known, COUNT(known));
    for (int fault = 0; fault < CDN_FAULTS && !status; fault++) {
        size_t depth = table->depth;

        if (!cordon_value_get(&value, &map, faults[fault]))
            continue;
        watches = true;
        cdn_spec_enter(table, faults[fault]);
        status = cdn_policy_note(
            reader, read_limit(reader, &rules->limits[fault], &value), depth);
    }
    if (status)
        return status;
    if (!watches)
        return cdn_spec_fail(table, "watches nothing: crashes = 1, limits = { count = "
                                    "100, of = 1000 }, or errors");
    rules->given = true;
    if (cordon_value_get(&value, &map, "behind")) {
        cdn_spec_enter(table, "behind");
        return read_behind(reader, &value);
    }
    rules->wall_count = 1;
    rules->walls[0] = walls->of[CDN_TRUST_QUARANTINED] != CORDON_WALL_INPROC
                          ? walls->of[CDN_TRUST_QUARANTINED]
                          : CORDON_WALL_PROCESS;
    return CORDON_OK;
}
