-- Resumes and yields that carry 7,000 values.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 7000 do t[i] = i end
    local function run(co, ...) while true do co(...) end end
    run(coroutine.wrap(function(...) while true do coroutine.yield(...) end end), unpack(t))
  end,
}
