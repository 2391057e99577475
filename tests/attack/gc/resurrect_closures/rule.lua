return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local keep
    while true do
      local old = keep
      keep = function() return old and 1 end
      if (tostring(keep)):len() > 100 then return end
      keep = nil
    end
  end,
}
