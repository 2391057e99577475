-- Tables and strings through sort, insert, remove, concat, unpack, sub, byte, rep ...
local state = ... + 1
local function below(n)
    state = (state * 16807) % 2147483647
    return state % n
end
local function pick(list)
    return list[below(#list) + 1]
end
local function list_text(t)
    local parts = {}
    for i = 1, table.maxn(t) do
        parts[i] = tostring(t[i])
    end
    return table.concat(parts, ",")
end

local out = {}
local function note(what, ok, ...)
    local parts = {}
    for i = 1, select("#", ...) do
        local value = select(i, ...)
        parts[i] = type(value) == "table" and "{" .. list_text(value) .. "}" or ("%q"):format(tostring(value))
    end
    out[#out + 1] = what .. " = " .. (ok and table.concat(parts, ",") or "error")
end
local function numbers(most)
    local t = {}
    for i = 1, below(most) do
        t[i] = below(50) - 20
    end
    return t
end
local function words(most)
    local t = {}
    for i = 1, below(most) do
        local parts = {}
        for j = 1, below(12) do
            parts[j] = string.char(97 + below(3))
        end
        t[i] = table.concat(parts)
    end
    return t
end

for _ = 1, 60 do
    for _, make in ipairs({ numbers, words }) do
        local t = make(80)
        note("sort", pcall(table.sort, t))
        note("sorted", true, t)
        note("descending", pcall(table.sort, t, function(a, b) return a > b end))
        note("sorted", true, t)
    end
    local t = numbers(12)
    local place = below(16) + 1
    note("insert", pcall(table.insert, t, 77))
    if place <= #t + 1 then
        note("insert", pcall(table.insert, t, place, 99))
    end
    note("inserted", true, t)
    note("remove", pcall(function() return (table.remove(t)) end))
    note("remove", pcall(function() return (table.remove(t, below(14) + 1)) end))
    note("removed", true, t)
    note("concat", pcall(table.concat, t, pick({ "", ",", "--" }), pick({ 1, 2, 5, 0 }), pick({ 3, 8, 0, 20 })))
    note("concat", pcall(table.concat, t))
    note("unpack", pcall(unpack, t, below(6) - 2, below(12) - 2))
    note("maxn", pcall(table.maxn, t))
    local s = table.concat(words(6))
    local a, b = below(20) - 10, below(20) - 10
    note("sub", pcall(string.sub, s, a, b))
    note("sub", pcall(string.sub, s, a))
    note("byte", pcall(string.byte, s, a, b))
    note("byte", pcall(string.byte, s, a))
    note("byte", pcall(string.byte, s))
    note("rep", pcall(string.rep, s, below(5) - 1))
    note("rep", pcall(string.rep, s, below(5) - 1, ","))
    note("case", true, s:upper(), s:upper():lower(), s:reverse(), s:len())
    note("char", pcall(string.char, below(300), below(256)))
end
note("sort", pcall(table.sort, { 1, "x" }))
note("sort", pcall(table.sort, { {}, {} }))
note("sort", pcall(table.sort, { 3, 2, 1 }, function() error("no") end))
note("sort", pcall(table.sort, { 2, 1 }, 5))
note("sort", pcall(table.sort, 5))
note("concat", pcall(table.concat, { 1, {}, 3 }))
note("concat", pcall(table.concat, { 1, true }))
note("concat", pcall(table.concat, { 1, 2 }, ",", 1, 3))
note("insert", pcall(table.insert, {}))
note("insert", pcall(table.insert, {}, 1, 2, 3))
note("insert", pcall(table.insert, {}, "x", 2))
note("remove", pcall(table.remove, 5))
note("unpack", pcall(unpack, {}, 1, 8000))
note("unpack", pcall(unpack, {}, 1, 1e6))
note("select", pcall(select, 0))
note("select", pcall(select, -1, 1, 2, 3))
note("rawget", pcall(rawget, { 5 }, 1))
note("rawset", pcall(rawset, {}, nil, 1))
note("setmetatable", pcall(setmetatable, {}, 5))
note("setmetatable", pcall(setmetatable, 5, {}))
note("setmetatable", pcall(setmetatable, setmetatable({}, { __metatable = 1 }), {}))
note("getmetatable", pcall(getmetatable, setmetatable({}, { __metatable = "mine" })))
note("getmetatable", pcall(getmetatable, {}))
note("getmetatable", pcall(getmetatable, 5))
note("getmetatable", pcall(getmetatable))
note("pairs", pcall(pairs))
note("pairs", pcall(pairs, 5))
note("ipairs", pcall(ipairs))
note("next", pcall(next, {}))
note("next", pcall(next, { 7 }))
note("next", pcall(next, { 7 }, 1))
note("tostring", pcall(tostring))
note("tostring", pcall(tostring, setmetatable({}, { __tostring = function() return "me" end })))
note("pcall", pcall(pcall))
note("pcall", pcall(pcall, error))
note("pcall", pcall(pcall, error, "x", 0))
note("pcall", pcall(pcall, 5))
note("xpcall", pcall(xpcall, error, function(e) return "h" .. tostring(e) end, "x"))
note("xpcall", pcall(xpcall, function(...) return select("#", ...) end, print or tostring, 1, nil, nil))
note("wrap", pcall(coroutine.wrap(function(...) return ... end), 1, 2, 3))
note("resume", coroutine.resume(coroutine.create(function(...)
    local got = coroutine.yield(...)
    return got
end), 1, 2))
local co
co = coroutine.create(function()
    note("status", true, coroutine.status(co), coroutine.resume(co))
    local inner = coroutine.create(function() note("outer", true, coroutine.status(co)) end)
    coroutine.resume(inner)
    coroutine.yield()
    error("end")
end)
note("status", true, coroutine.status(co))
coroutine.resume(co)
note("status", true, coroutine.status(co))
note("resume", true, (coroutine.resume(co)))
note("status", true, coroutine.status(co))
note("resume", true, coroutine.resume(co))
note("create", pcall(coroutine.create, 5))
note("resume", pcall(coroutine.resume, 5))
note("wrap", pcall(function()
    local f = coroutine.wrap(function() return 1 end)
    f()
    return f()
end))
return table.concat(out, "\n")
