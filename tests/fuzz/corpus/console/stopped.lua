t = { n = 1 } co = coroutine.wrap(function() for i = 1, 99 do coroutine.yield(i) end end)
--
t.n = 2 while true do end
--
t.n = t.n + 1 t[#t + 1] = co()
--
t.n = 9 local s = "x" while true do s = s .. s end
--
math.random(1000), t
--
math.random(1000) error("no")
--
t.n = 10 for i = 1, 1e6 do t[i] = { i } end
--
function f(n) return n > 0 and f(n - 1) or t.n end
--
f(100), co(), math.random(1000)
--
graph = nil pairs = nil request = nil string = nil error()
--
for i = 1, 50 do graph:node("Account", "100"):outgoing("transfer"):count() end
--
keep = keep or ("x"):rep(300000)
--
keep2 = ("y"):rep(400000) keep3 = keep2 .. "z"
--
#keep, keep2 == nil, t, f
--
_G
