-- Errors thrown from 5,000 frames down and caught at the top: unwinding costs.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function down(n) if n == 0 then error("x") end return 1 + down(n - 1) end
    while true do pcall(down, 5000) end
  end,
}
