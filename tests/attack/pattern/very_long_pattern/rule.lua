-- A pattern longer than its subject, of 60 KB.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local p = ("a?"):rep(30000) .. "b"
    while true do ("a"):find(p) end
  end,
}
