-- Strings of one length that differ where LuaJIT's hash does not look: every new one is compared
-- with all.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local left, right = ("x"):rep(4000), ("y"):rep(13)
    local kept = {}
    for i = 1, 31 do kept[i] = left .. string.char(65 + i) .. right .. left end
    while true do local _ = left .. "A" .. right .. left end
  end,
}
