return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    host.echo(function() end)
    return { decision = "allow" }
  end,
}
