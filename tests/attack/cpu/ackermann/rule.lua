-- Recursion that is deep and wide.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function a(m, n)
      if m == 0 then return n + 1 end
      if n == 0 then return a(m - 1, 1) end
      return a(m - 1, a(m, n - 1))
    end
    return a(3, 12)
  end,
}
