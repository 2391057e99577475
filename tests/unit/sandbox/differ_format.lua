-- Generated conversions and values through string.format, tostring and tonumber.
local state = ... + 1
local function below(n)
    state = (state * 16807) % 2147483647
    return state % n
end
local function pick(list)
    return list[below(#list) + 1]
end

local numbers = { 0, 1, -1, 2, 10, 255, 256, 65535, 1e6, 123456789, 2 ^ 31, 2 ^ 32, -2 ^ 31, 2 ^ 52, 2 ^ 53, -2 ^ 53,
    2 ^ 62, 0.5, 0.1, 1 / 3, -2.75, 3.14159265358979, 1e15, 1e16, 1e17, 1e21, 1e100, 1e-5, 1e-10, 1e308, 5e-324,
    1 / 0, -1 / 0, 99.995, 0.5, 1.5, 2.5, 1e14, 123456.789, 9007199254740993 }
local strings = { "", "a", "hello world", "tab\t", "quote\"s", "back\\slash", "line\nbreak", "nul\0byte", "\1\0012",
    "\127", "\200\201", "\r", "1", "0x10", "  12  ", "1e5", ".5", "5.", "-7", "+7", "1e", "0x", "abc", "1 2", "nan",
    "inf", "infinity", "0b1", "1_000", "\t8\n", "0x1p4", "0x.8", "1e400", "--1", "- 1" }

local out = {}
local function note(what, ok, value)
    out[#out + 1] = what .. " = " .. (ok and ("%q"):format(tostring(value)) or "error")
end

for _ = 1, 600 do
    local spec = "%"
    for _ = 1, below(3) do
        local flag = pick({ "-", "+", " ", "#", "0" })
        if not spec:find(flag, 1, true) then
            spec = spec .. flag
        end
    end
    spec = spec .. pick({ "", "", "1", "5", "20", "99", "100" })
    spec = spec .. pick({ "", "", ".0", ".3", ".", ".20", ".99", ".100" })
    local conversion = pick({ "d", "i", "u", "c", "x", "X", "o", "e", "E", "f", "g", "G", "q", "s", "s", "z", "", "%" })
    local value
    if conversion == "c" then
        value = pick({ 65, 0, 10, 255 })
    elseif conversion == "s" or conversion == "q" then
        value = pick(strings)
    else
        value = below(8) == 0 and pick(strings) or pick(numbers)
        if conversion == "u" or conversion == "x" or conversion == "X" or conversion == "o" then
            value = type(value) == "number" and value < 0 and -value or value
        end
    end
    if conversion ~= "q" then
        -- integers beyond 64 bits, and not-a-numbers, are told apart elsewhere
        local number = tonumber(value)
        local integral = conversion:find("[diuxXo]")
        if not (integral and number and not (math.abs(number) < 2 ^ 63)) and not (number and number ~= number) and
            not (conversion == "") and not (conversion == "%") and
            not ((conversion == "s" or conversion == "c") and spec:find("[+ #0]")) and
            not (integral and spec:find("#")) and
            -- LuaJIT rounds exact ties away from zero, the C library to even
            not (conversion:find("[eEfgG]") and spec:find("%.0?$")) and
            not (number and math.abs(number) == 1 / 0 and spec:find("0")) then
            note(spec .. conversion .. " " .. tostring(value), pcall(string.format, "<" .. spec .. conversion .. ">", value))
        end
    else
        note("q", pcall(string.format, "%q", value))
    end
end
for _, n in ipairs(numbers) do
    note("tostring", pcall(tostring, n))
    note("concat", true, n .. "|" .. -n)
end
for _, s in ipairs(strings) do
    if s ~= "nan" then
        note("tonumber " .. s, pcall(tonumber, s))
    end
    for _, base in ipairs({ 2, 8, 10, 16, 36, 1, 37, 10.9 }) do
        if s ~= "nan" and not s:find("%z") then
            note("tonumber " .. s .. " in " .. base, pcall(tonumber, s, base))
        end
    end
end
for _, v in ipairs({ "x", 1, true, false }) do
    note("tostring", pcall(tostring, v))
end
note("format", pcall(string.format, "%s %s", "one"))
note("format", pcall(string.format, "%d", "x"))
note("format", pcall(string.format, "%d", "10"))
note("format", pcall(string.format, "100%%"))
note("format", pcall(string.format, "%"))
note("format", pcall(string.format))
note("format", pcall(string.format, "%s", nil))
note("format", pcall(string.format, "%s %s %s", true, nil, 1.5))
note("format", pcall(string.format, 5))
return table.concat(out, "\n")
