-- Made, dropped, collected and made again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do
      local s = "1e" .. "308"
      for i = 1, 50 do local x = s + 0 end
      s = nil
      local junk = {}
      for i = 1, 200 do junk[i] = { i } end
    end
  end,
}
