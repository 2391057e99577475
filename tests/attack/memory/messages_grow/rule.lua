-- Each message holds the one before twice.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local message = "x"
    while true do
      local _, m = pcall(error, message .. message)
      message = m
    end
  end,
}
