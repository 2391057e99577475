-- 38,600 in four parts, none of which has to be reported.
local parts = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=9900
    Account:1 -transfer-> Account:2  2026-03-01T20:00Z  amount=9800
    Account:1 -transfer-> Account:2  2026-03-02T10:00Z  amount=9400
    Account:1 -transfer-> Account:2  2026-03-02T20:00Z  amount=9500
  ]],
}
-- A dealer whose cars cost just less than that, each sold to somebody else.
local dealer = fixture {
  edges = [[
    Account:2 -transfer-> Account:1  2026-03-01T10:00Z  amount=9900
    Account:3 -transfer-> Account:1  2026-03-01T20:00Z  amount=9800
    Account:4 -transfer-> Account:1  2026-03-02T10:00Z  amount=9400
    Account:5 -transfer-> Account:1  2026-03-02T20:00Z  amount=9500
  ]],
}
-- Who does not know the threshold pays what is due.
local invoices = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-03-01T10:00Z  amount=9900
    Account:1 -transfer-> Account:2  2026-03-01T20:00Z  amount=10000
    Account:1 -transfer-> Account:2  2026-03-02T10:00Z  amount=4100
    Account:1 -transfer-> Account:2  2026-03-02T20:00Z  amount=12700
  ]],
}

local function ask(on, params, node, now)
  return evaluate { graph = on, node = node or "Account:1", now = now or "2026-03-03", params = params }
end

describe("structuring", function()
  it("denies the sender and the receiver of four parts", function()
    local answer = ask(parts)
    assert.decision("deny", answer)
    assert.reasons("4 transfers with Account:2, together 38600.00, each just below 10000", answer)
    assert.output({ parts = 4, total = 38600 }, ask(parts, nil, "Account:2"))
  end)

  it("lets a dealer sell to many and invoices be paid", function()
    assert.decision("allow", ask(dealer))
    assert.output({ parts = 1, total = 9900 }, ask(dealer))
    assert.output({ parts = 1, total = 9900 }, ask(invoices))
  end)

  it("denies from `parts` on and asks for a look at one less", function()
    assert.decision("deny", ask(parts, { parts = 4 }))
    assert.decision("review", ask(parts, { parts = 5 }))
    assert.decision("allow", ask(parts, { parts = 6 }))
  end)

  it("counts from `margin` below the threshold up to it", function()
    assert.output({ parts = 4, total = 38600 }, ask(parts, { margin = 0.06 }))     -- 9,400
    assert.equal(3, ask(parts, { margin = 0.055 }).output.parts)                   -- 9,450
    assert.equal(4, ask(parts, { threshold = 9901 }).output.parts)
    assert.equal(3, ask(parts, { threshold = 9900 }).output.parts)                 -- not just below
  end)

  it("looks as far back as its window, and at nothing after now", function()
    assert.equal(4, ask(parts, { window = "38h" }).output.parts)
    assert.equal(3, ask(parts, { window = "37h" }).output.parts)
    assert.equal(2, ask(parts, nil, nil, "2026-03-02T09:00Z").output.parts)
  end)

  it("reads of a hub its window", function()
    local lines = {}
    for i = 1, 800 do
      lines[i] = ("Account:%d -transfer-> Account:1 2026-01-%02dT10:00Z amount=9900"):format(5000 + i, i % 28 + 1)
    end
    for i = 1, 200 do
      lines[#lines + 1] = ("Account:%d -transfer-> Account:1 2026-03-02T10:00Z amount=20"):format(5000 + i)
    end
    local answer = ask(fixture { edges = table.concat(lines, "\n") })
    assert.decision("allow", answer)
    assert.cost_below({ edges = 210, instructions = 600 }, answer)
  end)

  it("has nothing to say of an account without transfers", function()
    local alone = fixture {
      nodes = "Account:9",
      edges = "Account:1 -transfer-> Account:2 2026-03-01 amount=9900",
    }
    local answer = ask(alone, nil, "Account:9")
    assert.decision("allow", answer)
    assert.output({ parts = 0, total = 0 }, answer)
  end)
end)
