return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt = { __eq = function() error("called") end }
    return { decision = "allow", output = { rawequal(setmetatable({}, mt), setmetatable({}, mt)) } }
  end,
}
