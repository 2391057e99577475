return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local kept, t = {}, {}
    for i = 1, 10000 do t[i] = {} end
    for i = 1, 1000 do kept[i] = host.echo(t) end
    return { decision = "allow" }
  end,
}
