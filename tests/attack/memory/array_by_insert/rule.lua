-- table.insert at the front, which moves all: what is moved is charged, long before memory is
-- full.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {} for i = 1, 1e9 do table.insert(t, 1, i) end
  end,
}
