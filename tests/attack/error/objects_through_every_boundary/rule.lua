-- An object with hostile metamethods is raised through every function that calls back, and comes
-- out as it went in.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local function asked() error("asked", 0) end
    local object = setmetatable({}, { __index = asked, __newindex = asked, __tostring = asked, __concat = asked, __eq = asked,
                                      __lt = asked, __le = asked, __call = asked, __unm = asked, __add = asked, __len = asked })
    local function raise() error(object) end
    local proxy = setmetatable({}, { __index = raise, __newindex = raise, __tostring = raise, __lt = raise, __le = raise,
                                     __eq = raise, __call = raise, __concat = raise, __unm = raise, __add = raise })
    local other = setmetatable({}, getmetatable(proxy))
    local ways = {
      raise, function() coroutine.wrap(raise)() end, function() table.sort({ 1, 2, 3 }, raise) end,
      function() ("x"):gsub(".", raise) end, function() ("x"):gsub(".", proxy) end, function() tostring(proxy) end,
      function() ("%s"):format(proxy) end, function() return proxy < other end, function() return proxy <= other end,
      function() return proxy == other end, function() return proxy .. "x" end, function() return -proxy end,
      function() return proxy + 1 end, function() return proxy.x end, function() proxy.x = 1 end, function() proxy() end,
      function() for _ in raise do end end, function() assert(false, object) end, function() table.sort({ proxy, other }) end,
      function() xpcall(raise, function(e) assert(rawequal(e, object)) end) raise() end,
    }
    for i, way in ipairs(ways) do
      local fine, caught = pcall(way)
      assert(not fine and rawequal(caught, object), i)
      local handled
      xpcall(way, function(e) handled = e end)
      assert(rawequal(handled, object), i)
    end
    return { decision = "allow" }
  end,
}
