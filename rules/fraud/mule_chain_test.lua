-- Each passes 5,000 on within hours and keeps 4%.
local chain = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=5000
    Account:2 -transfer-> Account:3  2026-03-01T14:00Z  amount=4800
    Account:3 -transfer-> Account:4  2026-03-01T20:00Z  amount=4608
  ]],
}
-- A subtenant's rent, passed on whole to the landlord.
local rent = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=1800
    Account:2 -transfer-> Account:3  2026-03-01T14:00Z  amount=1800
  ]],
}
-- One pair of such transfers may be chance.
local pair = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=5000
    Account:2 -transfer-> Account:3  2026-03-01T14:00Z  amount=4800
  ]],
}

local function ask(on, params, node, now)
  return evaluate { graph = on, node = node or "Account:2", now = now or "2026-03-02", params = params }
end

describe("mule_chain", function()
  it("denies the first mule and the second", function()
    local first = ask(chain)
    assert.decision("deny", first)
    assert.output({ chain = 3 }, first)
    assert.reasons("5000.00 came in, 4800.00 went on to Account:3; 3 such transfers in a row", first)
    assert.output({ chain = 3 }, ask(chain, nil, "Account:3"))
  end)

  it("tells of the longest of several", function()
    local two = fixture {
      edges = [[
        Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=5000
        Account:2 -transfer-> Account:3  2026-03-01T14:00Z  amount=4800
        Account:3 -transfer-> Account:4  2026-03-01T20:00Z  amount=4608
        Account:9 -transfer-> Account:2  2026-03-01T21:00Z  amount=2000
        Account:2 -transfer-> Account:8  2026-03-01T22:00Z  amount=1900
      ]],
    }
    assert.output({ chain = 3 }, ask(two))
  end)

  it("looks back as it looks forward", function()
    local function last_mule(came, amount)
      return fixture {
        edges = ("Account:1 -transfer-> Account:2 %s amount=%d\n"):format(came, amount) .. [[
          Account:2 -transfer-> Account:3  2026-03-01T20:00Z  amount=4800
          Account:3 -transfer-> Account:4  2026-03-01T21:00Z  amount=4608
        ]],
      }
    end
    local slow = last_mule("2026-03-01T10:00Z", 5000)
    assert.output({ chain = 3 }, ask(slow, { delay = "10h" }, "Account:3"))
    assert.output({ chain = 2 }, ask(slow, { delay = "9h" }, "Account:3"))
    assert.output({ chain = 2 }, ask(last_mule("2026-03-01T20:00Z", 5000), nil, "Account:3"))   -- not before
    assert.output({ chain = 2 }, ask(last_mule("2026-03-01T10:00Z", 4800), nil, "Account:3"))   -- no fee
    assert.output({ chain = 2 }, ask(last_mule("2026-03-01T10:00Z", 6000), nil, "Account:3"))   -- too large a one
  end)

  it("counts no further than eight", function()
    local lines = {}
    for i = 1, 12 do
      lines[i] = ("Account:%d -transfer-> Account:%d 2026-03-01T%02d:00Z amount=%d"):format(i, i + 1, i, 9000 - 100 * i)
    end
    local long = fixture { edges = table.concat(lines, "\n") }
    assert.output({ chain = 8 }, ask(long, nil, "Account:2"))
    assert.output({ chain = 8 }, ask(long, nil, "Account:12"))
  end)

  it("asks for a look where only one passed it on", function()
    assert.decision("review", ask(pair))
  end)

  it("accuses neither who began nor who keeps the money", function()
    assert.decision("allow", ask(chain, nil, "Account:1"))
    assert.decision("allow", ask(chain, nil, "Account:4"))
  end)

  it("lets a rent be passed on, which nobody keeps a part of", function()
    assert.decision("allow", ask(rent))
  end)

  it("follows what stays no longer than `delay`", function()
    assert.output({ chain = 3 }, ask(chain, { delay = "6h" }))
    assert.output({ chain = 2 }, ask(chain, { delay = "5h" }))
    assert.output({ chain = 0 }, ask(chain, { delay = "3h" }))
  end)

  it("follows what loses no more than `fee`", function()
    assert.output({ chain = 3 }, ask(chain, { fee = 0.041 }))
    assert.output({ chain = 0 }, ask(chain, { fee = 0.039 }))
  end)

  it("begins with `smallest`", function()
    assert.output({ chain = 3 }, ask(chain, { smallest = 5000 }))
    assert.output({ chain = 0 }, ask(chain, { smallest = 5001 }))
  end)

  it("looks as far back as its window, and at nothing after now", function()
    assert.output({ chain = 3 }, ask(chain, { window = "14h" }))
    assert.output({ chain = 0 }, ask(chain, { window = "13h" }))
    assert.output({ chain = 2 }, ask(chain, nil, nil, "2026-03-01T19:59Z"))
    assert.output({ chain = 0 }, ask(chain, nil, nil, "2026-03-01T13:59Z"))
  end)

  it("reads of a hub only the hours that matter", function()
    local lines = { "Account:1 -transfer-> Account:2 2026-03-01T10:00Z amount=5000",
                    "Account:2 -transfer-> Account:3 2026-03-01T14:00Z amount=4800" }
    for i = 1, 800 do
      lines[#lines + 1] = ("Account:3 -transfer-> Account:%d 2026-02-%02dT10:00Z amount=4700")
                            :format(1000 + i, i % 28 + 1)
    end
    local answer = ask(fixture { edges = table.concat(lines, "\n") })
    assert.decision("review", answer)
    assert.cost_below({ edges = 20, instructions = 600 }, answer)
  end)

  it("has nothing to say of an account that never received", function()
    local answer = ask(pair, nil, "Account:1")
    assert.decision("allow", answer)
    assert.output({ chain = 0 }, answer)
  end)
end)
