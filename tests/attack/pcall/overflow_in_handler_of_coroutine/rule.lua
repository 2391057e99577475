-- LuaJIT issue 1471: a handler overflows the stack by metamethods after it has been shrunk, in a
-- coroutine; it wrote past the stack's end.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local mt = {}
    mt.__add = function(a, b)
      local _
      mt.__add(a, b)
    end
    local a, b = setmetatable({}, mt), setmetatable({}, mt)
    local function add() local _ = a + b end
    while true do
      pcall(coroutine.wrap(function()
        xpcall(error, function()
          pcall(error)
          local _, _, _, _, _, _, _, _, _, _
          local _, _, _, _, _, _, _, _, _, _
          add()
        end)
      end))
    end
  end,
}
