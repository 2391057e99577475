-- Protected calls with 7,000 arguments and as many results.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t = {}
    for i = 1, 7000 do t[i] = i end
    local function same(...) return ... end
    local function run(...) while true do pcall(same, ...) xpcall(same, same, ...) end end
    run(unpack(t))
  end,
}
