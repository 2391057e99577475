-- Generated patterns over generated subjects through find, match, gmatch and gsub.
-- Run in the sandbox and in a stock LuaJIT: the text must be the same.
local state = ... + 1
local function below(n)
    state = (state * 16807) % 2147483647
    return state % n
end
local function pick(list)
    return list[below(#list) + 1]
end
local function show(ok, ...)
    if not ok then
        return "error"
    end
    local parts = {}
    for i = 1, select("#", ...) do
        local value = select(i, ...)
        parts[i] = type(value) == "string" and ("%q"):format(value) or tostring(value)
    end
    return table.concat(parts, ",")
end

local letters = { "a", "b", "c", "A", "0", "9", " ", "(", ")", "[", "]", "%", ".", "-", "_", "\n", "x", "\200" }
local singles = { "a", "b", ".", "%a", "%d", "%s", "%w", "%p", "%A", "%D", "%S", "%W", "%l", "%u", "%U", "%x",
    "%X", "%c", "%z", "%.", "%%", "%(", "[ab]", "[^ab]", "[a-c]", "[%a_]", "[^%s]", "[]]", "[^]]", "[a-]", "[%w.]",
    "[0-9a-f]", "_", " ", "x", "\200", "[\200-\255]" }
local odd = { "%b()", "%bxa", "%f[%a]", "%f[%A]", "%f[%z]", "%1", "%2", "()", "^", "$", "(", ")", "[", "[a", "%", "%b",
    "%f", "%b(", "*", "+", "-", "?", "[^", "[%", "%0", "%9" }
local marks = { "", "", "", "*", "+", "-", "?" }

local function subject()
    local parts = {}
    for i = 1, below(13) do
        parts[i] = below(3) == 0 and pick(letters) or pick({ "a", "b", "a", "(", ")" })
    end
    return table.concat(parts)
end

local function pattern()
    local parts, open = {}, 0
    if below(6) == 0 then
        parts[1] = "^"
    end
    for _ = 1, 1 + below(5) do
        local roll = below(20)
        if roll < 2 and open < 3 then
            parts[#parts + 1] = "("
            open = open + 1
        elseif roll < 4 and open > 0 then
            parts[#parts + 1] = ")"
            open = open - 1
        elseif roll == 4 then
            parts[#parts + 1] = pick(odd)
        else
            parts[#parts + 1] = pick(singles) .. pick(marks)
        end
    end
    if below(12) > 0 then
        parts[#parts + 1] = (")"):rep(open)
    end
    if below(8) == 0 then
        parts[#parts + 1] = "$"
    end
    return table.concat(parts)
end

local replacements = { "", "x", "%0", "<%1>", "%2%1", "%%", "%", "%a", 7,
    { a = "A", ab = 1, b = false, [""] = "e" },
    function(...) return select("#", ...) > 1 and (...) or nil end,
    function(a) return tostring(a) .. "!" end,
    function() return {} end }

local out = {}
local function note(s, p, ...)
    out[#out + 1] = ("%q %q: "):format(s, p) .. show(...)
end
for _ = 1, 400 do
    local s, p = subject(), pattern()
    local init = pick({ false, 1, 2, 5, -1, -3, 0, 40, -40 }) or nil
    note(s, p, pcall(string.find, s, p, init))
    note(s, p, pcall(string.match, s, p, init))
    note(s, p, pcall(string.find, s, p, init, true))
    note(s, p, pcall(function()
        local all = {}
        for a, b in s:gmatch(p) do
            all[#all + 1] = tostring(a) .. "/" .. tostring(b)
            if #all > 30 then
                break
            end
        end
        return table.concat(all, ";")
    end))
    note(s, p, pcall(string.gsub, s, p, pick(replacements), pick({ false, 0, 1, 2, -1 }) or nil))
end
return table.concat(out, "\n")
