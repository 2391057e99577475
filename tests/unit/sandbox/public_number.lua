-- Numbers: what public test suites look at, in our own words.
--
-- The behaviours are those of math.lua in the Lua test suite (5.1's part of it: there is one
-- kind of number), of LuaJIT's lib/math, lib/base/tonumber_tostring and lib/bit tests, of
-- lua-TestMore's 306 and gopher-lua's: what is a number in a text and what is not, bases,
-- hexadecimal fractions, arithmetic on texts, modulo and power with every sign, minus zero,
-- NaN and the infinities, the math functions at their edges, bit operations.  What the stock
-- tonumber accepts beyond Lua 5.1 ("inf", "nan", binary) is told where it does.
local function mod(a, b) return a % b end
local function compare(a, b)
    return (a < b and "<" or "") .. (a == b and "=" or "") .. (a > b and ">" or "")
end
local function round(x) return math.floor(x * 1e9 + 0.5) / 1e9 end
local function rounded(f, ...)
    local a, b = f(...)
    return round(a), b and round(b)
end

return run({
    -- literals
    { "0 0 0 20 0.2", function() return 0e12, .0, 0., .2e2, 2.E-1 end },
    { "16 4095 251", function() return 0x10, 0xfff, 0XFB end },
    { "0.0625 10.625 170 1", function() return 0x.1, 0xA.a, 0xa.aP4, 0x4P-2 end },
    { "0 15 13", function() return 0E+1, 0xE+1, 0xe-1 end },
    { "4294967295", function() return 0xFFFFFFFF end },
    { "1e+22", function() return 10000000000000000000000 end },
    { "true", function() return 1.1 == 1. + .1 and 100.0 == 1E2 and 0.123456 > 0.123455 end },
    -- tonumber of numbers and other values
    { "3.4", tonumber, 3.4 },
    { "inf", tonumber, 1 / 0 },
    { "nil nil nil", function() return tonumber({}), tonumber(true), tonumber(nil) end },
    { "nil", tonumber, pairs },
    { "error: bad argument #1 to '?' (value expected)", tonumber },
    { "error: bad argument #1 to '?' (string expected, got nil)", tonumber, nil, 2, n = 2 },
    -- of text
    { "0", tonumber, "0" },
    { "10", tonumber, "  10  " },
    { "10", tonumber, "\t\n\v\f\r10\t\n\v\f\r" },
    { "0.01", tonumber, "+0.01" },
    { "0.01", tonumber, "+.01" },
    { "-1", tonumber, "-1." },
    { "1", tonumber, "+1." },
    { "-12", tonumber, "-012" },
    { "-120", tonumber, "-1.2e2" },
    { "3", tonumber, " 3e0 " },
    { "1e-05", tonumber, "1E-5" },
    { "1.23e+18", tonumber, "+1.23E18" },
    { "1e+30", tonumber, "1" .. ("0"):rep(30) },
    { "inf", tonumber, "1e400" },
    { "0", tonumber, "1e-400" },
    { "-0", tonumber, "-0" },
    { "0.1", tonumber, "0.1000000000000000055511151231257827" },
    { "9007199254740992", tonumber, "9007199254740993" },
    { "4.940656458412465e-324", tonumber, "5e-324" },
    { "nil", tonumber, "" },
    { "nil", tonumber, "  " },
    { "nil", tonumber, "-" },
    { "nil", tonumber, "--1" },
    { "nil", tonumber, "+ 0.01" },
    { "nil", tonumber, "." },
    { "nil", tonumber, "+.e1" },
    { "nil", tonumber, "1e" },
    { "nil", tonumber, "1.0e+" },
    { "nil", tonumber, "e1" },
    { "nil", tonumber, "1 2" },
    { "nil", tonumber, "1  a" },
    { "nil", tonumber, "3.4.5" },
    { "nil", tonumber, "1e1.5" },
    { "nil", tonumber, "1_000" },
    { "nil", tonumber, "1,5" },
    { "nil", tonumber, "1\0" },
    { "nil", tonumber, "1\0 " },
    { "nil", tonumber, "\0001" },
    { "nil", tonumber, "1LL" },
    { "nil", tonumber, "1ULL" },
    { "nil", tonumber, "1i" },
    { "nil", tonumber, "infx" },
    { "inf", tonumber, "inf" }, -- LuaJIT's, as the C library's strtod
    { "-inf", tonumber, " -INF " },
    { "nan", tonumber, "nan" },
    -- hexadecimal
    { "2", tonumber, "+0x2" },
    { "-170", tonumber, "-0xaA" },
    { "-4294967295", tonumber, "-0xffFFFfff" },
    { "281474976710655", tonumber, "0xffffffffffff" },
    { "1.844674407370955e+19", tonumber, "0x" .. ("f"):rep(16) },
    { "2.3125", tonumber, "  0x2.5  " },
    { "-2.3125", tonumber, "  -0x2.5  " },
    { "81", tonumber, "  +0x0.51p+8  " },
    { "16", tonumber, "0x1p4" },
    { "0.5", tonumber, "0x.8" },
    { "3", tonumber, "0x3." .. ("0"):rep(1000) },
    { "10", tonumber, "0x" .. ("0"):rep(1000) .. "a" },
    { "nil", tonumber, "0x" },
    { "nil", tonumber, "x3" },
    { "nil", tonumber, "0x3.3.3" },
    { "nil", tonumber, "00x2" },
    { "nil", tonumber, "0x 2" },
    { "nil", tonumber, "- 0xaa" },
    { "nil", tonumber, "0xg" },
    { "nil", tonumber, "0x0.51p" },
    { "nil", tonumber, "0x5p+-2" },
    { "nil", tonumber, "-0xaaP " },
    -- with a base
    { "10", tonumber, "  001010  ", 2 },
    { "1010", tonumber, "  001010  ", 10 },
    { "-10", tonumber, "  -1010  ", 2 },
    { "36", tonumber, "10", 36 },
    { "-36", tonumber, "  -10  ", 36 },
    { "71", tonumber, "  +1Z  ", 36 },
    { "-65530", tonumber, "-fFfa", 16 },
    { "65535", tonumber, "0xffff", 16 },
    { "4294967295", tonumber, "ffffFFFF", 16 },
    { "-1099511627775", tonumber, "-0ffffffFFFF", 16 },
    { "100000", tonumber, "1e5", 10.9 },
    { "12", tonumber, 12, 10 },
    { "10", tonumber, 12, 8 },
    { "7", tonumber, "7", "8" },
    { "nil", tonumber, "fFfa", 15 },
    { "nil", tonumber, "099", 8 },
    { "nil", tonumber, "2", 2 },
    { "nil", tonumber, "", 8 },
    { "nil", tonumber, "  ", 9 },
    { "nil", tonumber, "1  a", 2 },
    { "nil", tonumber, "1.5", 8 },
    { "nil", tonumber, "1\0", 2, stock = "1" },
    { "nil", tonumber, "-", 8 },
    { "nil", tonumber, "--1", 8 },
    { "nil", tonumber, "- 1", 8 },
    { "error: bad argument #2 to '?' (base out of range)", tonumber, "1", 1 },
    { "error: bad argument #2 to '?' (base out of range)", tonumber, "1", 37 },
    { "error: bad argument #2 to '?' (base out of range)", tonumber, "1", -2 },
    { "true", function()
        for base = 2, 36 do
            if tonumber("\t10000000000\t", base) ~= base ^ 10 then return base end
        end
        return true
    end },
    -- arithmetic on text
    { "5 -3 5 0", function() return "2" + " 3e0 ", -" 3e0 ", " 3e0 " + "2", "10" - " 10  " end },
    { "-9", function() return " -0xa " + 1 end },
    { "0 1024", function() return "10" % "2", "2" ^ "10" end },
    { "false", function() return "10" == 10 end },
    -- minus zero, NaN, infinities
    { "true inf -inf", function() local z = 0 / -1 return z == 0, 1 / 0, 1 / z end },
    { "false false false", function() local n = 0 / 0 return n == n, n < n, n > 1 end },
    { "''", compare, 0 / 0, 0 },
    { "'<'", compare, -1 / 0, 1 / 0 },
    { "'='", compare, 0, -0 },
    -- modulo takes the sign of the divisor
    { "2", mod, -4, 3 },
    { "-2", mod, 4, -3 },
    { "-1", mod, -4, -3 },
    { "0.5", mod, 5.5, 1 },
    { "0.5", mod, -5.5, 1 },
    { "nan", mod, 1, 0 },
    { "nan", mod, 1, 1 / 0 },
    { "nan", mod, 1 / 0, 2 },
    { "3", function() return math.pi - math.pi % 1 end },
    { "true", function()
        for i = -16, 16 do
            for j = -16, 16 do
                if j ~= 0 and math.floor(i / j) * j + i % j ~= i then return i .. "%" .. j end
            end
        end
        return true
    end },
    { "8 0.125 -8 nan 1", function() return 2 ^ 3, 2 ^ -3, (-2) ^ 3, (-8) ^ (1 / 3), (0 / 0) ^ 0 end },
    { "512 -4", function() return 2 ^ 3 ^ 2, -2 ^ 2 end },
    -- math
    { "10 10 0", function() return math.abs(-10), math.abs("10"), math.abs(-0) end },
    { "3 -4 3 -3", function() return math.floor(3.7), math.floor(-3.7), math.ceil(2.3), math.ceil(-3.7) end },
    { "3 0.5", math.modf, 3.5 },
    { "-2 -0.5", math.modf, -2.5 },
    { "-3e+23 -0", math.modf, -3e23 },
    { "inf 0", math.modf, 1 / 0 },
    { "1 -1", function() return math.fmod(7, 3), math.fmod(-7, 3) end },
    { "nan", math.fmod, 1, 0 },
    { "7", math.max, 3, 7, -1 },
    { "-1", math.min, 3, 7, -1 },
    { "2", math.max, "2", 1 },
    { "error: bad argument #1 to '?' (number expected, got no value)", math.max },
    { "error: bad argument #2 to '?' (number expected, got table)", math.min, 1, {} },
    { "0.5 3", math.frexp, 4 },
    { "0 0", math.frexp, 0 },
    { "6", math.ldexp, 0.75, 3 },
    { "inf 0", function() return math.ldexp(1, 2000), math.ldexp(1, -2000) end },
    { "2 4", function() return math.sqrt(4), math.pow(2, 2) end },
    { "nan", math.sqrt, -1 },
    { "0 1", function() return math.log(1), math.exp(0) end },
    { "-inf nan", function() return math.log(0), math.log(-1) end },
    { "3", math.log10, 1000 },
    { "180 1", function() return math.deg(math.pi), round(math.rad(180) / math.pi) end },
    { "0 1 0 -1", function()
        return round(math.sin(0)), round(math.cos(0)), round(math.tan(0)), round(math.cos(math.pi))
    end },
    { "1 0 1", function()
        return round(math.asin(1) * 2 / math.pi), round(math.acos(1)), round(math.atan(1) * 4 / math.pi)
    end },
    { "0.75 -0.75", function()
        return round(math.atan2(1, -1) / math.pi), round(math.atan2(-1, -1) / math.pi)
    end },
    { "0 1 0", function() return math.sinh(0), math.cosh(0), math.tanh(0) end },
    { "inf 3.141592653589793", function() return math.huge, math.pi end },
    { "error: bad argument #1 to '?' (number expected, got no value)", math.sin },
    { "error: bad argument #1 to '?' (number expected, got string)", math.floor, "x" },
    -- random: in range, whole, and reaching both ends
    { "true", function()
        for _ = 1, 1000 do
            local a, b, c = math.random(), math.random(10), math.random(-5, 5)
            if a < 0 or a >= 1 or b < 1 or b > 10 or b % 1 ~= 0 or c < -5 or c > 5 or c % 1 ~= 0 then return a .. b .. c end
        end
        return true
    end },
    { "true", function()
        local seen, n = {}, 0
        for _ = 1, 1000 do
            local face = math.random(6)
            if not seen[face] then seen[face] = true n = n + 1 end
        end
        return n == 6
    end },
    { "7", math.random, 7, 7 },
    { "error: bad argument #1 to '?' (interval is empty)", math.random, 0, only = true },
    { "error: bad argument #2 to '?' (interval is empty)", math.random, 2, 1, only = true },
    { "error: wrong number of arguments", math.random, 1, 2, 3, only = true },
    { "nil", function() return math.randomseed end, only = true },
    -- bit
    { "8 14 6 -13", function() return bit.band(12, 10), bit.bor(12, 10), bit.bxor(12, 10), bit.bnot(12) end },
    { "256 15 -16 -1", function()
        return bit.lshift(1, 8), bit.rshift(240, 4), bit.lshift(-1, 4), bit.arshift(-1, 4)
    end },
    { "268435455", function() return bit.rshift(-1, 4) end },
    { "1 1", function() return bit.lshift(1, 32), bit.rshift(1, 32) end },
    { "'000000ff' 'ff' 'FF'", function() return bit.tohex(255), bit.tohex(255, 2), bit.tohex(255, -2) end },
    { "2018915346", function() return bit.bswap(0x12345678) end },
    { "1164411171 1736516421", function() return bit.rol(0x12345678, 12), bit.ror(0x12345678, 12) end },
    { "-1 0 1", function() return bit.tobit(0xffffffff), bit.tobit(2 ^ 32), bit.tobit(2 ^ 32 + 1) end },
    { "15", function() return bit.bor(1, 2, 4, 8) end },
    { "0", function() return bit.band(1, 2, 4) end },
    { "error: bad argument #1 to '?' (number expected, got no value)", bit.band },
})
