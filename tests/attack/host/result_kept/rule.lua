return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local kept, s = {}, ("x"):rep(60000)
    for i = 1, 1000 do kept[i] = host.echo(s .. i) end
    return { decision = "allow" }
  end,
}
