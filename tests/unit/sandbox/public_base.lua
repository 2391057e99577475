-- The language and its basic functions: what public test suites look at, in our own words.
--
-- The behaviours are those of calls.lua, closures, vararg.lua, events.lua, errors.lua,
-- goto.lua and coroutine.lua in the Lua test suite, of LuaJIT's lib/base, lib/coroutine and
-- lang tests, of lua-TestMore's 2xx and of Luau's pcall and coroutine tests: select, varargs
-- and their holes, metamethods, errors that are no texts, positions by level, handlers, what
-- a coroutine can do and what its status is when.  Ours alone: a handler of xpcall runs after
-- unwinding; '__gc' and '__mode' are refused; yields do not pass a pcall, as in Lua 5.1.
local function count(...) return select("#", ...) end
local function where(text) return (tostring(text):gsub("^.-:%d+: ", "AT ")) end
local function status(f, ...)
    local co = coroutine.create(f)
    coroutine.resume(co, ...)
    return coroutine.status(co)
end
local function resumed(f, ...)
    return coroutine.resume(coroutine.create(f), ...)
end
local function object(events) return setmetatable({}, events) end

return run({
    -- select and varargs
    { "0", select, "#" },
    { "3", select, "#", nil, nil, nil, n = 4 },
    { "2 3", select, 2, 1, 2, 3 },
    { "", select, 4, 1, 2, 3 },
    { "3", select, -1, 1, 2, 3 },
    { "1 2 3", select, -3, 1, 2, 3 },
    { "2 3", select, "2", 1, 2, 3 },
    { "2 3", select, 2.9, 1, 2, 3 },
    { "error: bad argument #1 to '?' (index out of range)", select, 0, 1 },
    { "error: bad argument #1 to '?' (index out of range)", select, -4, 1, 2, 3 },
    { "error: bad argument #1 to '?' (number expected, got string)", select, "x" },
    { "3", count, nil, nil, nil, n = 3 },
    { "4 2 1 nil", function()
        local function f(...) return count(1, ...), (...), (select(2, ...)) end
        return count(f(1), f(1)), f(1)
    end },
    { "1 1 2", function() return (count(nil)), (function(...) return ... end)(1, 2) end },
    { "200", function()
        local function grow(n, ...) if n == 0 then return count(...) end return grow(n - 1, n, ...) end
        return grow(200)
    end },
    { "1 3 2", function() local t = { count(1), (count(1, 2, 3)), select(2, 1, 2, nil) } return t[1], t[2], t[3] end },
    -- scopes and closures
    { "1 2 3", function()
        local fs = {}
        for i = 1, 3 do fs[i] = function() return i end end
        return fs[1](), fs[2](), fs[3]()
    end },
    { "1 2 1", function()
        local function counter() local n = 0 return function() n = n + 1 return n end end
        local a, b = counter(), counter()
        return a(), a(), b()
    end },
    { "2 2", function()
        local x = 1
        local function set(v) x = v end
        local function get() return x end
        set(2)
        return x, get()
    end },
    { "120", function() local function f(n) return n == 0 and 1 or n * f(n - 1) end return f(5) end },
    { "100000", function() local function f(n, a) if n == 0 then return a end return f(n - 1, a + 1) end return f(100000, 0) end },
    { "1 2 nil", function() local a, b, c = (function() return 1, 2 end)() return a, b, c end },
    { "2 1", function() local a, b = 1, 2 a, b = b, a return a, b end },
    { "3", function()
        for i = 1, 5 do
            if i == 3 then return i end
        end
    end },
    { "5 4 3 2 1", function() local t = {} for i = 5, 1, -1 do t[#t + 1] = i end return unpack(t) end },
    { "0", function() local n = 0 for _ = 1, 0 do n = n + 1 end return n end },
    { "11", function() local n = 0 for _ = 0, 1, 0.1 do n = n + 1 end return n end },
    { "3 'done'", function()
        local n = 0
        repeat local stop = n == 2 n = n + 1 until stop
        return n, "done"
    end },
    { "9", function()
        local n = 0
        for i = 1, 10 do
            if i == 5 then goto continue end
            n = n + 1
            ::continue::
        end
        return n
    end },
    { "false nil 1 2", function() return false and 1, nil and 1, 1 or 2, false or 2 end },
    -- metamethods
    { "'add' 'sub' 'mul' 'div' 'mod' 'pow'", function()
        local events = {}
        for _, name in ipairs({ "add", "sub", "mul", "div", "mod", "pow" }) do
            events["__" .. name] = function() return name end
        end
        local o = object(events)
        return o + 1, 1 - o, o * o, o / 1, o % 2, o ^ 2
    end },
    { "'unm' 'concat' 'called 1 2'", function()
        local o = object({ __unm = function() return "unm" end, __concat = function() return "concat" end,
            __call = function(_, a, b) return "called " .. a .. " " .. b end })
        return -o, "x" .. o, o(1, 2)
    end },
    { "true true true", function()
        local events = { __eq = function() return true end, __lt = function() return true end, __le = function() return true end }
        local a, b = object(events), object(events)
        return a == b, a < b, a <= b
    end },
    { "false", function() return object({ __eq = function() return true end }) == 1 end },
    { "'x!' 5", function()
        local t = object({ __index = function(_, key) return key .. "!" end, __newindex = function(t, k, v) rawset(t, k, v + 1) end })
        t.y = 4
        return t.x, t.y
    end },
    { "1 2 nil", function()
        local base = { a = 1 }
        local t = setmetatable({ b = 2 }, { __index = setmetatable({}, { __index = base }) })
        return t.a, t.b, t.c
    end },
    { "0", function() return #object({ __len = function() return 7 end }) end }, -- from 5.2 on 7
    { "'mine' 'error: cannot change a protected metatable'", function()
        local t = object({ __metatable = "mine" })
        return getmetatable(t), "error: " .. select(2, pcall(setmetatable, t, {}))
    end },
    { "nil", getmetatable, {} },
    { "error: bad argument #2 to '?' (nil or table expected, got number)", setmetatable, {}, 5,
        stock = "error: bad argument #2 to '?' (nil or table expected)" },
    { "error: bad argument #1 to '?' (table expected, got number)", setmetatable, 5, {} },
    { "error: '__gc' is not available to rules", setmetatable, {}, { __gc = count }, only = true },
    { "error: loop", function()
        local t = {}
        for _ = 1, 200 do t = setmetatable({}, { __index = t }) end
        local ok, message = pcall(function() return t.x end)
        error(message and message:match("loop"), 0)
    end },
    -- error, assert, pcall, xpcall
    { "error: hi", error, "hi", 0 },
    { "error: hi", error, "hi" },
    { "error: nil", error },
    { "error: table", error, {} },
    { "error: 5", error, 5, 0, only = true },
    { "'AT a' 'a' 'AT a'", function()
        local function at(level) return where(select(2, pcall(function() error("a", level) end))) end
        return at(1), at(0), at(nil)
    end },
    { "true", function()
        local t = {}
        local ok, caught = pcall(error, t)
        return not ok and caught == t
    end },
    { "1 nil 'x'", assert, 1, nil, "x", n = 3 },
    { "error: assertion failed!", assert, false },
    { "error: assertion failed!", assert, nil, n = 1 },
    { "error: message", assert, false, "message" },
    { "error: table", assert, false, {} },
    { "error: bad argument #1 to '?' (value expected)", assert },
    { "true 1 nil 3", pcall, function(...) return ... end, 1, nil, 3, n = 4 },
    { "false 'x'", pcall, error, "x" },
    { "false nil", pcall, error },
    { "false 'attempt to call a number value'", pcall, 5 },
    { "false 'attempt to call a nil value'", pcall, nil, n = 1 },
    { "true false 'in'", pcall, pcall, error, "in" },
    { "error: bad argument #1 to '?' (value expected)", pcall },
    { "true 7", pcall, setmetatable({}, { __call = function(_, a) return a end }), 7 },
    { "false 'H:x'", xpcall, function() error("x", 0) end, function(e) return "H:" .. e end },
    { "true 1 2", xpcall, function(...) return ... end, error, 1, 2 },
    { "true 1 2", xpcall, string.find, error, "alo", "al" },
    { "false table", xpcall, string.find, function() return {} end, true, "al" },
    { "false 'xy'", function()
        local ok, e = xpcall(function() error({ msg = "x" }) end, function(e) return { msg = e.msg .. "y" } end)
        return ok, e.msg
    end },
    { "error: bad argument #2 to '?' (value expected)", xpcall, count,
        stock = "error: bad argument #2 to '?' (function expected, got no value)" },
    { "true", function()
        local function overflow() return 1 + overflow() end
        local ok, message = pcall(overflow)
        return not ok and message:find("stack overflow") ~= nil
    end },
    { "true true", function() -- after an overflow all is as before
        local function overflow() return 1 + overflow() end
        return not pcall(overflow), not pcall(overflow)
    end },
    { "'AT attempt to call global 'nothing' (a nil value)'", function()
        return where(select(2, pcall(function() nothing() end)))
    end },
    { "'AT attempt to call field 'x' (a nil value)'", function()
        return where(select(2, pcall(function() local t = {} t.x() end)))
    end },
    { "'AT attempt to call method 'm' (a nil value)'", function()
        return where(select(2, pcall(function() local t = {} t:m() end)))
    end },
    { "'AT attempt to index local 'n' (a nil value)'", function()
        return where(select(2, pcall(function() local n return n.x end)))
    end },
    { "'AT attempt to index upvalue 'u' (a number value)'", function()
        local u = 5
        return where(select(2, pcall(function() return u.x.y end)))
    end, only = true },
    { "'AT attempt to index field 'b' (a nil value)'", function()
        return where(select(2, pcall(function() local a = {} return a.b.c end)))
    end },
    { "'AT attempt to perform arithmetic on local 's' (a table value)'", function()
        return where(select(2, pcall(function() local s = {} return s + 1 end)))
    end },
    { "'AT attempt to concatenate local 's' (a boolean value)'", function()
        return where(select(2, pcall(function() local s = true return "a" .. s end)))
    end },
    { "'AT attempt to compare number with string'", function()
        return where(select(2, pcall(function() return 1 < "2" end)))
    end },
    { "'AT attempt to compare two table values'", function()
        return where(select(2, pcall(function() return {} < {} end)))
    end },
    { "'AT attempt to get length of local 'n' (a number value)'", function()
        return where(select(2, pcall(function() local n = 1 return #n end)))
    end },
    { "'AT 'for' initial value must be a number'", function()
        return where(select(2, pcall(function() for _ = {}, 1 do end end)))
    end },
    { "'AT 'for' limit must be a number'", function()
        return where(select(2, pcall(function() for _ = 1, {} do end end)))
    end },
    { "'AT 'for' step must be a number'", function()
        return where(select(2, pcall(function() for _ = 1, 2, {} do end end)))
    end },
    { "'AT bad argument #1 to 'rep' (string expected, got table)'", function()
        return where(select(2, pcall(function() local rep = string.rep rep({}, 1) end)))
    end, only = true },
    { "'AT bad argument #1 to 'sub' (number expected, got no value)'", function()
        return where(select(2, pcall(function() return (("x"):sub()) end)))
    end },
    { "'AT calling 'sub' on bad self (string expected, got table)'", function()
        return where(select(2, pcall(function()
            local t = setmetatable({}, { __index = string })
            return (t:sub(1))
        end)))
    end },
    -- coroutines
    { "true 1 2", resumed, function(...) return ... end, 1, 2 },
    { "true", resumed, function() end },
    { "false 'x'", resumed, error, "x" },
    { "'suspended' 'dead' 'dead'", function()
        return coroutine.status(coroutine.create(count)), status(count), status(error)
    end },
    { "'suspended'", status, coroutine.yield },
    { "'running'", function() local co co = coroutine.create(function() return coroutine.status(co) end) return select(2, coroutine.resume(co)) end },
    { "'normal'", function()
        local outer
        outer = coroutine.create(function()
            return coroutine.wrap(function() return coroutine.status(outer) end)()
        end)
        return select(2, coroutine.resume(outer))
    end },
    { "1 4 9 nil", function()
        local f = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
        return f(), f(), f(), (f())
    end },
    { "'a1' 'b2' 'c3'", function()
        local f = coroutine.wrap(function(x)
            local n = 0
            while true do n = n + 1 x = coroutine.yield(x .. n) end
        end)
        return f("a"), f("b"), f("c")
    end },
    { "true 1 nil 3", function()
        local co = coroutine.create(function(...) coroutine.yield(...) end)
        return coroutine.resume(co, 1, nil, 3)
    end },
    { "'2 3 5 7 11 13 17 19'", function() -- a sieve of coroutines
        local function numbers(n) return coroutine.wrap(function() for i = 2, n do coroutine.yield(i) end end) end
        local function filter(p, g)
            return coroutine.wrap(function()
                for n in g do if n % p ~= 0 then coroutine.yield(n) end end
            end)
        end
        local found, x = {}, numbers(20)
        while true do
            local n = x()
            if not n then break end
            found[#found + 1] = n
            x = filter(n, x)
        end
        return table.concat(found, " ")
    end },
    { "24", function() -- permutations
        local function permute(t, n)
            if n == 0 then coroutine.yield() end
            for i = 1, n do
                t[n], t[i] = t[i], t[n]
                permute(t, n - 1)
                t[n], t[i] = t[i], t[n]
            end
        end
        local found, co = 0, coroutine.create(function() permute({ 1, 2, 3, 4 }, 4) end)
        while coroutine.resume(co) and coroutine.status(co) ~= "dead" do found = found + 1 end
        return found
    end },
    { "false 'cannot resume dead coroutine'", function()
        local co = coroutine.create(count)
        coroutine.resume(co)
        return coroutine.resume(co)
    end },
    { "true false 'cannot resume running coroutine'", function()
        local co
        co = coroutine.create(function() return coroutine.resume(co) end)
        return coroutine.resume(co)
    end },
    { "'AT cannot resume dead coroutine'", function()
        local f = coroutine.wrap(count)
        f()
        return where(select(2, pcall(function() f() end)))
    end },
    { "'AT AT x'", function()
        local f = coroutine.wrap(function() error("x") end)
        local message = select(2, pcall(function() f() end))
        return (message:gsub("[^ ]-:%d+: ", "AT "))
    end, stock = "'AT x'", only = true },
    { "table", function()
        local f = coroutine.wrap(function() error({}) end)
        return (select(2, pcall(f)))
    end },
    { "false 'attempt to yield across C-call boundary'", resumed, function()
        table.sort({ 3, 2, 1 }, coroutine.yield)
    end },
    { "true 1 false 'attempt to yield across C-call boundary'", function()
        return resumed(function() return 1, pcall(coroutine.yield) end)
    end, stock = "true" },
    { "error: bad argument #1 to '?' (function expected, got number)", coroutine.create, 5 },
    { "error: bad argument #1 to '?' (function expected, got no value)", coroutine.wrap },
    { "error: bad argument #1 to '?' (coroutine expected)", coroutine.resume, 5 },
    { "error: bad argument #1 to '?' (coroutine expected)", coroutine.status, {} },
    { "'thread' 'function'", function() return type(coroutine.create(count)), type(coroutine.wrap(count)) end },
    -- type and names
    { "'nil' 'boolean' 'number' 'string' 'table' 'function'", function()
        return type(nil), type(true), type(1), type(""), type({}), type(type)
    end },
    { "error: bad argument #1 to '?' (value expected)", type },
    { "'Lua 5.1'", function() return _VERSION end },
    { "true", function() return _G._G == _G and _G.select == select end },
    { "nil nil nil nil nil nil nil nil", function()
        return load, loadstring, dofile, require, getfenv, collectgarbage, rawlen, os
    end, only = true },
})
