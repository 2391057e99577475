local echo = host.echo
local done, why = pcall(echo, 1)

return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(not done and why:find("in evaluate only", 1, true))
    assert(echo(5) == 5)
    return { decision = "allow" }
  end,
}
