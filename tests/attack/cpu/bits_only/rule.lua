-- Nothing but bits.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local x = 1 while true do x = bit.bxor(bit.rol(x, 5), bit.bnot(x), bit.lshift(x, 3)) end
  end,
}
