-- A yield and a resume that carry 7,000 values each way: copies that are no bytecode.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 7000 do t[i] = i end
    local co = coroutine.wrap(function(...) while true do coroutine.yield(...) end end)
    while true do co(unpack(t)) end
  end,
}
