-- The iterator of a loop catches the limit and gives a next value.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function iterator(_, i) pcall(function() while true do end end) return (i or 0) + 1 end
    for _ in iterator do end
  end,
}
