-- User:1 is rated badly by the well rated User:2, and praised by accounts that nobody rated.
local thief = fixture {
  edges = [[
    User:8 -rated-> User:2  2026-01-01  rating=8
    User:2 -rated-> User:1  2026-02-01  rating=-10
    User:3 -rated-> User:1  2026-02-02  rating=10
    User:4 -rated-> User:1  2026-02-03  rating=10
    User:5 -rated-> User:1  2026-02-04  rating=10
  ]],
}
-- The same, but others of standing know him: one quarrel.
local quarrel = fixture {
  edges = [[
    User:8 -rated-> User:2  2026-01-01  rating=8
    User:8 -rated-> User:3  2026-01-01  rating=8
    User:8 -rated-> User:4  2026-01-01  rating=8
    User:2 -rated-> User:1  2026-02-01  rating=-10
    User:3 -rated-> User:1  2026-02-02  rating=5
    User:4 -rated-> User:1  2026-02-03  rating=6
  ]],
}
-- Nobody listens to who is himself distrusted.
local slander = fixture {
  edges = [[
    User:8 -rated-> User:2  2026-01-01  rating=-9
    User:2 -rated-> User:1  2026-02-01  rating=-10
  ]],
}

local function ask(on, params, node)
  return evaluate { graph = on, node = node or "User:1", now = "2026-03-01", params = params }
end

describe("distrusted", function()
  it("denies whom the well rated rate badly, whoever else praises him", function()
    local answer = ask(thief)
    assert.decision("deny", answer)
    assert.output({ weighted = -80, raters = 4 }, answer)
  end)

  it("asks for a look at a quarrel", function()
    local answer = ask(quarrel)
    assert.decision("review", answer)
    assert.output({ weighted = 8, raters = 3 }, answer)
  end)

  it("does not listen to the distrusted", function()
    assert.decision("allow", ask(slander))
    assert.score(0, ask(slander))
    assert.decision("allow", ask(fixture { edges = "User:3 -rated-> User:1 2026-02-01 rating=-10" }))
  end)

  it("looks at the latest `ratings`", function()
    assert.decision("deny", ask(thief, { ratings = 4 }))
    assert.decision("allow", ask(thief, { ratings = 3 }))
    assert.is_true(ask(thief, { ratings = 3 }).truncated)
  end)

  it("reads of a hub so many ratings", function()
    local lines = {}
    for i = 1, 800 do
      lines[i] = ("User:%d -rated-> User:1 2026-01-%02d rating=1"):format(100 + i, i % 28 + 1)
    end
    local answer = ask(fixture { edges = table.concat(lines, "\n") }, { ratings = 200 })
    assert.decision("allow", answer)
    assert.cost_below({ edges = 650, instructions = 10000 }, answer)
  end)

  it("has nothing to say of a user whom nobody rated", function()
    local answer = ask(thief, nil, "User:8")
    assert.decision("allow", answer)
    assert.output({ weighted = 0, raters = 0 }, answer)
  end)
end)
