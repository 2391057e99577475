-- Patterns: what the pattern tests of public Lua implementations look at, in our own words.
--
-- The behaviours are those of pm.lua in the Lua test suite (5.1 and its successors), of the
-- string tests of LuaJIT's, of lua-TestMore, of Luau's conformance tests and of gopher-lua's:
-- empty patterns, each quantifier greedy and not, anchors where they are one and where they
-- are a character, sets and what may stand in them, captures by position and nested,
-- back-references, balances, frontiers, the kinds of replacement, gmatch, malformed patterns.
-- Where Lua 5.2 and later differ the answer is 5.1's: an empty match right behind another
-- match counts, and a start beyond the end is the end.
local function cut(s, p, from) -- what find finds
    local first, last = s:find(p, from)
    return first and s:sub(first, last)
end
local function members(set) -- the bytes that are in a set
    local found = {}
    for byte = 0, 255 do
        if string.char(byte):find("^" .. set .. "$") then
            found[#found + 1] = string.char(byte)
        end
    end
    return table.concat(found)
end
local function all(s, p) -- what gmatch gives
    local found = {}
    for a, b in s:gmatch(p) do
        found[#found + 1] = b and a .. "=" .. b or a
    end
    return table.concat(found, ",")
end
local function size(text) return #text end
local function same(a, b) return members(a) == members(b) end

local letters = "abcdefghijklmnopqrstuvwxyz"

return run({
    -- find: empty patterns, starts, plain
    { "1 0", string.find, "", "" },
    { "1 0", string.find, "abc", "" },
    { "4 3", string.find, "abc", "", 4 },
    { "4 3", string.find, "abc", "", 99 },
    { "1 0", string.find, "abc", "", -99 },
    { "3 3", string.find, "abcabc", "c", -5 },
    { "6 6", string.find, "abcabc", "c", -3 },
    { "nil", string.find, "abcabc", "a", 5 },
    { "2 4", string.find, "a\0b\0c", "\0b\0", 1, true },
    { "5 7", string.find, "xay\0xay\0", "xay", 2 },
    { "nil", string.find, "xay\0", "y\0\0", 1, true },
    { "nil", string.find, "", "a" },
    { "4 6", string.find, "x+y(.)z", "(.)", 1, true },
    { "1 1 'x'", string.find, "x+y(.)z", "(.)", 1 },
    { "2 2", string.find, "a%b", "%", 1, true },
    { "nil", string.find, "a", "aa", 1, true },
    { "2 3", string.find, "aab", "ab", 1, 1 },
    { "3 4", string.find, "12121", "12", "2" },
    { "1 1", string.find, 12, 1 },
    { "4 5", string.find, "abc12", "%d+" },
    { "nil", string.find, "abc12", "^12" },
    { "4 5", string.find, "abc12", "^12", 4 },
    -- quantifiers
    { "'aaa'", cut, "aaab", "a*" },
    { "''", cut, "aaa", "b*" },
    { "'aa'", cut, "aaa", "ab*a" },
    { "'aba'", cut, "aba", "ab*a" },
    { "'aaa'", cut, "aaab", "a+" },
    { "nil", cut, "aaa", "b+" },
    { "nil", cut, "aaa", "ab+a" },
    { "'ab'", cut, "aaab", ".?b" },
    { "'b'", cut, "b", ".?b" },
    { "'aa'", cut, "aaa", ".?a" },
    { "''", cut, "", "a?" },
    { "'aa'", cut, "aa", "^aa?a?a" },
    { "'aaab'", cut, "aaab", ".*b" },
    { "'b'", cut, "b", ".*b" },
    { "nil", cut, "b", ".+b" },
    { "''", cut, "aaab", "a-" },
    { "'aaa'", cut, "aaa", "^.-$" },
    { "'bcbacb'", cut, "abcbacba", "b.*b" },
    { "'bcb'", cut, "abcbacba", "b.-b" },
    { "'aaab'", cut, "aaab", "a-b" },
    { "'ab'", cut, "xxab", "x-ab", 3 },
    { "'xxab'", cut, "xxab", "x-ab" },
    { "nil", cut, "aaa", "bb*" },
    -- anchors, and where they are characters
    { "'a'", cut, "a$a", ".$" },
    { "'a$'", cut, "a$a", ".%$" },
    { "'a$a'", cut, "a$a", ".$." },
    { "nil", cut, "a$a", "$$" },
    { "nil", cut, "a$b", "a$" },
    { "''", cut, "a$a", "$" },
    { "'^a'", cut, "x^a", "%^a" },
    { "'x^'", cut, "x^a", "x^" },
    { "'^'", cut, "^^", "^^", 2 },
    { "'yo'", cut, "oo yo", ".o$" },
    { "nil", cut, "ab", "b^" },
    -- classes, ASCII only whatever the bytes are
    { "'abc'", cut, "abcABC", "%l*" },
    { "'aBc'", cut, "aBc_D", "%a*" },
    { "'xuxu'", cut, "  \n\r* &\n xuxu \n", "%g%g%g+" },
    { "'there'", cut, " \n there you", "%S%S*" },
    { "'you'", cut, " \n there you", "%S*$" },
    { "'?'", cut, "one sign ? more", "[^%sa-z]" },
    { "'0a'", cut, "0a lo", "%x*" },
    { "'a b'", cut, "a b\n", "%C+" },
    { "'\195\161b'", cut, "\195\161b", "\195\161?b?" },
    { "nil", string.find, "\195\161", "%a" },
    { "1 1", string.find, "\195\161", "%W" },
    { "26", function() return #members("%l") end },
    { "26", function() return #members("%u") end },
    { "62", function() return #members("%w") end },
    { "22", function() return #members("%x") end },
    { "33", function() return #members("%c") end },
    { "32", function() return #members("%p") end },
    { "6", function() return #members("%s") end },
    { "94", function() return #members("%g") end },
    { "1", function() return #members("%z") end },
    { "256", function() return #members(".") end },
    { "true", function()
        for class in ("acdglpsuwxz"):gmatch(".") do
            if #members("%" .. class) + #members("%" .. class:upper()) ~= 256 then return false end
        end
        return true
    end },
    -- sets
    { "'" .. letters .. "'", members, "[a-z]" },
    { "true", same, "[a-z%d]", "[%da-uu-z]" },
    { "true", same, "[^%W]", "[%w]" },
    { "true", same, "[^%z]", "[\1-\255]" },
    { "'-a'", members, "[a-]" },
    { "'-a'", members, "[-a]" },
    { "'%]'", members, "[]%%]" },
    { "'-az'", members, "[a%-z]" },
    { "'-[]^ab'", members, "[%^%[%-a%]%-b]" },
    { "']'", members, "[]]" },
    { "255", function() return #members("[^]]") end },
    { "'^'", members, "[%^]" },
    { "'^a'", members, "[a^]" },
    { "''", members, "[z-a]" },
    { "'m'", members, "[m-m]" },
    { "11", function() return #members("[\200-\210]") end },
    { "'\\127\128'", members, "[\127-\128]" },
    { "'.'", members, "[.]" },
    { "'$*+?'", members, "[$*+?]" },
    { "'%'", members, "[%%]" },
    { "256", function() return #members("[%w%W]") end },
    { "'abc'", members, "[a-c]" },
    { "'-ac'", members, "[ac-]" },
    { "'\195'", cut, "]]]\195b", "[^]]" },
    { "'[[]'", cut, "a[[]b", "[][]+" },
    -- captures
    { "'xyz'", string.match, "a xyzK", "(%w+)K" },
    { "''", string.match, "254 K", "(%d*)K" },
    { "''", string.match, "ab ", "(%w*)$" },
    { "nil", string.match, "ab ", "(%w+)$" },
    { "'one two' 'on' 'o' 'two'", string.match, "one two", "^(((.).).* (%w*))$" },
    { "'0123456789' '' 11", string.match, "0123456789", "(.+(.?)())" },
    { "2 3", string.match, "abc", "()b()" },
    { "'a' 3 'c'", string.match, "abc", "(a)b()(.)" },
    { "'b\\0o b\\0o'", cut, "alo alx 123 b\0o b\0o", "(..*) %1" },
    { "'3= 4= 4 3'", cut, "axz123= 4= 4 34", "(.+)=(.*)=%2 %1" },
    { "'==='", string.match, "=======", "^(=*)=%1$" },
    { "nil", string.match, "==========", "^([=]*)=%1$" },
    { "'a' 'aa'", string.match, "aXaa", "(%l)X(%1%1)" },
    { "'abab'", cut, "xababab", "(ab)%1" },
    { "nil", string.match, "ab", "()%1" },
    { "'x'", string.match, "hello x", ".*(%w)" },
    { "'-12' '34'", string.match, "a-12.34", "([-+]?%d+)%.(%d+)" },
    { "'a' 'b' 'c' 'd' 'e' 'f' 'g' 'h' 'i' 'j'", string.match, "abcdefghij", "(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)" },
    { "32", function() return select("#", ("x"):rep(32):match(("(x)"):rep(32))) end },
    { "error: too many captures", function() error(select(2, pcall(string.match, ("x"):rep(33), ("(x)"):rep(33))), 0) end },
    -- balances and frontiers
    { "'(a(b)c)'", cut, "x(a(b)c)d)", "%b()" },
    { "nil", cut, "((", "%b()" },
    { "'()'", cut, "(()", "%b()", 2 },
    { "'say \" now'", function() return (("say 'oi' now"):gsub("%b''", '"')) end },
    { "'aba'", cut, "xabax", "%baa" },
    { "'xaa xa x xaa x' 5", string.gsub, "aaa aa a aaa a", "%f[%w]a", "x" },
    { "'x[]] x]x] x[[[' 4", string.gsub, "[[]] [][] [[[[", "%f[[].", "x" },
    { "'.01abc.45de.3' 3", string.gsub, "01abc45de3", "%f[%d]", "." },
    { "'01.bc45 de3.' 2", string.gsub, "01abc45 de3x", "%f[%D]%w", "." },
    { "'.unction' 1", string.gsub, "function", "%f[\1-\255]%w", "." },
    { "'function.' 1", string.gsub, "function", "%f[^\1-\255]", "." },
    { "1 0", string.find, "a", "%f[a]" },
    { "1 0", string.find, "a", "%f[^%z]" },
    { "2 1", string.find, "a", "%f[^%l]" },
    { "3 2", string.find, "aba", "%f[a%z]" },
    { "4 3", string.find, "aba", "%f[%z]" },
    { "nil", string.find, "aba", "%f[%l%z]" },
    { "nil", string.find, "aba", "%f[^%l%z]" },
    { "2 5", string.find, " alo aalo allo", "%f[%S].-%f[%s].-%f[%S]" },
    { "'1,5,9,14,17'", all, "alo alo th02 is 1hat", "()%f[%w%d]" },
    { "nil", string.find, "", "%f[%z]%f[^%z]" },
    -- gsub: what stands for a match
    { "'xlo xlo' 2", string.gsub, "\252lo \252lo", "\252", "x" },
    { "'abc' 1", string.gsub, "abc  ", " +$", "" },
    { "'a b' 1", string.gsub, "  a b  ", "^%s*(.-)%s*$", "%1" },
    { "'a b 1 ' 3", string.gsub, "a  b \n 1\n ", "%s+", " " },
    { "'@a@b@' 3", string.gsub, "ab", "", "@" },
    { "'a@b@c' 2", string.gsub, "abc", "(.)", "%0@", 2 },
    { "'12o 56o' 4", string.gsub, "alo alo", "()[al]", "%1" },
    { "'xyz=abc-abc=xyz' 1", string.gsub, "abc=xyz", "(%w*)(%p)(%w+)", "%3%2%1-%0" },
    { "'aabbcc' 3", string.gsub, "abc", "%w", "%1%0" },
    { "'abcabc' 1", string.gsub, "abc", "%w+", "%0%1" },
    { "'x\\0y' 1", string.gsub, "x", "$", "\0y" },
    { "'r' 1", string.gsub, "", "^", "r" },
    { "'r' 1", string.gsub, "", "$", "r" },
    { "'a%b' 1", string.gsub, "a.b", "%.", "%%" },
    { "'[a][b]' 2", string.gsub, "ab", ".", "[%0]" },
    -- an empty match right behind another: Lua 5.1 counts it
    { "'-a-b-c-' 4", string.gsub, "abc", "%w-", "-" },
    { "'--b--' 4", string.gsub, "abc", "[ac]*", "-" },
    { "'--b-' 3", string.gsub, "abc", "[ac]*", "-", 3 },
    { "'abc' 0", string.gsub, "abc", "%w", "x", 0 },
    { "'abc' 0", string.gsub, "abc", "%w", "x", -1 },
    { "'xbc' 1", string.gsub, "abc", "%w", "x", 1 },
    { "'xxx' 3", string.gsub, "abc", "%w", "x", 1000 },
    { "'xxc' 2", string.gsub, "abc", "%w", "x", 2.9 },
    { "'xbc' 1", string.gsub, "abc", "^%w", "x" },
    { "'abc' 0", string.gsub, "abc", "^b", "x" },
    { "'um (DOIS) tres (QUATRO)' 2", string.gsub, "um (dois) tres (quatro)", "(%(%w+%))", string.upper },
    { "'one two' 2", string.gsub, "one two", "%w+", function() end },
    { "'one two' 2", string.gsub, "one two", "%w+", function() return false end },
    { "'3 3' 2", string.gsub, "one two", "%w+", size },
    { "'b:a' 1", string.gsub, "a:b", "(%w):(%w)", function(a, b) return b .. ":" .. a end },
    { "'apple and pear and x' 3", function()
        local fruit, n = { "apple", "pear" }, 0
        return ("x and x and x"):gsub("x", function() n = n + 1 return fruit[n] end)
    end },
    { "'fedcba'", function()
        local function reverse(s)
            return (s:gsub("(.)(.+)", function(first, rest) return reverse(rest) .. first end))
        end
        return reverse("abcdef")
    end },
    { "'alo alo' 7", string.gsub, "alo alo", ".", {} },
    { "'AAo AAo' 7", string.gsub, "alo alo", "(.)", { a = "AA", l = "" } },
    { "'AAo AAo' 4", string.gsub, "alo alo", "(.).?", { a = "AA", l = "K" } },
    { "'AAo AAo' 4", string.gsub, "alo alo", "((.)(.?))", { al = "AA", o = false } },
    { "'xyyzzz alo' 3", string.gsub, "alo alo", "().", { "x", "yy", "zzz" }, 3 },
    { "'a ALO b HI' 2", string.gsub, "a alo b hi", "%w%w+",
        setmetatable({}, { __index = function(_, key) return key:upper() end }) },
    { "'1.5b' 1", string.gsub, "ab", "a", 1.5 },
    { "'7b' 1", string.gsub, "ab", "a", { a = 7 } },
    { "'a' 0", string.gsub, "a", "b", "%9" },
    { "true", function() return ("9 ((8))(\0) 7) a b ()(c)() a"):gsub("%b()", ""):find("%)") ~= nil end },
    { "'hello world from Lua'", function() return (("hello world"):gsub("$", " from Lua")) end },
    { "error: invalid replacement value (a table)", string.gsub, "alo", ".", { a = {} } },
    { "error: invalid replacement value (a function)", string.gsub, "alo", ".", function() return size end },
    { "error: invalid replacement value (a boolean)", string.gsub, "alo", ".", { a = true } },
    { "error: invalid capture index", string.gsub, "alo", ".", "%2" },
    { "error: invalid capture index", string.gsub, "alo", "(%0)", "a" },
    { "error: invalid capture index", string.gsub, "alo", "(%1)", "a" },
    { "'aaalaoa' 4", string.gsub, "alo", "(", "a" },
    { "error: unfinished capture", string.gsub, "alo", "(", "%1" },
    { "'xxx' 3", string.gsub, "alo", ".", "%x" }, -- from 5.2 on an error
    { "error: bad argument #3 to '?' (string/function/table expected, got nil)", string.gsub, "a", "a", nil, n = 3,
        stock = "error: bad argument #3 to '?' (string/function/table expected)" },
    -- gmatch
    { "'1,2,3,4,5,6'", all, "abcde", "()" },
    { "'first,second,word'", all, "first second word", "%w+" },
    { "'3,6,9'", function() return (all("xuxx uu ppar r", "()(.)%2"):gsub("=.", "")) end },
    { "'10=11,15=16,22=23'", all, "13 14 10 = 11, 15= 16, 22=23", "(%d+)%s*=%s*(%d+)" },
    { "''", all, "abc", "^a" }, -- in gmatch an anchor is a character
    { "'^a'", all, "x^ab", "^a" },
    { "'c'", all, "abc", "%w$" },
    { "',,,'", all, "abc", "%d*" },
    { "'ab,,cd,'", all, "ab cd", "%w*" },
    { "'1,1,1'", function()
        local n = {}
        for a in ("aXbXc"):gmatch("%l") do n[#n + 1] = #a end
        return table.concat(n, ",")
    end },
    { "error: bad argument #2 to '?' (string expected, got no value)", string.gmatch, "a" },
    { "nil", function() local f = ("ab"):gmatch("b") f() return (f()) end },
    -- malformed
    { "error: unfinished capture", string.find, "a", "(." },
    { "error: invalid pattern capture", string.find, "a", ".)" },
    { "error: malformed pattern (missing ']')", string.find, "a", "[a" },
    { "error: malformed pattern (missing ']')", string.find, "a", "[]" },
    { "error: malformed pattern (missing ']')", string.find, "a", "[^]" },
    { "error: malformed pattern (missing ']')", string.find, "a", "[a%]" },
    { "error: malformed pattern (missing ']')", string.find, "a", "[a%" },
    { "error: malformed pattern (missing ']')", string.find, "a", "[" },
    { "error: malformed pattern (missing ']')", string.find, "a", "[^" },
    { "error: malformed pattern (ends with '%')", string.find, "a", "%" },
    { "error: unbalanced pattern", string.find, "a", "%b" },
    { "error: unbalanced pattern", string.find, "a", "%ba" },
    { "error: missing '[' after '%f' in pattern", string.find, "a", "%f" },
    { "nil", string.find, "a", "b%" }, -- it never gets there
    { "1 1", string.find, "]", "]" },
    { "1 2", string.find, "a*", "a%*" },
    -- long
    { "80", function() return #("a"):rep(80):match((".?"):rep(80)) end },
    { "error: pattern too complex", function() error(select(2, pcall(string.match, ("a"):rep(2000), (".?"):rep(2000))), 0) end },
    { "1 300000", function() return ("a"):rep(300000):find("^a*.?$") end },
    { "nil", function() return ("a"):rep(300000):find("^a*.?b$") end },
    { "1 300000", function() return ("a"):rep(300000):find("^a-.?$") end },
    { "20001", function() return #((("a"):rep(10000) .. ("b"):rep(10000)):gsub("b$", "bb")) end },
    -- NUL in a pattern stands for itself, as from Lua 5.2 on; in 5.1 it ended the pattern
    { "4 5", string.find, "abc\0\0", "\0.", stock = "1 0" },
    { "'\\0\\1'", string.match, "ab\0\1c", "[\0-\1]+", stock = "error: malformed pattern (missing ']')" },
    { "4 4", string.find, "abc\0", "%\0", stock = "error: malformed pattern (ends with '%')" },
    { "'\\0e\\1'", string.match, "c\0e\1", "%b\0\1", stock = "error: unbalanced pattern" },
})
