-- Nothing counts time: no clock, no date, and a request's now that stands still while a million
-- instructions pass.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local now = request.now
    for i = 1, 200000 do local _ = i end
    assert(request.now == now and now == 1700000000000)
    assert(os == nil and rawget(_G, "clock") == nil and rawget(_G, "time") == nil)
    return { decision = "allow" }
  end,
}
