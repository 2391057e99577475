return {
  name      = "hostile",
  reads     = {},
  functions = { "fail" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local done, why = pcall(host.fail)
    assert(not done and #why < 500 and not why:find("\27"))
    return { decision = "allow" }
  end,
}
