return {
  name      = "hostile",
  reads     = {},
  functions = { "count", "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(host.count(nil, nil, nil) == 3 and host.count() == 0 and host.echo() == nil)
    assert(host.echo(nil, 2) == nil)
    return { decision = "allow" }
  end,
}
