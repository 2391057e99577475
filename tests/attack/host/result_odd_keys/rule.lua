return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = host.echo({ [1] = "a", [3] = "b", x = { [2^40] = 1 } })
    assert(t[1] == "a" and t[3] == "b" and t.x[2^40] == 1)
    return { decision = "allow" }
  end,
}
