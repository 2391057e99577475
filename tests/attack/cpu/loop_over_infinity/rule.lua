-- Numeric loops whose bounds are infinite, or not numbers, or whose step is nothing.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    for i = 1, 0 / 0 do error("ran") end
    for i = 0 / 0, 1 do error("ran") end
    for i = 1, 10, -1 do error("ran") end
    for i = 1, 2, 0 do if i > 2 then error("ran") end if _G.n and _G.n > 100 then break end _G.n = (_G.n or 0) + 1 end
    for i = -1 / 0, 1 / 0 do end
    for i = 1, 1 / 0 do end
  end,
}
