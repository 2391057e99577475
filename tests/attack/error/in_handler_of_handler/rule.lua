-- xpcall within the handler of xpcall, for ever.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function handler(e) return select(2, xpcall(error, handler, e)) end
    local fine, e = xpcall(error, handler, "x")
    assert(fine, e)
  end,
}
