-- Account:1 deals with Account:2, who deals with Account:3, who was frozen on 10 February.
local near = fixture {
  edges = [[
    Account:1 -transfer-> Account:2  2026-02-01  amount=5000
    Account:2 -transfer-> Account:3  2026-02-02  amount=4800
    Account:7 -transfer-> Account:8  2026-02-03  amount=4800
    Case:K1   -froze->    Account:3  2026-02-10
  ]],
}
-- They share an employer, who pays a hundred others too.
local payroll = {
  "Account:50 -transfer-> Account:1 2026-02-01 amount=3000",
  "Account:50 -transfer-> Account:3 2026-02-01 amount=3000",
  "Case:K1 -froze-> Account:3 2026-02-10",
}
for i = 100, 199 do
  payroll[#payroll + 1] = ("Account:50 -transfer-> Account:%d 2026-02-01 amount=3000"):format(i)
end
local employer = fixture { edges = table.concat(payroll, "\n") }

local function ask(on, params, node, now)
  return evaluate { graph = on, node = node or "Account:1", now = now or "2026-03-01", params = params }
end

describe("guilt_by_association", function()
  it("asks for a look at who deals closely with a frozen account", function()
    local two, one = ask(near), ask(near, nil, "Account:2")
    assert.decision("review", two)
    assert.equal(1, two.output.frozen)
    assert.reasons("ends at 1 frozen accounts, mostly Account:3", two)
    assert.is_true(one.score > 1.5 * two.score)     -- guilt fades by the hop
  end)

  it("adds up all frozen accounts and names the one that weighs most", function()
    local two = fixture {
      edges = [[
        Account:1 -transfer-> Account:5  2026-02-01  amount=5000
        Account:1 -transfer-> Account:2  2026-02-01  amount=5000
        Account:2 -transfer-> Account:9  2026-02-02  amount=4800
        Case:K1   -froze->    Account:9  2026-02-10
        Case:K2   -froze->    Account:5  2026-02-11
      ]],
    }
    assert.reasons("ends at 2 frozen accounts, mostly Account:5", ask(two))
    assert.is_true(ask(two).score > ask(two, nil, nil, "2026-02-10T12:00Z").score)
  end)

  it("lets an employer's people be strangers to each other", function()
    local answer = ask(employer)
    assert.decision("allow", answer)
    assert.score({ at_most = 0.005 }, answer)
  end)

  it("does not accuse an account of itself", function()
    local answer = ask(near, nil, "Account:3")
    assert.decision("allow", answer)
    assert.output({ guilt = 0, frozen = 0 }, answer)
  end)

  it("knows of no case that was not opened yet", function()
    assert.decision("review", ask(near, nil, nil, "2026-02-10"))
    assert.decision("allow", ask(near, nil, nil, "2026-02-09T23:59Z"))
  end)

  it("takes transfers from `smallest` on for ties", function()
    assert.decision("review", ask(near, { smallest = 4800 }))
    assert.decision("allow", ask(near, { smallest = 4801 }))
  end)

  it("forgets ties older than its window", function()
    assert.decision("review", ask(near, { window = "28d" }))
    assert.decision("allow", ask(near, { window = "26d" }))
  end)

  it("carries guilt less far with more decay", function()
    assert.is_true(ask(near, { decay = 0.8 }).score > ask(near).score)
    assert.is_true(ask(near, { decay = 0.2 }).score < ask(near).score)
  end)

  it("asks from `guilt` on", function()
    local score = ask(near).score
    assert.decision("review", ask(near, { guilt = score - 0.001 }))
    assert.decision("allow", ask(near, { guilt = score + 0.001 }))
  end)

  it("goes over a hub's transfers once and not on from there", function()
    local lines = { "Account:1 -transfer-> Account:2 2026-02-01 amount=5000",
                    "Account:2 -transfer-> Account:3 2026-02-01 amount=5000",
                    "Account:2 -transfer-> Account:4 2026-02-01 amount=5000",
                    "Case:K1 -froze-> Account:3 2026-02-10" }
    for i = 1, 800 do
      lines[#lines + 1] = ("Account:4 -transfer-> Account:%d 2026-02-01 amount=2000"):format(1000 + i)
    end
    local answer = ask(fixture { edges = table.concat(lines, "\n") })
    assert.decision("review", answer)
    assert.cost_below({ edges = 900, instructions = 1500 }, answer)
  end)

  it("has nothing to say of an account that deals with nobody", function()
    local alone = fixture {
      nodes = "Account:9",
      edges = [[
        Account:1 -transfer-> Account:3  2026-02-02  amount=4800
        Case:K1   -froze->    Account:3  2026-02-10
      ]],
    }
    local answer = ask(alone, nil, "Account:9")
    assert.decision("allow", answer)
    assert.output({ guilt = 0, frozen = 0 }, answer)
  end)
end)
