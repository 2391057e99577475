return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = setmetatable({}, { __newindex = function(t, k, v) t[k .. "x"] = v return 1 end })
    t.a = 1
  end,
}
