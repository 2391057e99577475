-- A sum of 5,000 goes round three accounts and loses 2% at each.
local ring = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=5000
    Account:2 -transfer-> Account:3  2026-03-02T10:00Z  amount=4900
    Account:3 -transfer-> Account:1  2026-03-03T10:00Z  amount=4802
  ]],
}
-- The same three, but the money reaches Account:3 after it has left it.
local unordered = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=5000
    Account:2 -transfer-> Account:3  2026-03-03T10:00Z  amount=4900
    Account:3 -transfer-> Account:1  2026-03-02T10:00Z  amount=4802
  ]],
}
-- Three firms that buy from each other for what the goods cost.
local trade = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=5000
    Account:2 -transfer-> Account:3  2026-03-02T10:00Z  amount=3100
    Account:3 -transfer-> Account:1  2026-03-03T10:00Z  amount=8000
  ]],
}
-- A loan that is paid back.
local loan = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=5000
    Account:2 -transfer-> Account:1  2026-03-02T10:00Z  amount=5000
    Account:2 -transfer-> Account:3  2026-03-02T11:00Z  amount=10
  ]],
}
-- Eight accounts in a circle, a transfer an hour.
local wide = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=5000
    Account:2 -transfer-> Account:3  2026-03-01T11:00Z  amount=5000
    Account:3 -transfer-> Account:4  2026-03-01T12:00Z  amount=5000
    Account:4 -transfer-> Account:5  2026-03-01T13:00Z  amount=5000
    Account:5 -transfer-> Account:6  2026-03-01T14:00Z  amount=5000
    Account:6 -transfer-> Account:7  2026-03-01T15:00Z  amount=5000
    Account:7 -transfer-> Account:8  2026-03-01T16:00Z  amount=5000
    Account:8 -transfer-> Account:1  2026-03-01T17:00Z  amount=5000
  ]],
}

local function ask(on, params, node, now)
  return evaluate { graph = on, node = node or "Account:1", now = now or "2026-03-04", params = params }
end

describe("cycle", function()
  it("denies everybody whom the sum went round", function()
    for _, member in ipairs({ "Account:1", "Account:2", "Account:3" }) do
      local answer = ask(ring, nil, member)
      assert.decision("deny", answer)
      assert.equal(3, answer.output.length)
    end
    assert.reasons("5000.00 sent to Account:2", ask(ring))
  end)

  it("lets money that never came back in time go", function()
    assert.decision("allow", ask(unordered))
  end)

  it("lets firms trade and loans be repaid", function()
    assert.decision("allow", ask(trade))
    assert.decision("allow", ask(loan))
  end)

  it("follows sums within `tolerance` of the first", function()
    assert.decision("deny", ask(ring, { tolerance = 0.04 }))     -- 4802 is 3.96% less
    assert.decision("allow", ask(ring, { tolerance = 0.039 }))
  end)

  it("starts from `smallest` on", function()
    assert.decision("deny", ask(ring, { smallest = 5000 }))
    assert.decision("allow", ask(ring, { smallest = 5001 }))
  end)

  it("follows `hops` in each direction", function()
    local opposite = ask(wide, { hops = 4 }, "Account:5")        -- four there, four back
    assert.decision("deny", opposite)
    assert.equal(8, opposite.output.length)
    assert.decision("allow", ask(wide, { hops = 3 }, "Account:5"))
    assert.decision("deny", ask(ring, { hops = 3 }))             -- who began has them all to go
    assert.decision("allow", ask(ring, { hops = 2 }))
  end)

  it("looks as far back as its window, and at nothing after now", function()
    assert.decision("deny", ask(ring, { window = "62h" }))       -- 1 March, 10:00
    assert.decision("allow", ask(ring, { window = "61h" }))
    assert.decision("allow", ask(ring, nil, nil, "2026-03-03T09:59Z"))
  end)

  it("reads of a hub on the way `fan` transfers", function()
    local lines = {
      "Account:1 -transfer-> Account:2 2026-03-01T10:00Z amount=5000",
      "Account:2 -transfer-> Account:3 2026-03-03T10:00Z amount=4900",
      "Account:3 -transfer-> Account:1 2026-03-03T11:00Z amount=4802",
    }
    for i = 1, 800 do
      lines[#lines + 1] = ("Account:2 -transfer-> Account:%d 2026-03-02T%02d:%02dZ amount=20")
                            :format(1000 + i, i % 24, i % 60)
    end
    local hub = fixture { edges = table.concat(lines, "\n") }
    local cut = ask(hub, { fan = 100 })
    assert.decision("allow", cut)                                -- the price of the bound
    assert.is_true(cut.truncated)
    assert.cost_below({ edges = 400, instructions = 3000 }, cut)
    assert.decision("deny", ask(hub, { fan = 1000 }, "Account:3"))
  end)

  it("has nothing to say of an account that never sent", function()
    local answer = ask(loan, nil, "Account:3")
    assert.decision("allow", answer)
    assert.score(0, answer)
  end)
end)
