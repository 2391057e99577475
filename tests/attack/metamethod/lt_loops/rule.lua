return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt = { __lt = function() while true do end end }
    table.sort({ setmetatable({}, mt), setmetatable({}, mt) })
  end,
}
