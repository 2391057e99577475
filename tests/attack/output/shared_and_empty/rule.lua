-- 2^30 paths that end in empty tables: each costs a byte of output, or an instruction.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for _ = 1, 30 do t = { t, t } end
    return { decision = "allow", output = t }
  end,
}
