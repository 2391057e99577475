return {
  name      = "hostile",
  reads     = {},
  functions = { "junk" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for kind = 0, 2 do
      local done, why = pcall(host.junk, kind)
      assert(not done and why:find("is not one value", 1, true))
    end
    return { decision = "allow" }
  end,
}
