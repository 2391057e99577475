-- 41 tables, each twice in the next: 2^40 paths, and deeper than allowed.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = { 1 }
    for _ = 1, 40 do t = { t, t } end
    return { decision = "allow", output = t }
  end,
}
