-- Every way of writing to the request, its parameters and the graph.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  params    = { word = { type = "string", default = "w" } },
  evaluate  = function(graph, request)
    for _, t in ipairs({ request, request.params, graph }) do
      for _, way in ipairs({ function() t.now = 0 end, function() t.list = {} end, function() t[1] = 1 end, function() rawset(t, "now", 0) end,
          function() setmetatable(t, {}) end, function() setmetatable(t, nil) end, function() table.insert(t, 1) end, function() table.sort(t) end,
          function() t.params = {} end, function() t.node = nil end, function() for k in pairs(t) do end end, function() getmetatable(t).__index = nil end }) do
        assert(not pcall(way))
      end
      assert(getmetatable(t) == nil or getmetatable(t) == false)
    end
    assert(request.now == 1700000000000 and request.params.word == "w")
    return { decision = "allow" }
  end,
}
