-- Closures that share upvalues which are open, closed, and open again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    while true do
      local x = 0
      local function up() x = x + 1 return x end
      local function make() local y = x return function() return x + y end end
      local f, g = make(), make()
      up() f() g()
    end
  end,
}
