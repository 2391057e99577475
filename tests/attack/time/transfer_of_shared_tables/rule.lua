-- A result of 2^29 paths through 30 tables: what is written out is charged, not what is held.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { 1 }
    for _ = 1, 29 do t = { t, t } end
    return { decision = "allow", output = t }
  end,
}
