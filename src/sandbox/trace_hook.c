/* What a line hook notes: whose line it is, where that call came from, and its locals.
 *
 * LuaJIT tells of a line when it is another one than before in the same function, when the
 * program counter went back, and when control came from another function.  So a line that calls
 * one is told of twice, and to say how often lines ran, and from where to where, calls have to
 * be told apart.  A call is known by its stack, where its frame lies on that, and its function;
 * those that lay above it have ended.  Hooks on calls and returns would say the same and more,
 * but a hook on returns takes them out of LuaJIT's count.
 *
 * Of several that one native function calls one after the other (a comparator) only the first
 * is seen as one: the next goes on from its last line.
 *
 * Locals are compared when the function's next line begins.  What a function's last line sets,
 * or a block's last line makes, is gone by then; a table is the same one whatever it holds. */
#include "sandbox/trace.h"

#include <string.h>

/* ---- calls ---- */

static void forget(cordon_trace *trace, uint32_t number)
{
    struct cdn_trace_call *call = &trace->calls[number];

    trace->rooms &= ~(UINT32_C(1) << call->room);
    trace->call_count--;
    memmove(call, call + 1, (trace->call_count - number) * sizeof *call);
}

static struct cdn_trace_call *begin_call(cordon_trace *trace, const lua_State *L,
                                         int frame, const void *function)
{
    struct cdn_trace_call *call;

    if (trace->call_count == CDN_TRACE_CALLS)
        forget(trace, 0); /* the outermost comes back as a new one */
    call = &trace->calls[trace->call_count++];
    *call = (struct cdn_trace_call){.L = L,
                                    .function = function,
                                    .frame = frame,
                                    .serial = ++trace->serial,
                                    .step = CDN_TRACE_NO_STEP};
    while (trace->rooms & UINT32_C(1) << call->room)
        call->room++;
    trace->rooms |= UINT32_C(1) << call->room;
    return call;
}

/* The call that the frame is; *fresh: it has just begun.  Those above it are over. */
static struct cdn_trace_call *find_call(cordon_trace *trace, lua_State *L,
                                        lua_Debug *frame, bool *fresh)
{
    const void *function;

    lua_getinfo(L, "f", frame);
    function = lua_topointer(L, -1);
    lua_pop(L, 1);
    *fresh = false;
    for (uint32_t i = trace->call_count; i-- > 0;) {
        const struct cdn_trace_call *call = &trace->calls[i];

        if (call->L != L)
            continue;
        if (call->frame < frame->i_ci)
            break;
        if (call->frame == frame->i_ci && call->function == function)
            return &trace->calls[i];
        forget(trace, i);
    }
    *fresh = true;
    return begin_call(trace, L, frame->i_ci, function);
}

/* ---- locals ---- */

/* A number for what stands at index; another one, most likely, for anything else. */
static uint64_t held_at(lua_State *L, int index)
{
    int type = lua_type(L, index);
    uint64_t bits = 0;
    double number;

    switch (type) {
    case LUA_TNIL:
        break;
    case LUA_TBOOLEAN:
        bits = (uint64_t)lua_toboolean(L, index);
        break;
    case LUA_TNUMBER:
        number = lua_tonumber(L, index);
        memcpy(&bits, &number, sizeof bits);
        break;
    case LUA_TSTRING: /* no conversion */
        bits = (uint64_t)(uintptr_t)lua_tolstring(L, index, NULL);
        break;
    case LUA_TLIGHTUSERDATA:
        bits = (uint64_t)(uintptr_t)lua_touserdata(L, index);
        break;
    default:
        bits = (uint64_t)(uintptr_t)lua_topointer(L, index);
        break;
    }
    return cdn_hash_mix((uint64_t)type + 1, bits);
}

static void note_value(cordon_trace *trace, lua_State *L, const char *name,
                       uint32_t step)
{
    char shown[CORDON_TRACE_VALUE_BYTES];
    size_t length = trace->text_length;
    cordon_trace_value *value;
    const char *type, *text;

    if (step == CDN_TRACE_NO_STEP || trace->value_count == trace->value_room) {
        trace->summary.lost_values++;
        return;
    }
    type = cdn_trace_show(&trace->host, L, -1, shown);
    if (!type)
        return;
    name = cdn_trace_name(trace, name);
    text = cdn_trace_text(trace, shown, strlen(shown));
    value = name && text ? cdn_trace_add_value(trace, step) : NULL;
    if (!value) {
        trace->summary.lost_values += !name || !text;
        trace->text_length = length;
        return;
    }
    value->type = type;
    value->name = name;
    value->text = text;
}

/* What has changed since the call's locals were last looked at was set by `step`. */
static void note_locals(cordon_trace *trace, lua_State *L, lua_Debug *frame,
                        struct cdn_trace_call *call, uint32_t step)
{
    struct cdn_trace_local *locals = trace->locals[call->room];
    uint32_t count = 0;

    for (; count < CDN_TRACE_LOCALS; count++) {
        struct cdn_trace_local *local = &locals[count];
        const char *name = lua_getlocal(L, frame, (int)count + 1);
        uint64_t held;
        bool own;

        if (!name)
            break;
        own = name[0] == '('; /* a loop's, which may be no value of Lua's */
        held = own ? 0 : held_at(L, -1);
        if (count >= call->known || local->name != name || local->held != held) {
            local->name = name;
            local->held = held;
            if (!own)
                note_value(trace, L, name, step);
        }
        lua_pop(L, 1);
    }
    call->known = count;
}

/* ---- lines ---- */

void cdn_trace_on_line(cordon_trace *trace, lua_State *L, lua_Debug *frame,
                       const struct cdn_trace_cost *used)
{
    uint32_t line = (uint32_t)frame->currentline;
    struct cdn_trace_call *call;
    bool fresh, back;

    if (frame->currentline <= 0) { /* LuaJIT has written math.rad and math.deg in Lua */
        trace->last = 0;           /* nobody's: what comes next has come back */
        return;
    }
    cdn_trace_settle(trace, used);
    call = find_call(trace, L, frame, &fresh);
    back = !fresh && call->serial != trace->last;
    trace->last = call->serial;
    if (!fresh && !trace->counts_only)
        note_locals(trace, L, frame, call, call->step);
    if (back && call->line == line) { /* it goes on */
        trace->line = line;
        trace->step = call->step;
        return;
    }
    if (!fresh)
        cdn_trace_jump(trace, call->line, line);
    cdn_trace_begin_line(trace, line, (uint32_t)(call - trace->calls));
    call->line = line;
    call->step = trace->step;
    if (fresh && !trace->counts_only)
        note_locals(trace, L, frame, call, call->step);
}
