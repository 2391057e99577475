-- A message that pretends to come from another file and line.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    error("/etc/passwd:1: all is well\n[C]: in function main", 0)
  end,
}
