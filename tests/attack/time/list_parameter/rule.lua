-- A parameter of 50,000 elements becomes a table when it is first asked for.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  params    = { list = { type = "list", element = "integer", default = {
  --@ 20000 %d,
  } } },
  evaluate  = function(graph, request)
    while true do local n = 0 for _, v in ipairs(request.params.list) do n = n + v end end
  end,
}
