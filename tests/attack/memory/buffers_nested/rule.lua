-- A callback in gsub calls gsub, each with a half-filled buffer.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local s = ("x"):rep(20000)
    local function expand(n)
      return (s:gsub(".", function(c) if n < 150 then return expand(n + 1) end return c end))
    end
    return expand(1)
  end,
}
