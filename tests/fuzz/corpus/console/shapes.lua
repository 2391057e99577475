{ [1.5] = 1, [-1] = 2, x = { y = { z = { a = { b = { c = {} } } } } } }
--
t = {} t[t] = t return t
--
r = {} r.r = r r[1] = { r } return r
--
("\27[2J\0\255"):rep(300), 1/0, -1/0, 0/0
--
setmetatable({}, { __index = function() while true do end end, __tostring = error })
--
function() end, coroutine.create(function() end), graph, request, string
--
unpack({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
