/* The frames by which a worker reads a file for the host: READ, CONTRACT and TABLE.
 *
 * What comes back may be any lie that a file could have told, and no other: fields in order, each
 * one whole value as Lua's are written (transfer.h), faults that are text.  Whether it is a
 * rule is judged by the host, as if it had read the file itself. */
#include <string.h>

#include "base/alloc.h"
#include "isolation/field.h"
#include "isolation/wire.h"

enum { READ_FIELDS = 3 + 7, CONTRACT_FIELDS = 6, TABLE_FIELDS = 1, FIELD_FIELDS = 3 };

/* ---- writing ---- */

void cdn_wire_put_read(struct cdn_buf *out, const struct cdn_wire_read *read)
{
    struct cdn_packer packer = begin(out, READ_FIELDS);

    put_uint(&packer, read->what);
    cdn_pack_str(&packer, read->file, read->file_bytes);
    cdn_pack_str(&packer, read->source, read->source_bytes);
    put_budget(&packer, &read->load);
}

static void put_word(struct cdn_packer *packer, const char *word)
{
    if (word)
        cdn_pack_cstr(packer, word);
    else
        cdn_pack_nil(packer);
}

void cdn_wire_put_contract(struct cdn_buf *out, const struct cdn_contract *contract,
                           uint64_t image_bytes)
{
    struct cdn_packer packer = begin(out, CONTRACT_FIELDS);

    put_uint(&packer, image_bytes);
    put_word(&packer, contract->returned);
    put_word(&packer, contract->evaluate);
    put_word(&packer, contract->odd_key);
    cdn_pack_bool(&packer, contract->too_many);
    cdn_pack_array(&packer, FIELD_FIELDS * contract->count);
    for (uint32_t i = 0; i < contract->count; i++) {
        const struct cdn_contract_field *field = &contract->fields[i];

        cdn_pack_cstr(&packer, field->key);
        cdn_pack_cstr(&packer, field->fault);
        cdn_pack_str(&packer, (const char *)contract->packed + field->offset,
                     field->bytes);
    }
}

void cdn_wire_put_table(struct cdn_buf *out, const struct cdn_buf *table)
{
    struct cdn_packer packer = begin(out, TABLE_FIELDS);

    cdn_pack_str(&packer, (const char *)table->data, table->length);
}

/* ---- reading ---- */

cordon_status cdn_wire_get_read(struct cdn_wire_read *out, const struct cdn_buf *in,
                                cordon_error *err)
{
    struct reader reader = read_frame(in, READ_FIELDS);

    *out = (struct cdn_wire_read){
        .what = (enum cdn_wire_file)get_small(&reader, CDN_WIRE_FILE_TABLE, "what")};
    out->file =
        get_text(&reader, &out->file_bytes, CORDON_ERROR_FILE_BYTES - 1, false, "file");
    out->source = get_text(&reader, &out->source_bytes, CORDON_RULE_MAX_SOURCE_BYTES,
                           false, "source");
    get_budget(&reader, &out->load);
    return finish(&reader, "READ", err);
}

/* Does a key stand after the one before it: numbers in order, then texts in order of bytes?
 * Nothing else is a key. */
static bool in_order(const cordon_value *before, const cordon_value *key)
{
    size_t shorter;
    int order;

    if (key->type == CORDON_INTEGER)
        return before->type == CORDON_NIL ||
               (before->type == CORDON_INTEGER && before->as.integer < key->as.integer);
    if (key->type != CORDON_STRING)
        return false;
    if (before->type != CORDON_STRING)
        return true;
    shorter = before->length < key->length ? before->length : key->length;
    order = memcmp(before->as.string, key->as.string, shorter);
    return order ? order < 0 : before->length < key->length;
}

/* Is it what transfer.c makes of a value of Lua's?  The bytes are whole, and not deep. */
static bool is_canonical(const cordon_value *value)
{
    cordon_value before = {.type = CORDON_NIL}, key, item;
    cordon_value_iter iter;

    if (value->type != CORDON_ARRAY && value->type != CORDON_MAP)
        return true;
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &item)) {
        if (value->type == CORDON_MAP && !in_order(&before, &key))
            return false;
        before = key;
        if (!is_canonical(&item))
            return false;
    }
    return true;
}

static bool is_whole(const void *bytes, size_t count)
{
    cordon_value value;

    return !cordon_value_parse(&value, bytes, count, NULL) && is_canonical(&value);
}

static const char *get_type(struct reader *reader, const char *field)
{
    size_t bytes;
    const char *word = get_text(reader, &bytes, CDN_RULE_MAX_WORD, true, field);
    const char *type = word ? cdn_contract_type(word, bytes) : NULL;

    if (word && !type)
        wrong(reader, field);
    return type;
}

/* A text into `out` of `size` bytes, with its NUL. */
static void get_copy(struct reader *reader, char *out, size_t size, const char *field)
{
    size_t bytes;
    const char *text = get_text(reader, &bytes, size - 1, false, field);

    if (text && memchr(text, 0, bytes))
        wrong(reader, field);
    else if (text)
        memcpy(out, text, bytes);
    out[text ? bytes : 0] = '\0';
}

static void get_field(struct reader *reader, struct cdn_contract *contract)
{
    struct cdn_contract_field *field = &contract->fields[contract->count];
    const char *value;

    get_copy(reader, field->key, sizeof field->key, "a field's name");
    get_copy(reader, field->fault, sizeof field->fault, "a field's fault");
    value = get_text(reader, &field->bytes, CDN_CONTRACT_BYTES - contract->packed_bytes,
                     false, "a field's value");
    if (!value)
        return;
    if (contract->count && strcmp(field[-1].key, field->key) > 0)
        wrong(reader, "the order of fields");
    if (field->fault[0] ? field->bytes != 0 : !is_whole(value, field->bytes))
        wrong(reader, "a field's value");
    field->offset = contract->packed_bytes;
    memcpy(contract->packed + field->offset, value, field->bytes);
    contract->packed_bytes += field->bytes;
    contract->count++;
}

cordon_status cdn_wire_get_contract(struct cdn_contract **out, uint64_t *image_bytes,
                                    const struct cdn_buf *in, cordon_error *err)
{
    struct reader reader = read_frame(in, CONTRACT_FIELDS);
    struct cdn_contract *contract = cdn_contract_new();
    uint32_t count;
    cordon_status status;

    *out = NULL;
    if (!contract)
        return cdn_error_nomem(err);
    *image_bytes = get_uint(&reader, "the image's size");
    contract->returned = get_type(&reader, "what the file returned");
    contract->evaluate = get_type(&reader, "what evaluate is");
    contract->odd_key = get_type(&reader, "what a key is");
    contract->too_many = get_bool(&reader, "whether fields are left out");
    count =
        get_array(&reader, 0, FIELD_FIELDS * CDN_CONTRACT_MAX_FIELDS, "the fields") /
        FIELD_FIELDS;
    for (uint32_t i = 0; i < count && !reader.field; i++)
        get_field(&reader, contract);
    status = finish(&reader, "CONTRACT", err);
    if (status)
        cdn_contract_free(contract);
    else
        *out = contract;
    return status;
}

cordon_status cdn_wire_get_table(struct cdn_buf *out, const struct cdn_buf *in,
                                 cordon_error *err)
{
    struct reader reader = read_frame(in, TABLE_FIELDS);
    size_t bytes;
    const char *text =
        get_text(&reader, &bytes, CDN_WIRE_TABLE_BYTES, false, "the table");
    cordon_status status;

    if (text && !is_whole(text, bytes))
        wrong(&reader, "the table");
    status = finish(&reader, "TABLE", err);
    if (status)
        return status;
    cdn_buf_append(out, text, bytes);
    return out->failed ? cdn_error_nomem(err) : CORDON_OK;
}
