-- Three stolen cards are tried with small change on Account:1.
local probes = fixture {
  edges = [[
    Account:11 -transfer-> Account:1  2026-03-01T10:00Z  amount=1.50
    Account:12 -transfer-> Account:1  2026-03-01T10:01Z  amount=2
    Account:13 -transfer-> Account:1  2026-03-01T10:02Z  amount=9.99
    Account:13 -transfer-> Account:1  2026-03-01T10:03Z  amount=1
    Account:14 -transfer-> Account:1  2026-03-01T10:04Z  amount=250
    Account:15 -transfer-> Account:2  2026-03-01T10:05Z  amount=40
  ]],
}

local function ask(on, params, node)
  return evaluate { graph = on, node = node or "Account:1", now = "2026-03-02", params = params }
end

describe("token_fan_in", function()
  it("asks for a look at who gathers token sums", function()
    local answer = ask(probes)
    assert.decision("review", answer)
    assert.output({ gathered_from = 3, collectors = 0 }, answer)
    assert.reasons({ "token-sized transfers from 3 senders" }, answer)
  end)

  it("and at who feeds such an account", function()
    local answer = ask(probes, nil, "Account:12")
    assert.decision("review", answer)
    assert.reasons({ "feeds Account:1, which gathers from 3 senders" }, answer)
  end)

  it("lets a purchase be made", function()
    assert.decision("allow", ask(probes, nil, "Account:14"))
    assert.decision("allow", ask(probes, nil, "Account:15"))
    assert.decision("allow", ask(probes, nil, "Account:2"))
  end)

  it("counts below `token` only", function()
    assert.equal(3, ask(probes, { token = 10 }).output.gathered_from)
    assert.equal(3, ask(probes, { token = 2.01 }).output.gathered_from)
    assert.equal(2, ask(probes, { token = 2 }).output.gathered_from)
    assert.decision("allow", ask(probes, { token = 1 }))
  end)

  it("looks at `collectors` payees, the first paid first", function()
    local lines = {}
    for i = 1, 5 do
      lines[i] = ("Account:1 -transfer-> Account:%d 2026-03-01T10:0%dZ amount=1"):format(20 + i, i)
    end
    local feeder = fixture { edges = table.concat(lines, "\n") }
    assert.equal(5, ask(feeder, { collectors = 5 }).output.collectors)
    local two = ask(feeder, { collectors = 2 })
    assert.reasons({ "feeds Account:21, which gathers from 1 senders", "feeds Account:22, which gathers from 1 senders" },
                   two)
  end)

  it("reads of a hub each transfer once", function()
    local lines = {}
    for i = 1, 800 do
      lines[i] = ("Account:%d -transfer-> Account:1 2026-01-%02dT10:00Z amount=%d"):format(100 + i, i % 28 + 1, i % 90)
    end
    local answer = ask(fixture { edges = table.concat(lines, "\n") })
    assert.decision("review", answer)
    assert.cost_below({ edges = 810, instructions = 1200 }, answer)
  end)

  it("has nothing to say of an account without transfers", function()
    local alone = fixture { nodes = "Account:9", edges = "Account:1 -transfer-> Account:2 2026-03-01 amount=5" }
    local answer = ask(alone, nil, "Account:9")
    assert.decision("allow", answer)
    assert.output({ gathered_from = 0, collectors = 0 }, answer)
  end)
end)
