-- Which of several keys that cannot leave is named, and what it cost to find it, must not depend
-- on where they lie in the table.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 40 do t["key" .. i] = i end
    t[true], t[0.5], t[{}], t[print or tostring] = 1, 2, 3, 4
    return { decision = "allow", output = t }
  end,
}
