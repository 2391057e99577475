return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 40 do t = { t } end
    host.echo(t)
    return { decision = "allow" }
  end,
}
