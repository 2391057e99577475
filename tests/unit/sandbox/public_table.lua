-- Tables: what public test suites look at, in our own words.
--
-- The behaviours are those of nextvar.lua and sort.lua in the Lua test suite, of LuaJIT's
-- lib/table and lib/base tests (insert, remove, sort, concat, next, pairs, ipairs), of
-- lua-TestMore's 305 and Luau's sort and tables tests: growing and emptying, the length,
-- traversal with changes on the way, every permutation sorted, comparators that err, raise or
-- contradict themselves.  Ours alone: pairs and next have an order (1.., numbers, strings);
-- sort is stable and no comparator is an "invalid order function"; a place that is no number
-- for a table is refused.
local function list(t, last)
    local parts = {}
    for i = 1, last or #t do
        parts[i] = tostring(t[i])
    end
    return table.concat(parts, ",")
end
local function after(f, t, ...) -- what a function leaves of a table
    f(t, ...)
    return list(t, table.maxn(t))
end
local function keys(t)
    local parts = {}
    for k in pairs(t) do
        parts[#parts + 1] = tostring(k)
    end
    return table.concat(parts, " ")
end
local function sorted(t, comes_before)
    table.sort(t, comes_before)
    return list(t)
end
local function each_permutation(t, n, check)
    if n <= 1 then
        return check(t)
    end
    for i = 1, n do
        t[i], t[n] = t[n], t[i]
        each_permutation(t, n - 1, check)
        t[i], t[n] = t[n], t[i]
    end
end
local function all_sorted(t)
    local wrong = 0
    each_permutation(t, #t, function(one)
        local copy = { unpack(one) }
        table.sort(copy)
        for i = 2, #copy do
            wrong = wrong + (copy[i] < copy[i - 1] and 1 or 0)
        end
    end)
    return wrong
end
local function descending(a, b) return a > b end
local months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

return run({
    -- length
    { "0 0 0", function() return #{}, #{ nil }, #{ nil, nil } end },
    { "3", function() return #{ 1, 2, 3, nil, nil } end },
    { "0", function() return #{ [-1] = 2 } end },
    { "true", function()
        for i = 0, 140 do
            local t = {}
            for j = 1, i do t[j] = j end
            if #t ~= i then return i end
        end
        return true
    end },
    { "true", function()
        local t = {}
        for i = 1, 100 do t[i .. "+"] = true end
        for i = 1, 100 do t[i .. "+"] = nil end
        for i = 1, 100 do t[i] = true if #t ~= i then return i end end
        return true
    end },
    { "true", function()
        local t = {}
        for i = 0, 50 do t[2 ^ i] = true end
        return t[#t]
    end },
    { "20", function() return ({ [0] = 10, 20 })[1] end },
    { "'zero' 'zero'", function() local t = { [0] = "zero" } return t[-0], t[0 / -1] end },
    { "error: t.lua:0: table index is nil", function()
        local ok, message = pcall(function() local t = {} t[nil] = 1 end)
        error((message:gsub("^.-:%d+", "t.lua:0")), 0)
    end },
    { "error: t.lua:0: table index is NaN", function()
        local ok, message = pcall(function() local t = {} t[0 / 0] = 1 end)
        error((message:gsub("^.-:%d+", "t.lua:0")), 0)
    end },
    { "nil nil", function() local t = {} return t[nil], t[0 / 0] end },
    -- ipairs
    { "'1=10 2=20 3=30'", function()
        local parts = {}
        for k, v in ipairs({ 10, 20, 30, x = 12 }) do parts[k] = k .. "=" .. v end
        return table.concat(parts, " ")
    end },
    { "0", function() local n = 0 for _ in ipairs({ x = 1 }) do n = n + 1 end return n end },
    { "4", function() local n = 0 for k, v in ipairs({ true, false, true, false }) do n = k end return n end },
    { "2", function() local n = 0 for k in ipairs({ 1, 2, nil, 4 }) do n = k end return n end },
    { "5", function() local t, n = { 1 }, 0 for k, v in ipairs(t) do n = k if k < 5 then t[k + 1] = k end end return n end },
    { "'function' 'table' 0", function() local f, t, i = ipairs({}) return type(f), type(t), i end },
    { "true", function() return ipairs({}) == ipairs({}) end },
    { "error: bad argument #1 to '?' (table expected, got no value)", ipairs,
        stock = "error: bad argument #1 to '?' (value expected)" },
    { "error: bad argument #1 to '?' (table expected, got nil)", ipairs, nil, n = 1 },
    -- next and pairs; the order is ours
    { "nil", function() return (next({})) end },
    { "1 10", next, { 10, 20 } },
    { "2 20", next, { 10, 20 }, 1 },
    { "nil", next, { 10, 20 }, 2 },
    { "'1 2 3 x y'", keys, { 1, 2, 3, y = 1, x = 2 }, only = true },
    { "'1 2 -5 0 2.5 10 A a aa b'", keys, { 1, 2, b = 1, [0] = 1, [2.5] = 1, [-5] = 1, [10] = 1, aa = 1, a = 1, A = 1 }, only = true },
    { "'-inf -1 inf '", function() return keys({ [1 / 0] = 1, [-1 / 0] = 1, [-1] = 1, [""] = 1 }) end, only = true },
    { "900", function()
        local t, n = {}, 0
        for i = 0, 999 do if i % 10 ~= 0 then t["x" .. i] = i end end
        for k, v in pairs(t) do n = n + (t[k] == v and 1 or 0) end
        return n
    end },
    { "0", function() -- clearing on the way
        local t = {}
        for i = 1, 100 do t["k" .. i] = i t[i] = i end
        for k in pairs(t) do t[k] = nil end
        return select("#", next(t)) - 1
    end },
    { "201", function() -- changing on the way
        local t, n = { x = 1 }, 0
        for i = 1, 200 do t[i] = i end
        for k, v in pairs(t) do t[k] = -v n = n + 1 end
        return n
    end },
    { "true", function()
        local seen, t = {}, { 1, 2, 3, 4, 5, x = 1, y = 2, z = 3 }
        local k, v = next(t)
        while k do seen[k] = v k, v = next(t, k) end
        for key, value in pairs(t) do if seen[key] ~= value then return key end end
        for key, value in pairs(seen) do if t[key] ~= value then return key end end
        return true
    end },
    { "'function' 'table' nil", function() local f, t, k = pairs({}) return type(f), type(t), k end },
    { "true", function() for k, v in pairs(setmetatable({}, { __pairs = error })) do return k end return true end },
    { "error: bad argument #1 to '?' (table expected, got no value)", pairs,
        stock = "error: bad argument #1 to '?' (value expected)" },
    { "error: a table with a key of type boolean has no defined order to iterate in", pairs, { [true] = 1 }, only = true },
    -- a cleared key still has its place
    { "'b' 2", function() local t = { a = 1, b = 2, c = 3 } t.a = nil return next(t, "a") end, only = true },
    -- insert
    { "'1,2,3'", after, table.insert, { 1, 2 }, 3 },
    { "'0,1,2'", after, table.insert, { 1, 2 }, 1, 0 },
    { "'1,9,2'", after, table.insert, { 1, 2 }, 2, 9 },
    { "'1,2,9'", after, table.insert, { 1, 2 }, 3, 9 },
    { "'1,2,nil,9'", after, table.insert, { 1, 2 }, 4, 9 },
    { "'1,2'", after, table.insert, { 1, 2 }, nil, n = 3 },
    { "'x'", after, table.insert, {}, "x" },
    { "'1,9,2'", after, table.insert, { 1, 2 }, "2", 9 },
    { "'1,9,2'", after, table.insert, { 1, 2 }, 2.9, 9 },
    { "9", function() local t = {} table.insert(t, -3, 9) return t[-3] end },
    { "error: wrong number of arguments to 'insert'", table.insert, {} },
    { "error: wrong number of arguments to 'insert'", table.insert, {}, 1, 2, 3 },
    { "error: bad argument #2 to '?' (number expected, got string)", table.insert, {}, "x", 1 },
    { "error: bad argument #1 to '?' (table expected, got number)", table.insert, 5, 1 },
    { "error: bad argument #2 to '?' (position out of bounds)", table.insert, {}, 0 / 0, 1, only = true },
    { "error: bad argument #2 to '?' (position out of bounds)", table.insert, {}, 2 ^ 40, 1, only = true },
    { "1000 1 1000", function()
        local t = {}
        for i = 1, 1000 do table.insert(t, 1, i) end
        return t[1], t[1000], #t
    end },
    { "'ban'", function() local t = { [-7] = "ban" } table.insert(t, 1) return t[-7] end },
    { "2", function() -- raw: no metamethod is asked
        local t = setmetatable({}, { __newindex = error, __index = error })
        table.insert(t, 1)
        table.insert(t, 1, 2)
        return #t
    end },
    -- remove
    { "3", table.remove, { 1, 2, 3 } },
    { "1", table.remove, { 1, 2, 3 }, 1 },
    { "2", table.remove, { 1, 2, 3 }, 2 },
    { "'1,3'", after, table.remove, { 1, 2, 3 }, 2 },
    { "'2,3'", after, table.remove, { 1, 2, 3 }, 1 },
    { "", table.remove, {} },
    { "", table.remove, { 1, 2 }, 3 },
    { "", table.remove, { 1, 2 }, 0 },
    { "", table.remove, { 1, 2 }, -1 },
    { "2", table.remove, { 1, 2 }, "2" },
    { "2", table.remove, { 1, 2 }, nil, n = 2 },
    { "", table.remove, { n = 2 } },
    { "", table.remove, { [0] = "ban" } }, -- from 5.2 on "ban"
    { "error: bad argument #2 to '?' (number expected, got string)", table.remove, { 1 }, "x" },
    { "error: bad argument #1 to '?' (table expected, got no value)", table.remove,
        stock = "error: bad argument #1 to '?' (table expected, got nil)" },
    { "'5,4,3,2,1'", function()
        local t, out = { 1, 2, 3, 4, 5 }, {}
        while #t > 0 do out[#out + 1] = table.remove(t) end
        return list(out)
    end },
    { "'c,d,a,b'", function()
        local t, out = { "c", "d" }, {}
        table.insert(t, 3, "a")
        table.insert(t, "b")
        while #t > 0 do out[#out + 1] = table.remove(t, 1) end
        return list(out)
    end },
    -- concat
    { "''", table.concat, {} },
    { "''", table.concat, {}, "x" },
    { "'\\0.\\0.\\0\\1.\\0.\\0\\1\\2'", table.concat, { "\0", "\0\1", "\0\1\2" }, ".\0." },
    { "'a,b,c'", table.concat, { "a", "b", "c" }, "," },
    { "''", table.concat, { "a", "b", "c" }, ",", 1, 0 },
    { "'a'", table.concat, { "a", "b", "c" }, ",", 1, 1 },
    { "'a,b'", table.concat, { "a", "b", "c" }, ",", 1, 2 },
    { "'b,c'", table.concat, { "a", "b", "c" }, ",", 2 },
    { "'c'", table.concat, { "a", "b", "c" }, ",", 3 },
    { "''", table.concat, { "a", "b", "c" }, ",", 4 },
    { "'11.5x'", table.concat, { 1, 1.5, "x" } },
    { "'1-2'", table.concat, { 1, 2 }, "-" },
    { "'102'", table.concat, { 1, 2 }, 0 },
    { "'z-a'", table.concat, { [-1] = "z", [0] = "a" }, "-", -1, 0 },
    { "2100", function() local t = {} for i = 1, 300 do t[i] = "xuxu" end return #table.concat(t, "123") + 3 end },
    { "error: invalid value (table) at index 3 in table for 'concat'", table.concat, { "a", "b", {} } },
    { "error: invalid value (nil) at index 3 in table for 'concat'", table.concat, { "a", "b" }, "", 1, 3 },
    { "error: invalid value (boolean) at index 1 in table for 'concat'", table.concat, { true } },
    { "error: bad argument #1 to '?' (table expected, got number)", table.concat, 3 },
    { "error: bad argument #2 to '?' (string expected, got table)", table.concat, {}, {} },
    -- unpack
    { "", unpack, {} },
    { "1 2 3", unpack, { 1, 2, 3 } },
    { "2 3", unpack, { 1, 2, 3 }, 2 },
    { "2", unpack, { 1, 2, 3 }, 2, 2 },
    { "", unpack, { 1, 2, 3 }, 3, 2 },
    { "3 nil nil", unpack, { 1, 2, 3 }, 3, 5 },
    { "nil 1", unpack, { 1 }, 0, 1 },
    { "'x' nil", unpack, { [-1] = "x" }, -1, 0 },
    { "2 3", unpack, { 1, 2, 3 }, "2", "3" },
    { "2000", function() local t = {} for i = 1, 2000 do t[i] = i end return (select(2000, unpack(t))) end },
    { "2000", function() local t = {} for i = 1, 2000 do t[i] = i end return #{ unpack(t) } end },
    { "error: too many results to unpack", unpack, {}, 0, 2 ^ 30 },
    { "error: too many results to unpack", unpack, {}, -2 ^ 30, 2 ^ 30 },
    { "error: too many results to unpack", unpack, {}, 1, 1e6 },
    { "", unpack, {}, 2 ^ 30, 1 },
    { "20", unpack, { [2 ^ 30] = 20 }, 2 ^ 30, 2 ^ 30 },
    { "error: bad argument #1 to '?' (table expected, got no value)", unpack },
    -- maxn
    { "0", table.maxn, {} },
    { "0", table.maxn, { ["1000"] = true } },
    { "24.5", table.maxn, { ["1000"] = true, [24.5] = 3 } },
    { "1000", table.maxn, { [1000] = true } },
    { "3", table.maxn, { 1, nil, 3 } },
    { "0", table.maxn, { [-3] = 1 } },
    -- sort
    { "''", sorted, {} },
    { "'1'", sorted, { 1 } },
    { "'Apr,Aug,Dec,Feb,Jan,Jul,Jun,Mar,May,Nov,Oct,Sep'", sorted, months },
    { "'3,2,1'", sorted, { 2, 3, 1 }, descending },
    { "'-1,0,0.5,10,100'", sorted, { 10, -1, 0.5, 100, 0 } },
    { "'10,100,9'", sorted, { "9", "100", "10" } },
    { "',A,a,aa'", sorted, { "aa", "", "a", "A" } },
    { "0", all_sorted, {} },
    { "0", all_sorted, { 1, 2, 3, 4, 5 } },
    { "0", all_sorted, { 1, 2, 3, 3, 5 } },
    { "0", all_sorted, { 2, 2, 3, 3, 5, 6 } },
    { "0", all_sorted, { 1, 2, 3, 4, 5, 6 } },
    { "0", all_sorted, { "b", "a", "", "aa", "b" } },
    { "'1,nil,x'", function() local t = { 1 } t[3] = "x" return list(t, 3) end },
    { "true", function()
        local t, state = {}, 7
        for i = 1, 2000 do state = (state * 16807) % 2147483647 t[i] = state % 500 end
        table.sort(t)
        for i = 2, 2000 do if t[i] < t[i - 1] then return i end end
        table.sort(t, descending)
        for i = 2, 2000 do if t[i] > t[i - 1] then return i end end
        return true
    end },
    { "true", function()
        local t = {}
        for i = 1, 500 do t[i] = false end
        table.sort(t, function() return nil end)
        return t[1] == false and t[500] == false and #t == 500
    end },
    { "'1 2 3'", function()
        local mt = { __lt = function(a, b) return a.v < b.v end }
        local t = { setmetatable({ v = 3 }, mt), setmetatable({ v = 1 }, mt), setmetatable({ v = 2 }, mt) }
        table.sort(t)
        return t[1].v .. " " .. t[2].v .. " " .. t[3].v
    end },
    { "'1a 1b 1c 2a 2b'", function() -- stable
        local t = { "2a", "1a", "1b", "2b", "1c" }
        table.sort(t, function(a, b) return a:sub(1, 1) < b:sub(1, 1) end)
        return table.concat(t, " ")
    end, only = true },
    { "'4,3,2,1'", function() -- an error leaves the table as it was
        local t, n = { 4, 3, 2, 1 }, 0
        pcall(table.sort, t, function() n = n + 1 if n == 3 then error("x") end return true end)
        return list(t)
    end, only = true },
    { "5", function() local t = { 1, 2, 3, 4, 5 } table.sort(t, function() return true end) return #t end, only = true },
    { "error: attempt to compare number with string", function()
        local ok, message = pcall(table.sort, { 1, "x" })
        error((message:gsub("string with number", "number with string")), 0)
    end },
    { "error: attempt to compare two table values", table.sort, { {}, {} } },
    { "error: attempt to compare two boolean values", table.sort, { true, false } },
    { "error: bad argument #2 to '?' (function expected, got number)", table.sort, { 1, 2 }, 5 },
    { "error: bad argument #1 to '?' (table expected, got no value)", table.sort },
    { "error: no", function() local t = { 1, 2 } table.sort(t, function() error("no", 0) end) end },
    -- raw access, equality
    { "5", rawget, { 5 }, 1 },
    { "nil", rawget, setmetatable({}, { __index = { 5 } }), 1 },
    { "'table'", function() return type(rawset({}, 1, 2)) end },
    { "false true", function() return rawequal({}, {}), rawequal("a", "a") end },
    { "error: bad argument #1 to '?' (table expected, got number)", rawget, 5, 1 },
})
