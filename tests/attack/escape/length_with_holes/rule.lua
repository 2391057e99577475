-- Which border of a table with holes its length is depends on when the table was last rehashed,
-- and that on how its string keys collide: a state with a seed of its own shows it, and no two
-- sandboxes give the same answer.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local lengths = {}
    for n = 1, 800 do
      local t = {}
      for i = 1, 14 do
        local roll = math.random(5)
        if roll <= 2 then
          t["key" .. math.random(1000)] = i
        elseif roll == 3 then
          t[i] = nil
        else
          t[i] = i
        end
      end
      lengths[n] = #t
    end
    return { decision = "allow", output = table.concat(lengths, " ") }
  end,
}
