/* The grammar: Lua 5.1 with goto, the allow-listed library and the graph's methods.
 *
 * Symbols: z statement, e any expression, d number, s string, t table, f function,
 * c condition, m several values, V assignable, D D-number constant, S string constant,
 * p pattern, r replacement, o format, M metatable, y coroutine, N node, E edge,
 * G edge set, U node set, W view, H scores, I groups, X options, Z aggregate, J column,
 * P edge property, Q node property, T time, L label, K key, O comparison, A arithmetic,
 * B binary operator, C caught call, R the rule's return.
 *
 * The first alternatives of each, up to the first with a symbol in it, are what is taken
 * where a derivation has to end; the very first is what missing bytes choose. */
#include "lua_gen.h"

#include <string.h>

/* clang-format off */
static const char *const statements[] = {
    "", "note(n1, s1, #t1)", "n1 = n1 + 1", "do return end",
    /* most of the time something observable, or protected */
    "note($e)", "note($m)", "note($d)", "note($s)", "note($c)", "note($,)",
    "note(pcall(function(...)$[\n$*$] end$;))", "note($C)", "note($C)", "note($C)",
    "do\n$*end",
    /* assignments */
    "$V = $e", "$V, $V = $e, $e", "$V, $V, $V = $m", "n1 = $d", "n2 = $d", "n3 = $d",
    "s1 = $s", "s2 = $s", "s3 = $s", "t1 = $t", "t2 = $t", "t3 = $t",
    "f1 = $f", "f2 = $f", "f3 = $f", "o1 = $t", "o2 = $t", "co = $y", "x1 = $e", "x2 = $m",
    "me = $N", "e1 = $E", "g1 = $G", "v1 = $U",
    "do local t = $t t[ $e ] = $e end", "t1[$d] = $e", "t2.a = $e", "t2.b.c = $e", "t1[#t1 + 1] = $e",
    "o1[ $e ] = $e", "rawset($t, $e, $e)", "t2[ $s ] = nil",
    /* locals */
    "local a = $e", "local a, b = $e", "local a, b, c = $m", "local a",
    "local function a(...)$[\n$*$] end", "local function a(b, c, ...)$[\n$*return $m$] end",
    "local n1, s1 = $d, $s", "local t1 = $t", "local f1 = $f",
    /* control */
    "if $c then\n$*end", "if $c then\n$*else\n$*end",
    "if $c then\n$*elseif $c then\n$*elseif $c then\n$*else\n$*end",
    "while $c do$<\n$*$:\n$> end", "while $c do$<\nn1 = n1 + 1 if n1 > 50 then break end\n$*$:\n$> end", "repeat$<\ndo n1 = n1 + 1 if n1 > 99 then break end\n$*end\n$:\n$> until $c",
    "for i = $d, $d do$<\n$*$:\n$> end", "for i = 1, $# do$<\n$*$:\n$> end",
    "for i = $d, $d, $d do$<\n$*$:\n$> end", "for i = $#, 1, -1 do$<\nnote(i)\n$*$:\n$> end",
    "for k, v in pairs($t) do$<\nnote(k, v)\n$*$:\n$> end",
    "for k, v in ipairs($t) do$<\n$*$:\n$> end", "for k, v in next, $t do$<\n$*$:\n$> end",
    "for a, b in string.gmatch($s, $p) do$<\nnote(a, b)\n$*$:\n$> end",
    "for a, b, c in $m do$<\n$*$:\n$> end", "for a in $f do$<\n$*$:\n$> end",
    "for a, b in coroutine.wrap(function(...)$[\n$*$] end) do$<\n$*$:\n$> end",
    "$k", "do $g end", "if $c then $k end", "if $c then $g end",
    "do local a = $# ::again:: n1 = n1 + a a = a - 1 if a > 0 then goto again end end",
    "do return $m end", "if $c then return $m end",
    /* calls for their effect */
    "note(($f)($,))", "note(($t):method($,))", "note(($s):rep($d))", "table.insert($t, $e)",
    "table.insert($t, $d, $e)", "table.remove($t)", "table.remove($t, $d)",
    "table.sort($t)", "table.sort($t, function(a, b, ...) return $c end)",
    "table.sort($t, function(a, b, ...)$[\n$*return a < b$] end)", "table.sort(t1, $f)",
    "setmetatable($t, $M)", "setmetatable(o1, $M)", "setmetatable(o2, $M)",
    "error($e)", "error($e, $d)", "assert($c, $e)", "coroutine.yield($,)",
    "note(coroutine.resume($y$;))", "note(coroutine.resume(co$;))",
    "note(coroutine.status($y))",
    "pcall($f$;)", "xpcall($f, $f$;)",
    /* the graph */
    "note($N, $E)", "note($G:count(), $U:count())", "note($N.$Q)", "note($E.$P)",
    "for e, o in $G:each() do$<\nnote(e, o)\n$*$:\n$> end",
    "for o in $U:each() do$<\nnote(o)\n$*$:\n$> end",
    "t1[$N] = $e", "t2[$E] = $e",
    /* odd corners */
    "n1 = n1;", "function t1.method(self, ...)$[\n$*return $m$] end",
    "function t2:method(...)$[\n$*return self, $m$] end", "function f3(a, ...)$[\n$*$] end",
    "local function r(n, ...) if n > 0 then return r(n - 1) end$[ $*$]return n end note(r($#))",
    "local function r(n, ...) return n > 0 and 1 + r(n - 1) or $d end note(pcall(r, $d))",
    "local _ = (f1 or f2)($,)", "f1{$e, a = $e}", "f1'x'", "f1[[\nlong\n]]",
    /* views, scores, groups, rows */
    "note($W:count(), $W:edge_count())", "note($H:count(), $H:of($N))", "note($I:count(), $I:of($N))",
    "note($G:cycles($X))", "note($W:triangles())",
    "for o, a in $H:each() do$<\nnote(o, a)\n$*$:\n$> end",
    "for o, a in $I:each() do$<\nnote(o, a)\n$*$:\n$> end",
    "for o, a, b in $U:each('$J', '$J') do$<\nnote(o, a, b)\n$*$:\n$> end",
    "v1 = $U:with({ $J = $d })", "v1 = $G:group({ $J = $Z })",
    NULL
};

static const char *const anything[] = {
    "nil", "n1", "s1", "t1", "true", "false", "...", "x1", "x2", "a", "b", "f1", "o1", "me", "e1",
    "$d", "$d", "$s", "$s", "$t", "$t", "$f", "$c", "$D", "$S", "(select($d, $m))", "$N", "$E", "$G", "$U",
    "($e)", "$e $B $e", "$e and $e", "$e or $e", "not $e", "- $e", "#$e", "$e .. $e",
    "($e)[ $e ]", "($t)[ $e ]", "($t).a", "($t).b", "rawget($t, $e)", "($f)($,)", "($t):method($,)",
    "(function(...)$[\n$*return $m$] end)($,)", "(select($d$;))", "(pcall($f$;))",
    "type($e)", "tostring($e)", "next($t)", "next($t, $e)", "getmetatable($t)",
    "setmetatable($t, $M)", "co", "g1", "v1", "request.params.n", "request.params.s",
    "_G", "_VERSION", "string", "_G[ $S ]", "request", "graph",
    "$W", "$H", "$I", "$X",
    NULL
};

static const char *const numbers[] = {
    "n1", "n2", "n3", "0", "1", "2", "3", "-1",
    "$D", "$D", "$#", "$#", "- $d", "($d $A $d)", "($d $A $d)", "#$t", "#$s",
    "math.abs($d)", "math.acos($d)", "math.asin($d)", "math.atan($d)", "math.atan2($d, $d)",
    "math.ceil($d)", "math.cos($d)", "math.cosh($d)", "math.deg($d)", "math.exp($d)",
    "math.floor($d)", "math.fmod($d, $d)", "math.frexp($d)", "math.ldexp($d, $d)",
    "math.log($d)", "math.log10($d)", "math.max($d, $d)", "math.min($d, $d)",
    "math.modf($d)", "math.pow($d, $d)", "math.rad($d)", "math.sin($d)", "math.sinh($d)",
    "math.sqrt($d)", "math.tan($d)", "math.tanh($d)", "math.huge", "math.pi",
    "math.random()", "math.random($d)", "math.random($d, $d)",
    "bit.arshift($d, $d)", "bit.band($d, $d)", "bit.bnot($d)", "bit.bor($d, $d, $d)",
    "bit.bswap($d)", "bit.bxor($d, $d)", "bit.lshift($d, $d)", "bit.rol($d, $d)",
    "bit.ror($d, $d)", "bit.rshift($d, $d)", "bit.tobit($d)",
    "tonumber($e)", "tonumber($s, $d)", "(tonumber($s) or $d)", "select('#'$;)",
    "string.len($s)", "string.byte($s)", "string.byte($s, $d)", "table.maxn($t)",
    "select(2, string.gsub($s, $p, $r))", "(string.find($s, $p))", "string.find($s, $p, $d)",
    "string.find($s, $s, $d, true)", "request.now", "request.as_of", "request.params.n",
    "$G:count()", "$G:sum('$P')", "$G:avg('$P')", "$G:min('$P')", "$G:max('$P')",
    "$G:distinct()", "$U:count()", "$U:sum('$Q')", "$U:avg('$Q')", "$U:min('$Q')",
    "$U:max('$Q')", "$N.$Q", "$E.$P", "$E.time",
    "$W:count()", "$W:edge_count()", "$H:of($N)", "$H:sum()", "$H:avg()", "$H:min()", "$H:max()",
    "$I:size($N)", "$I:count()", "$U:value($N, '$J')", "$U:sum('$J')", "$U:avg('$J')", "$U:max('$J')",
    "$G:cycles($X)", "(select(2, $G:totals('$P')))", "graph:jaccard($N, $N, $X)",
    "graph:adamic_adar($N, $N, $X)",
    NULL
};

static const char *const number_constants[] = {
    "0", "1", "-1", "2", "3", "7", "10", "16", "64", "100", "255", "256", "1000", "4096", "65535",
    "65536", "1e5", "1e6", "2^31", "2^31 - 1", "-2^31", "-2^31 - 1", "2^32", "2^53", "2^53 + 1",
    "-2^53", "2^63", "-2^63", "2^64", "1e15", "1e16", "1e100", "1e308", "-1e308", "5e-324",
    "0.1", "0.5", "1.5", "2.5", "-0.5", "1/3", "0x10", "0xffffffff", "0x7fffffff", "0x1p4", "3.",
    ".5", "1/0", "-1/0", "0/0", "-(0/0)", "-0", "0/-1", "1e400", "1700000000000",
    NULL
};

static const char *const strings[] = {
    "s1", "s2", "s3", "''", "'abc'",
    "$S", "$S", "$\"", "$\"", "$s .. $s", "$s .. $d", "($s):rep($#)", "tostring($e)", "type($e)",
    "string.char($#, $#, $#)", "string.char($,)", "string.format($o$;)",
    "string.format($o, $d, $d)", "string.format($o, $s)", "string.format($S, $e)",
    "string.gsub($s, $p, $r)", "(string.gsub($s, $p, $r, $d))", "string.lower($s)",
    "string.match($s, $p)", "string.match($s, $p, $d)", "string.rep($s, $d)",
    "string.rep($s, $d, $s)", "string.reverse($s)", "string.sub($s, $d)",
    "string.sub($s, $d, $d)", "string.upper($s)", "($s):upper()", "($s):sub($d, $d)",
    "($s):gsub($p, $r)", "table.concat($t)", "table.concat($t, $s)",
    "table.concat($t, $s, $d, $d)", "bit.tohex($d)", "bit.tohex($d, $d)",
    "coroutine.status($y)", "request.params.s", "$N.key", "$N.label", "$E.type",
    "tostring($N)", "tostring($G)", "($d .. '')", "('x'):rep($d)",
    NULL
};

static const char *const string_constants[] = {
    "''", "'a'", "'b'", "'n'", "'abc'", "'0'", "'1'", "'10'", "'0x10'", "' 7 '", "'1e5'", "'1e308'",
    "'-1e-300'", "('7'):rep(200)", "'nan'", "'inf'", "'-'", "'__index'", "'__gc'", "'__mode'",
    "'__metatable'", "'transfer'", "'Account'", "'amount'", "'k=v, x=y'", "'\\0'", "'a\\0b'", "'\\255\\254'", "'\\xe2\\x82\\xac'",
    "'\\r\\n\\t'", "'(((((((((('", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
    "[[\nlong]]", "[==[ ]] ]=] ]==]", "'\\z  joined'", "'%d %s'", "'%'", "'%%'", "'string'",
    "'coroutine'", "'_G'", "'evaluate'",
    NULL
};

static const char *const tables[] = {
    "t1", "t2", "t3", "{}", "o1", "o2",
    "{$,}", "{$,}", "{$d, $d, $d, $d}", "{$s, $s, $s}", "{a = $e, b = $e}", "{[ $e ] = $e}",
    "{$e, $e, x = $e, [$d] = $e, $m}", "{$m}", "{n = {$e}, {$t}}", "{string.byte($s, 1, -1)}",
    "setmetatable($t, $M)", "setmetatable({$,}, $M)", "setmetatable({$,}, getmetatable($t))",
    "rawset($t, $e, $e)", "(getmetatable($t) or $t)", "(($t).b or $t)", "{$f, $f}",
    "{pcall($f$;)}", "string", "math", "_G", "$G:top($d, '$P')", "$U:top($d, '$Q')",
    "{[$N] = $e, [$E] = $e}", "{$N, $N, $N}", "{n1, s1, t1, f1}",
    "$G:paths($X)", "graph:paths($N, $N, $X)", "graph:cycles($N, $X)", "graph:shortest_path($N, $N, $X)",
    "graph:random_walk($N, $X)", "$H:top($d)", "$U:rows('$J')", "$U:rows('$J', '$J')", "$U:top($d, '$J')", "$X",
    NULL
};

static const char *const metatables[] = {
    "nil", "{}", "getmetatable(o1)", "t1",
    "{__index = $t}", "{__index = $f}", "{__index = function(t, k, ...)$[\n$*return $e$] end}",
    "{__newindex = $t}", "{__newindex = function(t, k, v, ...)$[\n$*rawset(t, k, v)$] end}",
    "{__newindex = $f}",
    "{__call = $f}", "{__call = function(self, ...)$[\n$*return $m$] end}",
    "{__tostring = function(t, ...) return $s end}", "{__tostring = $f}", "{__tostring = tostring}",
    "{__len = $f}", "{__unm = $f}", "{__concat = function(a, b, ...) return $e end}",
    "{__add = $f, __sub = $f, __mul = $f}", "{__div = $f, __mod = $f, __pow = $f}",
    "{__eq = function(a, b, ...) return $c end}", "{__lt = function(a, b, ...) return $c end}",
    "{__le = $f, __lt = $f}", "{__metatable = $e}", "{__gc = $f}", "{__mode = 'k'}",
    "{__pairs = $f, __ipairs = $f}", "{__index = o1, __newindex = o2}", "{__name = $s}",
    "{__call = pcall, __index = rawget}", "{__index = _G}", "{__eq = rawequal, __lt = $f}",
    NULL
};

static const char *const functions[] = {
    "f1", "f2", "f3", "note", "tostring", "type", "pcall", "error", "next", "unpack", "select",
    "tonumber", "pairs", "ipairs", "rawget", "rawset", "rawequal", "setmetatable",
    "getmetatable", "assert", "xpcall", "coroutine.yield", "coroutine.wrap", "coroutine.create",
    "coroutine.resume", "coroutine.status", "string.rep", "string.format", "string.gsub",
    "string.find", "string.match", "string.gmatch", "string.byte", "string.char", "string.sub",
    "table.sort", "table.concat", "table.insert", "table.remove", "table.maxn", "math.max",
    "math.random", "bit.bor",
    "function(...)$[\n$*$] end", "function(...)$[\n$*return $m$] end",
    "function(a, b, ...)$[\n$*return $e$] end", "function(a, b, ...)$[ return $m$] end",
    "function(...) return $e end", "function(a, ...) return a $A $d end", "function(a, b, ...) return $c end",
    "coroutine.wrap(function(...)$[\n$*return $m$] end)", "coroutine.wrap($f)",
    "string.gmatch($s, $p)", "function(...) return pcall($f, ...) end",
    "function(...) return coroutine.yield(...) end", "($f or $f)", "($t).method", "g1.count",
    "me.outgoing", "graph.node", "function(...) return f1(...) end", "$G:each()", "$U:each()",
    NULL
};

static const char *const conditions[] = {
    "false", "true", "n1 < 3", "x1",
    "$d $O $d", "$d $O $d", "$s $O $s", "$e == $e", "$e ~= $e", "$e $O $e", "not $c",
    "$c and $c", "$c or $c", "rawequal($e, $e)", "$e", "type($e) == type($e)", "n1 > $#",
    "#t1 > $#", "a", "$G:exists()", "$U:exists()", "$U:contains($N)", "$N == $N", "$E == $E",
    "$N.isBlocked", "pcall($f$;)", "next($t)", "($s):find($p)",
    "$W:contains($N)", "$I:together($N, $N)",
    NULL
};

static const char *const several[] = {
    "...", "n1, s1", "t1, f1, nil",
    "$e$;", "$e, $e", "$e, ...", "unpack($t)", "unpack($t, $d)", "unpack($t, $d, $d)",
    "select($d, ...)", "select($d$;)", "pcall($f$;)", "pcall(function(...)$[\n$*return $m$] end$;)",
    "xpcall($f, $f$;)", "xpcall(function(...)$[\n$*$] end, function(e, ...)$[\n$*return e, $e$] end)",
    "coroutine.resume($y$;)", "coroutine.yield($,)", "coroutine.resume(coroutine.create($f)$;)",
    "pairs($t)", "ipairs($t)", "next, $t, $e", "next($t, $e)", "string.byte($s, $d, $d)",
    "string.find($s, $p)", "string.match($s, $p)", "string.gsub($s, $p, $r)", "math.frexp($d)",
    "math.modf($d)", "($f)($,)", "($t):method($,)", "tonumber($s), tonumber($s, $d)",
    "table.remove($t, $d), #t1", "table.sort($t)", "error($e)", "assert($,)", "$G:each()", "note($m)",
    NULL
};

static const char *const caught[] = {
    "pcall(f1)", "pcall($f$;)", "pcall($f$;)", "pcall($f, $e, $e)", "pcall($f, $s, $p)",
    "pcall($f, $t)", "pcall($f, $t, $d)", "pcall($f, $s, $d, $d)", "xpcall($f, $f$;)",
    "pcall(function(...)$[\n$*return $m$] end$;)", "pcall(pcall, $f$;)",
    "pcall(function(...) return $e $B $e end)", "pcall(function(...) return - $e, #$e end)",
    "pcall(function(...) return ($e)[ $e ] end)", "pcall(function(...) t1[ $e ] = $e return t1 end)",
    "pcall(function(...) return $e .. $e .. $e end)", "pcall(function(...) return $e $O $e end)",
    "xpcall(function(...)$[ $*$]error($e) end, function(e, ...)$[\n$*return $m$] end)",
    "coroutine.resume($y$;)", "pcall(string.gsub, $s, $p, $r, $d)",
    "pcall(string.find, $s, $p, $d)", "pcall(string.format, $o$;)",
    "pcall(string.rep, $s, $d, $s)", "pcall(table.concat, $t, $s, $d, $d)",
    "pcall(table.insert, $t, $d, $e)", "pcall(table.remove, $t, $d)", "pcall(table.sort, $t, $f)",
    "pcall(unpack, $t, $d, $d)", "pcall(tonumber, $e, $d)", "pcall(setmetatable, $t, $M)",
    "pcall(math.random, $d, $d)", "pcall(g1.where, $G, '$P', '$O', $e)",
    "pcall(v1.where, $U, '$Q', '$O', $e)", "pcall(g1.latest, $G, $e)", "pcall(g1.top, $G, $e, $e)",
    "pcall(g1.between, $G, $e, $e)", "pcall(graph.node, graph, $e, $e)",
    "pcall(graph.set, graph, $t)", "pcall(me.outgoing, $e, $e)", "pcall(v1.union, $e, $e)",
    "pcall(next, $t, $e)", "pcall(select, $e$;)", "pcall(string.char$;)",
    "pcall(string.byte, $s, $d, $d)", "pcall(coroutine.wrap($f)$;)",
    "pcall(for_each or note, $e)",
    "pcall(g1.group, $G, $X)", "pcall(g1.paths, $G, $X)", "pcall(g1.cycles, $G, $X)",
    "pcall(v1.join, $U, $e)", "pcall(v1.with, $U, $X)", "pcall(v1.sorted, $U, $e, $e)", "pcall(v1.rows, $U, $e, $e)",
    "pcall(graph.ego, graph, $e, $X)", "pcall(graph.view, graph, $X)", "pcall(graph.paths, graph, $e, $e, $X)",
    "pcall(graph.cycles, graph, $e, $X)", "pcall(graph.random_walk, graph, $e, $X)",
    NULL
};

static const char *const assignables[] = {
    "a", "x1", "x2", "b", "n1", "s1", "t1", "f1", "o1", "_", "global1",
    "t1[ $e ]", "t2[ $s ]", "t1.a", "t2.b", "t3[$d]", "o1[ $e ]", "o2.x", "_G[ $S ]",
    NULL
};

static const char *const patterns[] = {
    "'a'", "'.'", "'%w+'", "''", "'()'", "'a*'", "'.-'", "'^a'", "'\\036'", "'(%w)=(%w)'", "'[a-c]+'",
    "'%s*'", "'(.-),'", "'%b()'", "'%f[%w]%w+'", "'(.)%1'", "'[^%s]-'", "'%d?'", "'(()a)'",
    "'((a*)b?)*'", "'.-.-.-.-b'", "'(a*)(a*)(a*)(a*)b'", "'[%'", "'%'", "'('", "'%9'", "'[]]'",
    "'[^]'", "'%f'", "'%b'", "'a?a?a?a?a?a?aaaaaa'", "'[%z\\1-\\31]'", "'\\0'", "'%x%X%p%P%c%C'",
    "$\"", "$\"", "$s", "('a?'):rep($#) .. ('a'):rep($#)", "('('):rep($#)", "'^' .. $\"",
    NULL
};

static const char *const replacements[] = {
    "''", "'x'", "'%0%0'", "'%1'", "'<%1>%%'", "'%2'", "'%'", "7", "{a = 'b', k = 1}", "t1", "o1",
    "f1", "string.upper", "nil",
    "$s", "$t", "$f", "function(...)$[\n$*return $e$] end", "function(a, ...) return a .. a end",
    "setmetatable({}, $M)", "$\"",
    NULL
};

static const char *const formats[] = {
    "'%s'", "'%d'", "'%5.2f'", "'%q'", "'%x'", "'%s %s %s'", "'%c%c'", "'%g'", "'%e'", "'%i'", "'%o'",
    "'%X'", "'%u'", "'%G'", "'%E'", "'%-10s|'", "'%010d'", "'%+d'", "'% d'", "'%#x'", "'%.0f'", "'%.99f'",
    "'%99.99f'", "'%100d'", "'%.3s'", "'%5s%%'", "'%'", "'%p'", "'%a'", "'%n'", "'%s%s%s%s%s%s%s%s'",
    "'%.20s|%.14g'", "$\"", "('%s'):rep($#)", "('%99d'):rep($#)", "'%' .. $#  .. 'd'",
    NULL
};

static const char *const coroutines[] = {
    "co", "coroutine.create(f1)",
    "coroutine.create($f)", "coroutine.create(function(...)$[\n$*return $m$] end)",
    "coroutine.create(function(...)$[\n$*note(coroutine.yield($m))\n$*$] end)",
    "coroutine.create(function(...) coroutine.resume(co)$[ $*$] end)", "(co or $e)", "$e",
    NULL
};

static const char *const nodes[] = {
    "me", "request.node", "graph:node('Account', 100)", "graph:node('Account', '300')",
    "graph:node('Person', 'ann')", "graph:node('Medium', 1)", "graph:node('Account', 1000)",
    "graph:node($L, $K)", "graph:node($L, $e)", "$E.source", "$E.target", "$U:first()",
    "$U:top($#, '$Q')[1]", "($N or $N)", "next({[$N] = 1})",
    NULL
};

static const char *const edges[] = {
    "e1", "g1:first()", "$G:first()", "$G:first()", "$G:top(3, '$P')[$d]", "($E or e1)",
    "$G:latest($d):first()", "next({[$E] = 1})",
    NULL
};

static const char *const edge_sets[] = {
    "g1", "me:outgoing('transfer')", "me:incoming('transfer')", "me:both('transfer')",
    "me:incoming('own')", "v1:outgoing('transfer')",
    "$N:outgoing('$Y')", "$N:incoming('$Y')", "$N:both('$Y')", "$U:outgoing('$Y')",
    "$U:incoming('$Y')", "$U:both('$Y')", "$N:outgoing($e)",
    "$G:since($T)", "$G:after($T)", "$G:up_to($T)", "$G:before($T)", "$G:between($T, $T)",
    "$G:where('$P', '$O', $d)", "$G:where('$P', '$O', $e)", "$G:where('memo', '==', $s)",
    "$G:latest($d)", "$G:earliest($d)", "$G:largest($d, '$P')", "$G:smallest($d, '$P')",
    "$G:limit($d)", "$G:latest($#)", "$G:limit($#)", "$G:largest($#, '$P')",
    "$U:outgoing('$Y'):after('$J')", "$U:outgoing('$Y'):up_to('$J')", "$U:incoming('$Y'):where('$P', '$O', '$J')",
    "$G:where('$P', '$O', $d):latest($#)", "$G:where('$P', '$O', $d):earliest($#)",
    NULL
};

static const char *const node_sets[] = {
    "v1", "g1:nodes()", "graph:set({me})", "graph:set({})",
    "$G:nodes()", "$G:nodes()", "$U:union($U)", "$U:intersect($U)", "$U:minus($U)",
    "$U:where('$Q', '$O', $d)", "$U:where('$Q', '$O', $e)", "$U:of($L)", "$U:limit($d)",
    "$U:limit($#)", "graph:set({$N, $N})", "graph:set($t)", "$U:outgoing('transfer'):nodes()",
    "$G:group({ $J = $Z })", "$G:group({ by = 'start', $J = $Z, $J = $Z })", "$G:group({ $J = $Z, $J = $Z, $J = $Z })",
    "$U:with({ $J = $d })", "$U:with({ $J = $d, $J = $d })", "$U:join($U)", "$U:sorted('$J', $d)",
    "$U:sorted('-$J', '$J')", "$U:sorted($d)", "$U:sorted()", "$U:where('$J', '$O', $d)",
    "$W:nodes()", "$W:k_core($#)", "$H:at_least($d)", "$H:at_most($d)", "$H:nodes()", "$I:members($N)",
    "graph:common_neighbours($N, $N, $X)",
    NULL
};

static const char *const views[] = {
    "graph:ego(me, { edges = 'transfer' })", "graph:view({})",
    "graph:ego($N, $X)", "graph:ego($U, $X)", "graph:view($X)", "graph:ego(me, $X)",
    "graph:ego(me, { hops = $#, edges = '$Y' })", "graph:ego(me, { hops = 3, weight = '$P', edges = '$Y' })",
    NULL
};

static const char *const scores[] = {
    "graph:ego(me, { edges = 'transfer' }):pagerank()",
    "$W:bfs($N)", "$W:bfs($N, $X)", "$W:sssp($N)", "$W:pagerank()", "$W:pagerank($X)",
    "$W:personalised_pagerank($N, $X)", "$W:personalised_pagerank($U, $X)", "$W:clustering()", "$W:cores()",
    "$W:degree()", "$W:degree($X)", "$W:betweenness()", "$W:betweenness($X)", "(select(2, $W:triangles()))",
    "graph:personalised_pagerank($N, $X)", "graph:personalised_pagerank($U, $X)",
    NULL
};

static const char *const groups[] = {
    "graph:ego(me, { edges = 'transfer' }):components()",
    "$W:components()", "$W:components({ strong = true })", "$W:label_propagation()", "$W:label_propagation($X)",
    NULL
};

/* Options of whatever takes some, as tables. */
static const char *const options[] = {
    "{}", "{ edges = 'transfer' }", "{ strong = true }", "{ hops = 2, edges = 'transfer', direction = 'both' }",
    "{ hops = $# }", "{ hops = $#, edges = '$Y' }", "{ hops = $#, max_nodes = $#, direction = 'both' }",
    "{ edges = { transfer = { since = $T, where = { '$P', '$O', $d } } } }",
    "{ edges = { $Y = { after = $T, up_to = $T }, own = {} }, hops = $# }",
    "{ edges = { '$Y', '$Y' }, undirected = true, hops = $# }", "{ weight = '$P', edges = '$Y', max_hops = $# }",
    "{ hops = $#, within = $d, property = '$P', ratio = $d }", "{ hops = $#, ascending = true, most = $# }",
    "{ max_hops = $#, ordered = true, amount = '$P', tolerance = $d, limit = $#, edges = '$Y' }",
    "{ min_hops = $#, max_hops = $#, within = $d, list = false }", "{ iterations = $#, damping = $d }",
    "{ sources = $#, seed = $d }", "{ steps = $#, seed = $d, edges = '$Y' }", "{ labels = { $L }, edges = '$Y' }",
    "{ nodes = $U, edges = '$Y' }", "{ epsilon = $d, damping = $d }", "{ direction = $s }", "{ $J = $Z }", "$t",
    NULL
};

/* What a column of a grouping holds. */
static const char *const aggregates[] = {
    "'count'", "{ sum = 'amount' }",
    "{ sum = '$P' }", "{ avg = '$P' }", "{ min = '$P' }", "{ max = '$P' }", "{ sum = '$J' }", "{ max = '$J' }",
    "{ sum = '$P', times = $d }", "{ avg = '$P', times = $d, round = $# }", "{ min = 'time' }", "$e",
    NULL
};

static const char *const returns[] = {
    "return { decision = 'allow', output = out }",
    "return { decision = 'deny', output = out, score = n1 }",
    "return { decision = 'allow', output = {out, $e} }",
    "return { decision = 'allow', output = {out, a = $e, b = $e} }",
    "return { decision = 'allow', score = $d, reasons = {$s, $s}, output = out }",
    "return { decision = 'allow', output = out, updated_nodes = {{a = $e}}, new_edges = {{$e}} }",
    "return { decision = $s, output = $e }", "return { output = out, reasons = $t }",
    "return { decision = 'deny', output = $t, new_edges = $t }", "return $e", "return $m",
    "return { decision = 'allow', output = t1 }", "return { decision = 'allow', output = $m, $e }",
    "", "return f1({ decision = 'allow', output = out })",
    NULL
};

static const char *const edge_properties[] = {
    "amount", "cents", "ts", "memo", "time", "share", "ratio", "location", "type", "nothing",
    "source", "target", NULL};
static const char *const columns[] = {
    "a", "b", "score", "at", "shared", "amount", "by", NULL};
static const char *const node_properties[] = {
    "balance", "risk", "kind", "isBlocked", "createTime", "nickname", "serial", "note", "bag",
    "name", "key", "label", "nothing", "outgoing", NULL};
static const char *const edge_types[] = {
    "transfer", "own", "invest", "signIn", "transfer", "nothing", "Account", NULL};
static const char *const labels[] = {
    "'Account'", "'Person'", "'Company'", "'Medium'", "'Nothing'", "'transfer'", "$e", NULL};
static const char *const keys[] = {
    "100", "200", "'300'", "400", "600", "1000", "'ann'", "'bob'", "'acme'", "1", "'x'", "-1",
    "'100 '", "1e300", "$d", "$s", NULL};
static const char *const times[] = {
    "request.now", "1700000000000", "1700003600000", "1700007200000", "0", "-1", "2^53", "1/0",
    "0/0", "1700000000000 + $# * 3600000", "$d", "$E.time", NULL};
static const char *const comparisons[] = {"==", "~=", "<", "<=", ">", ">=", NULL};
static const char *const arithmetic[] = {"+", "-", "*", "/", "%", "^", NULL};
static const char *const binary[] = {
    "+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or", NULL};
/* clang-format on */

static const struct {
    char symbol;
    const char *const *alternatives;
} symbols[] = {{'z', statements},
               {'e', anything},
               {'d', numbers},
               {'D', number_constants},
               {'s', strings},
               {'S', string_constants},
               {'t', tables},
               {'M', metatables},
               {'f', functions},
               {'c', conditions},
               {'m', several},
               {'C', caught},
               {'V', assignables},
               {'p', patterns},
               {'r', replacements},
               {'o', formats},
               {'y', coroutines},
               {'N', nodes},
               {'E', edges},
               {'G', edge_sets},
               {'U', node_sets},
               {'W', views},
               {'H', scores},
               {'I', groups},
               {'X', options},
               {'Z', aggregates},
               {'J', columns},
               {'R', returns},
               {'P', edge_properties},
               {'Q', node_properties},
               {'Y', edge_types},
               {'L', labels},
               {'K', keys},
               {'T', times},
               {'O', comparisons},
               {'A', arithmetic},
               {'B', binary}};

const char *const *lua_grammar(char symbol)
{
    static const char *const nothing[] = {"nil", NULL};

    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        if (symbols[i].symbol == symbol)
            return symbols[i].alternatives;
    }
    return nothing;
}
