"""A small validator of JSON Schema (2020-12): what the server's own schemas use of it.

    for fault in faults(document, {"$ref": "#/components/schemas/Node"}, value): ...

A keyword that it does not know is a fault of the schema, so that none is passed over."""
import re

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool) or
               isinstance(v, float) and v.is_integer(),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
NOTES = {"title", "description", "default", "examples", "example", "format", "deprecated",
         "contentMediaType"}
KNOWN = {"type", "enum", "const", "required", "properties", "additionalProperties", "items",
         "prefixItems", "oneOf", "anyOf", "allOf", "$ref", "pattern", "minimum", "maximum",
         "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems",
         "minProperties", "maxProperties", "propertyNames"}


def resolve(document, ref):
    """What a reference within the document means; KeyError: nothing."""
    if not ref.startswith("#/"):
        raise KeyError(ref)
    at = document
    for part in ref[2:].split("/"):
        at = at[part.replace("~1", "/").replace("~0", "~")]
    return at


def equal(a, b):
    return type(a) is type(b) and a == b or \
        TYPES["number"](a) and TYPES["number"](b) and a == b


def check_size(schema, value, where):
    for low, high, size in (("minLength", "maxLength", len(value) if isinstance(value, str) else None),
                            ("minItems", "maxItems", len(value) if isinstance(value, list) else None),
                            ("minProperties", "maxProperties",
                             len(value) if isinstance(value, dict) else None),
                            ("minimum", "maximum", value if TYPES["number"](value) else None)):
        if size is not None and size < schema.get(low, size):
            yield "%s: %s is below %s %s" % (where, size, low, schema[low])
        if size is not None and size > schema.get(high, size):
            yield "%s: %s is above %s %s" % (where, size, high, schema[high])
    if TYPES["number"](value):
        if value <= schema.get("exclusiveMinimum", value - 1):
            yield "%s: %s is not above %s" % (where, value, schema["exclusiveMinimum"])
        if value >= schema.get("exclusiveMaximum", value + 1):
            yield "%s: %s is not below %s" % (where, value, schema["exclusiveMaximum"])


def check_object(document, schema, value, where):
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield "%s: '%s' is missing" % (where, name)
    for name, item in value.items():
        if name in known:
            yield from faults(document, known[name], item, where + "." + name)
        elif "additionalProperties" in schema:
            yield from faults(document, schema["additionalProperties"], item, where + "." + name)
        if "propertyNames" in schema:
            yield from faults(document, schema["propertyNames"], name, where + " key")


def check_array(document, schema, value, where):
    first = schema.get("prefixItems", [])
    for i, item in enumerate(value):
        of = first[i] if i < len(first) else schema.get("items", True)
        yield from faults(document, of, item, "%s[%d]" % (where, i))


def faults(document, schema, value, where="$"):
    """What is wrong with the value, one line each."""
    if schema is True or schema == {}:
        return
    if schema is False:
        yield "%s: nothing may stand here" % where
        return
    for word in schema:
        if word not in KNOWN and word not in NOTES and not word.startswith("x-"):
            yield "%s: the schema's '%s' is not known here" % (where, word)
    if "$ref" in schema:
        try:
            yield from faults(document, resolve(document, schema["$ref"]), value, where)
        except KeyError:
            yield "%s: %s leads nowhere" % (where, schema["$ref"])
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(TYPES[t](value) for t in types):
        yield "%s: %s is no %s" % (where, str(value)[:80], " or ".join(types))
        return
    if "enum" in schema and not any(equal(value, v) for v in schema["enum"]):
        yield "%s: %s is none of %s" % (where, str(value)[:80], schema["enum"])
    if "const" in schema and not equal(value, schema["const"]):
        yield "%s: %s is not %s" % (where, str(value)[:80], schema["const"])
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield "%s: '%s' does not match %s" % (where, value[:80], schema["pattern"])
    yield from check_size(schema, value, where)
    for word, good in (("oneOf", lambda n: n == 1), ("anyOf", lambda n: n > 0)):
        if word in schema:
            tried = [list(faults(document, of, value, where)) for of in schema[word]]
            if not good(sum(not t for t in tried)):
                yield "%s: %d of %s fit %s: %s" % (where, sum(not t for t in tried), word,
                                                   str(value)[:120], [t[0] for t in tried if t])
    for of in schema.get("allOf", []):
        yield from faults(document, of, value, where)
    if isinstance(value, dict):
        yield from check_object(document, schema, value, where)
    if isinstance(value, list):
        yield from check_array(document, schema, value, where)


def selftest():
    """Each keyword refuses what it should, and a schema that is wrong is found."""
    document = {"a": {"type": "string"}}
    for schema, value, count in (
            ({"type": "integer"}, 1.0, 0), ({"type": "integer"}, 1.5, 1), ({"type": "integer"}, True, 1),
            ({"type": ["string", "null"]}, None, 0), ({"enum": [1, "a"]}, True, 1), ({"const": 1}, 1, 0),
            ({"required": ["a"]}, {}, 1), ({"properties": {"a": False}}, {"a": 1}, 1),
            ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 1}, 1),
            ({"items": {"$ref": "#/a"}}, ["x", 1], 1), ({"$ref": "#/b"}, 1, 1), ({"minimum": 2}, 1, 1),
            ({"maxLength": 1}, "ab", 1), ({"minItems": 1}, [], 1), ({"exclusiveMinimum": 1}, 1, 1),
            ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, 1, 1), ({"pattern": "^a$"}, "b", 1),
            ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1, 0), ({"allOf": [{"type": "null"}]}, 1, 1),
            ({"prefixItems": [{"type": "null"}], "items": {"type": "string"}}, [None, 1], 1),
            ({"propertyNames": {"pattern": "^a"}}, {"b": 1}, 1), ({"minimun": 1}, 1, 1)):
        if len(list(faults(document, schema, value))) != count:
            yield "%s of %s: wanted %d faults" % (schema, value, count)
