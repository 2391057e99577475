-- Generated patterns over generated subjects through find, match, gmatch and gsub.
-- Run in the sandbox and in a stock LuaJIT: the text must be the same, that of the error
-- messages included.  With a negative seed only the pairs are told, for counting them.
--
-- Left out, since LuaJIT itself makes of them what the CPU's conversion to 32 bits gives:
-- an init or a number of replacements beyond 2^31.  And a pattern with a NUL byte: Lua 5.1
-- takes it for the pattern's end, here (as in Lua 5.2) it stands for itself.
local PAIRS = 690
local seed = ...
local state = math.abs(seed) + 1
local function below(n)
    state = (state * 16807) % 2147483647
    return state % n
end
for _ = 1, 20 do
    below(2)
end
local function pick(list)
    return list[below(#list) + 1]
end
local function byte()
    return string.char(below(256))
end

-- ---- how a value is told ----

local function told(value)
    if type(value) == "table" or type(value) == "function" then
        return type(value)
    elseif type(value) ~= "string" then
        return tostring(value)
    elseif #value <= 300 then
        return ("%q"):format(value)
    end
    local sum = 0
    for i = 1, #value, 40 do
        local a, b, c, d = value:byte(i, i + 3)
        sum = (sum * 31 + a + 7 * (b or 1) + 13 * (c or 1) + 17 * (d or 1)) % 1000003
    end
    return ("%q...%d:%d"):format(value:sub(1, 20), #value, sum)
end
local function show(ok, ...)
    local parts = { ok and "" or "error" }
    for i = 1, select("#", ...) do
        parts[i + 1] = told((select(i, ...)))
    end
    if not ok then -- ours also says what it got instead
        parts[2] = parts[2]:gsub("(table expected), got %a+", "%1")
    end
    return table.concat(parts, ",")
end

-- ---- patterns ----

local letters = { "a", "b", "c", "A", "0", "9", " ", "(", ")", "[", "]", "%", ".", "-", "_", "^", "$", "\n", "x", "\200",
    "\0" }
local plain = { "a", "b", "a", "b", "c", "A", "0", " ", "_", "x", "-", "]", "\200", "\255", "\1", "=", "," }
local classes = { "a", "c", "d", "g", "l", "p", "s", "u", "w", "x", "z", "A", "C", "D", "G", "L", "P", "S", "U", "W", "X",
    "Z" }
local escaped = { ".", "%", "(", ")", "[", "]", "^", "$", "-", "+", "*", "?", "q", "k", "_", "\1", "\200", "\n" }
local members = { "a", "b", "c", "z", "0", "_", " ", ".", "^", "$", "(", "*", "\1", "\127", "\200", "\255" }
local odd = { "^", "$", "(", ")", "[", "[a", "[^", "[%", "[]", "[^]", "[a-", "%", "%b", "%b(", "%f", "%f(", "%fa", "*", "+",
    "-", "?", "%0", "%9", "[%]", "%g" }
local marks = { "", "", "", "", "*", "+", "-", "?" }
local quantified, captures, open

local function escape()
    return "%" .. (below(3) > 0 and pick(classes) or pick(escaped))
end
local function set()
    local parts = { pick({ "[", "[", "[^" }) }
    if below(5) == 0 then
        parts[2] = pick({ "]", "^", "-", "]-a", "%]" })
    end
    for _ = 1, below(4) + (parts[2] and 0 or 1) do
        local roll = below(8)
        if roll < 3 then
            parts[#parts + 1] = pick(members)
        elseif roll < 5 then
            parts[#parts + 1] = pick({ "a-c", "0-9", "A-Z", "z-a", "a-a", "\1-\31", "\128-\255", " -~", "a-%z", "%a-z",
                "--a", "a-", "+--" })
        elseif roll == 5 then
            parts[#parts + 1] = pick({ "%]", "%-", "%^", "%%", "%b", "%f" })
        else
            parts[#parts + 1] = "%" .. pick(classes)
        end
    end
    if below(6) == 0 then
        parts[#parts + 1] = "-"
    end
    return table.concat(parts) .. "]"
end
local function single()
    local roll = below(10)
    if roll < 4 then
        return pick(plain)
    elseif roll < 6 then
        return "."
    elseif roll < 8 then
        return escape()
    end
    return set()
end
local function item()
    local roll = below(32)
    if roll < 3 and open < 5 then
        open = open + 1
        captures = captures + 1
        return "("
    elseif roll < 6 and open > 0 then
        open = open - 1
        return ")"
    elseif roll == 6 then
        captures = captures + 1
        return "()"
    elseif roll == 7 then
        return "%" .. (captures > 0 and below(4) > 0 and below(captures) + 1 or below(10))
    elseif roll == 8 then
        return "%b" .. pick({ "()", "ab", "aa", "((", ")(", "\1a", "  ", "[]", "%%", "xa" })
    elseif roll == 9 then
        return "%f" .. set()
    elseif roll == 10 then
        return pick(odd)
    end
    local mark = pick(marks)
    quantified = quantified + (mark == "" and 0 or 1)
    return single() .. mark
end
local function pattern()
    local parts = {}
    quantified, captures, open = 0, 0, 0
    if below(6) == 0 then
        parts[1] = "^"
    end
    if below(12) == 0 then
        parts[#parts + 1] = "%f" .. set()
    end
    for _ = 1, 1 + below(6) do
        parts[#parts + 1] = item()
    end
    if below(12) > 0 then
        parts[#parts + 1] = (")"):rep(open)
    end
    if below(14) == 0 then
        parts[#parts + 1] = pick({ "%f[%z]", "%f[^%w]", "%f[%Z]", "-$", ".-$", "$$", "()$", "^" })
    end
    if below(8) == 0 then
        parts[#parts + 1] = "$"
    end
    return table.concat(parts)
end

-- ---- subjects: long ones only where backtracking cannot take for ever ----

local function subject()
    local parts = {}
    local kind = below(12)
    if kind == 0 then
        for i = 1, below(40) do
            parts[i] = byte()
        end
    elseif kind == 1 then
        for i = 1, below(30) do
            parts[i] = pick({ "\0", "\255", "a", "\200", "\1", "b" })
        end
    elseif kind == 2 and quantified <= 2 then
        local piece = pick({ "a", "ab", "abc ", "(a)", "key = val, ", "\0a", "aab]" })
        return piece:rep(below(quantified <= 1 and 600 or 40)) .. pick(letters)
    elseif kind == 3 then
        for i = 1, below(5) do
            parts[i] = pick({ "key = 10", "THE (quick) fox", "a.b.c", "[x][y]", "-a-b-", "f(a(b)c)d", "  x  ", "0xFF", "\n" })
        end
    else
        for i = 1, below(quantified > 4 and 11 or 16) do
            parts[i] = below(3) == 0 and pick(letters) or pick({ "a", "b", "a", "(", ")" })
        end
    end
    return table.concat(parts)
end

-- ---- what is put in place of a match ----

local function fault() error({}) end
local replacements = { "", "x", "%0", "<%1>", "%2%1", "%%", "%", "%a", "%0%0%0", "%9", "\0%0\0", 7, -1.5, 1e100,
    { a = "A", ab = 1, b = false, [""] = "e", ["\0"] = "zero", [1] = "one", [2] = 2, c = 0.5 },
    { a = {} }, { a = true }, { [" "] = fault },
    setmetatable({}, { __index = function(_, key) return "<" .. tostring(key) .. ">" end }),
    function(...) return select("#", ...) > 1 and (...) or nil end,
    function(a) return tostring(a) .. "!" end,
    function(_, b) return b end,
    function() end, function() return false, "x" end, function() return 12.5 end, function() return true end,
    function() return {} end, function() return fault end,
    function(a) if a == "b" or a == 2 then error("no b", 0) end return "y" end,
    function(a) return (tostring(a):gsub("%w", "%0%0")) end }
local wrong = { true, false, fault }

local function init(bytes)
    return pick({ false, false, 1, 2, 5, -1, -3, 0, 40, -40, bytes, bytes + 1, bytes + 2, -bytes, -bytes - 1, 1.5, 2.9,
        -1.5, -0.5, "2", "-1", 1000000, 2147483647, -2147483647 }) or nil
end

local out, pair_told = {}, nil
local function note(...)
    out[#out + 1] = pair_told .. show(...)
end
local function all(s, p)
    local found = {}
    for a, b, c in s:gmatch(p) do
        found[#found + 1] = tostring(a) .. "/" .. tostring(b) .. "/" .. tostring(c)
        if #found > 30 then
            break
        end
    end
    return table.concat(found, ";")
end

local seen, count = {}, 0
while count < PAIRS do
    local p = pattern()
    local s = subject()
    local pair = ("%q %q"):format(s, p)
    if not seen[pair] then
        seen[pair] = true
        count = count + 1
        if seed < 0 then
            out[count] = (pair:gsub("\n", "n"))
        else
            pair_told = told(s) .. " " .. told(p) .. ": "
            note(pcall(string.find, s, p, init(#s)))
            note(pcall(string.match, s, p, init(#s)))
            note(pcall(string.find, s, p, init(#s), below(2) == 0 or nil))
            note(pcall(all, s, p))
            local put = pick(replacements)
            if below(40) == 0 then
                put = pick(wrong) or nil
            end
            note(pcall(string.gsub, s, p, put,
                pick({ false, false, false, 0, 1, 2, 3, 1000000, -1, -7, 0.5, 1.9, 2.5, -0.5, "2", 2147483647 }) or nil))
        end
    end
end
return table.concat(out, "\n")
