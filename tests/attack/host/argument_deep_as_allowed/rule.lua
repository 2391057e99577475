return {
  name      = "hostile",
  reads     = {},
  functions = { "echo" },
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 29 do t = { t } end
    local back, depth = host.echo(t), 0
    while back[1] do back, depth = back[1], depth + 1 end
    assert(depth == 29)
    return { decision = "allow" }
  end,
}
