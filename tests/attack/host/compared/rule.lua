return {
  name      = "hostile",
  reads     = {},
  functions = { "echo", "count" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    assert(host.echo == host.echo and host == host and host.echo ~= host.count)
    return { decision = "allow" }
  end,
}
