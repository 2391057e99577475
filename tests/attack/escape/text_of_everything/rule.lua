-- Nothing shows an address: not tostring, not %s, not an error of any kind, not the name of a
-- type.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local things = { {}, function() end, pairs, coroutine.create(function() end), graph, request, request.params, string, _G,
                     setmetatable({}, {}), ("").format, coroutine.wrap(function() end) }
    for _, thing in ipairs(things) do
      local texts = { tostring(thing), ("%s|%10.20s"):format(thing, thing), select(2, pcall(function() return thing + 1 end)),
        select(2, pcall(function() return thing .. "x" end)), select(2, pcall(function() return thing < thing end)),
        select(2, pcall(string.rep, thing, thing)), select(2, pcall(table.concat, { thing })), select(2, pcall(tonumber, thing, 36)),
        select(2, pcall(ipairs, thing)), select(2, pcall(setmetatable, 1, thing)), select(2, pcall(math.floor, thing)),
        select(2, pcall(function() for _ = thing, 1 do end end)), select(2, pcall(coroutine.resume, thing)), type(thing) }
      for i, text in pairs(texts) do
        text = tostring(text)
        assert(not text:find("0x", 1, true) and not text:find("%x%x%x%x%x%x%x"), text)
      end
    end
    return { decision = "allow" }
  end,
}
