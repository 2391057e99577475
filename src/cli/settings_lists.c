/* The lists of a configuration file: who calls the server, and what is masked in its log.
 *
 *     auth = {
 *       tokens = { { name = "shop", hash = "9f86...", rights = { "evaluate" },
 *                    principal = "till" } },
 *       certificates = { { name = "ops", subject = "CN=ops,O=Shop", rights = { "read" } } },
 *       peers = { { name = "admin", user = "root", rights = { "author", "kill" } } },
 *     }
 *
 * Names of users and groups become numbers here, once; a name that the system does not know is
 * a fault of the file, as it would never fit anybody. */
#include "cli/settings_read.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "base/alloc.h"
#include "base/suggest.h"
#include "cli/cli.h"

#define MAX_ENTRIES 1000
#define MAX_MASKS   100

/* ---- users and groups ---- */

/* The number of a user or a group by its name: 0, or an errno; ENOENT: there is none. */
static int look_up(bool group, const char *name, unsigned *out)
{
    size_t size = 1024;
    int code;

    do {
        char *room = cdn_alloc(size);

        if (!room)
            return ENOMEM;
        if (group) {
            struct group entry, *found = NULL;

            code = getgrnam_r(name, &entry, room, size, &found);
            *out = found ? entry.gr_gid : 0;
            code = code || found ? code : ENOENT;
        } else {
            struct passwd entry, *found = NULL;

            code = getpwnam_r(name, &entry, room, size, &found);
            *out = found ? entry.pw_uid : 0;
            code = code || found ? code : ENOENT;
        }
        cdn_free(room);
        size *= 4;
    } while (code == ERANGE && size < (size_t)1 << 22);
    return code;
}

/* `user` or `group` by name, `uid` or `gid` by number.  *has: it was there. */
static cordon_status take_id(struct cdn_spec *table, bool *has, unsigned *out,
                             const cordon_value *map, const char *by_name,
                             const char *by_number)
{
    const char *name = NULL;
    cordon_value value;
    cordon_status status = cdn_spec_text(table, &name, map, by_name, false);
    bool number = cordon_value_get(&value, map, by_number);

    if (status)
        return status;
    if (name && number)
        return cdn_spec_fail(table, "one of %s and %s is enough", by_name, by_number);
    *has = name || number;
    if (name) {
        int code = look_up(by_name[0] == 'g', name, out);

        if (code == ENOMEM)
            return cdn_error_nomem(table->err);
        if (code)
            return cdn_spec_fail_key(table, by_name,
                                     "this system knows no %s '%.64s'; write %s = "
                                     "NUMBER if it will",
                                     by_name, name, by_number);
    }
    if (number) {
        if (value.type != CORDON_INTEGER || value.as.integer < 0 ||
            value.as.integer >= UINT32_MAX)
            return cdn_spec_fail_key(table, by_number, "a number is wanted here");
        *out = (unsigned)value.as.integer;
    }
    return CORDON_OK;
}

/* ---- who calls ---- */

static cordon_status take_rights(struct cdn_spec *table, unsigned *out,
                                 const cordon_value *map)
{
    const char **words;
    uint32_t count;
    cordon_status status = cdn_spec_texts(table, &words, &count, map, "rights");

    *out = 0;
    for (uint32_t i = 0; i < count && !status; i++) {
        unsigned right = cdn_auth_right(words[i], strlen(words[i]));
        struct cdn_suggest suggest;
        char hint[160];

        cdn_suggest_init(&suggest, words[i]);
        for (unsigned bit = 1; cdn_auth_right_word(bit); bit <<= 1)
            cdn_suggest_offer(&suggest, cdn_auth_right_word(bit));
        if (!right)
            status = cdn_spec_fail_key(
                table, "rights", "there is no right '%.64s'%s", words[i],
                suggest.best ? cdn_suggest_text(&suggest, hint, sizeof(hint))
                             : "; there are evaluate, read, author, promote, kill "
                               "and audit");
        *out |= right;
    }
    return status;
}

enum kind { TOKENS, CERTIFICATES, PEERS, KINDS };

static const char *const kinds[KINDS] = {"tokens", "certificates", "peers"};

static cordon_status take_entry(struct cdn_spec *table, struct cdn_auth_entry *out,
                                enum kind kind, const cordon_value *map)
{
    static const char *const known[KINDS][8] = {
        {"name", "rights", "principal", "hash"},
        {"name", "rights", "principal", "subject"},
        {"name", "rights", "principal", "user", "uid", "group", "gid"}};
    unsigned uid = 0, gid = 0;
    cordon_error err;
    cordon_status status =
        cdn_spec_check_keys(table, map, known[kind], kind == PEERS ? 7 : 4);

    *out = (struct cdn_auth_entry){0};
    if (!status)
        status = cdn_spec_text(table, &out->name, map, "name", true);
    if (!status)
        status = take_rights(table, &out->rights, map);
    if (!status)
        status = cdn_spec_text(table, &out->principal, map, "principal", false);
    if (!status && kind == TOKENS)
        status = cdn_spec_text(table, &out->token_hash, map, "hash", true);
    if (!status && kind == CERTIFICATES)
        status = cdn_spec_text(table, &out->subject, map, "subject", true);
    if (!status && kind == PEERS)
        status = take_id(table, &out->has_uid, &uid, map, "user", "uid");
    if (!status && kind == PEERS)
        status = take_id(table, &out->has_gid, &gid, map, "group", "gid");
    out->uid = uid;
    out->gid = gid;
    if (!status && cdn_auth_check(out, &err))
        status = cdn_spec_fail(table, "%s", err.message);
    return status;
}

static cordon_status take_kind(struct cdn_settings_reader *reader, enum kind kind,
                               const cordon_value *list)
{
    struct cdn_settings *settings = reader->settings;
    struct cdn_spec *table = &reader->table;
    struct cdn_auth_entry *entries;
    cordon_status status = CORDON_OK;
    size_t depth = table->depth;
    cordon_value item;

    if (list->type == CORDON_MAP && list->length == 0)
        return CORDON_OK;
    if (list->type != CORDON_ARRAY)
        return cdn_spec_fail(table, "a list is wanted here, not %s",
                             cdn_spec_type(list));
    if (list->length > MAX_ENTRIES - settings->entry_count)
        return cdn_spec_fail(table, "there are more than %d entries", MAX_ENTRIES);
    entries =
        cdn_spec_keep(table, (settings->entry_count + list->length) * sizeof(*entries));
    if (!entries)
        return cdn_error_nomem(table->err);
    if (settings->entry_count)
        memcpy(entries, settings->entries, settings->entry_count * sizeof(*entries));
    settings->entries = entries;
    for (uint32_t i = 0; i < list->length && !status; i++) {
        struct cdn_auth_entry entry;

        cdn_spec_enter_index(table, i + 1);
        if (!cordon_value_at(&item, list, i))
            return cdn_spec_fail(table, "cannot be read");
        status = take_entry(table, &entry, kind, &item);
        if (!status)
            entries[settings->entry_count++] = entry;
        status = cdn_settings_note(reader, status, depth);
    }
    return status;
}

cordon_status cdn_settings_auth(struct cdn_settings_reader *reader,
                                const cordon_value *auth)
{
    struct cdn_spec *table = &reader->table;
    size_t depth = table->depth;
    struct cdn_auth *made = NULL;
    cordon_error err;
    cordon_value list;
    cordon_status status = cdn_settings_note(
        reader, cdn_spec_check_keys(table, auth, kinds, KINDS), depth);

    for (int kind = 0; kind < KINDS && !status; kind++) {
        if (auth->type != CORDON_MAP || !cordon_value_get(&list, auth, kinds[kind]))
            continue;
        cdn_spec_enter(table, kinds[kind]);
        status =
            cdn_settings_note(reader, take_kind(reader, (enum kind)kind, &list), depth);
    }
    if (status)
        return status;
    /* what is wrong with them together */
    status = cdn_auth_new(&made, reader->settings->entries,
                          reader->settings->entry_count, &err);
    cdn_auth_release(made);
    if (status == CORDON_E_INVALID)
        return cdn_spec_fail(table, "%s", err.message);
    return status ? cdn_error_nomem(table->err) : CORDON_OK;
}

const char *cdn_settings_known_by(const struct cdn_auth_entry *entry)
{
    return entry->token_hash ? "token" : entry->subject ? "certificate" : "peer";
}

/* ---- what is masked ---- */

cordon_status cdn_settings_masks(struct cdn_settings_reader *reader,
                                 const cordon_value *masks)
{
    static const char *const known[] = {"path", "with"};
    struct cdn_settings *settings = reader->settings;
    struct cdn_spec *table = &reader->table;
    cordon_status status = CORDON_OK;
    size_t depth = table->depth;
    cordon_value item;

    if (masks->type == CORDON_MAP && masks->length == 0)
        return CORDON_OK;
    if (masks->type != CORDON_ARRAY || masks->length > MAX_MASKS)
        return cdn_spec_fail(table,
                             "a list of at most %d { path = \"/input/...\", with = "
                             "\"text\" } is wanted here",
                             MAX_MASKS);
    settings->masks = cdn_spec_keep(table, masks->length * sizeof(*settings->masks));
    if (!settings->masks)
        return cdn_error_nomem(table->err);
    for (uint32_t i = 0; i < masks->length && !status; i++) {
        cordon_audit_mask mask = {0};

        cdn_spec_enter_index(table, i + 1);
        if (!cordon_value_at(&item, masks, i))
            return cdn_spec_fail(table, "cannot be read");
        status = cdn_spec_check_keys(table, &item, known, CDN_COUNT(known));
        if (!status)
            status = cdn_spec_text(table, &mask.path, &item, "path", true);
        if (!status && mask.path[0] != '/')
            status = cdn_spec_fail_key(table, "path",
                                       "a JSON pointer is wanted here, such as "
                                       "\"/input/params/iban\"");
        if (!status)
            status = cdn_spec_text(table, &mask.with, &item, "with", false);
        if (!status)
            settings->masks[settings->mask_count++] = mask;
        status = cdn_settings_note(reader, status, depth);
    }
    return status;
}
