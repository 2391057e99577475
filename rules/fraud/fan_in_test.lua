local NOW = "2026-03-03T12:00Z"

-- Account:1 gathers 100 from each of `count` payers, an hour apart from 1 March 08:00 on
local function gathered(count)
  local lines = {}
  for i = 1, count do
    lines[i] = ("Account:%d -transfer-> Account:1 2026-03-%02dT%02d:00Z amount=100")
                 :format(100 + i, i < 16 and 1 or 2, (7 + i) % 24)
  end
  return table.concat(lines, "\n")
end

local function graph(business, ...)
  return fixture { nodes = "Account:1 business=" .. business, edges = table.concat({ ... }, "\n") }
end

local GONE = "Account:1 -transfer-> Account:999 2026-03-03T09:00Z amount=560"
local collector = graph("false", gathered(8), GONE)   -- 8 new payers, 800, and 70% of it gone

local function ask(on, params)
  return evaluate { graph = on, node = "Account:1", now = NOW, params = params }
end

describe("fan_in", function()
  it("denies eight new payers whose money has left again", function()
    local answer = ask(collector)
    assert.decision("deny", answer)
    assert.reasons("8 new payers sent 800.00, 70% of it is gone", answer)
    assert.same({ payers = 8, passed_on = 0.7 }, answer.output)
  end)

  it("lets a wedding's gifts lie", function()
    local answer = ask(graph("false", gathered(8)))
    assert.decision("allow", answer)
    assert.score(0, answer)
  end)

  it("knows those who paid before", function()
    local known = graph("false", gathered(8), GONE,
                        "Account:101 -transfer-> Account:1 2026-01-05T10:00Z amount=20")
    local answer = ask(known)
    assert.decision("allow", answer)
    assert.equal(7, answer.output.payers)
    assert.decision("deny", ask(known, { history = 0 }))   -- unless it is told not to look
  end)

  it("counts a payer once", function()
    local twice = graph("false", gathered(7), GONE,
                        "Account:101 -transfer-> Account:1 2026-03-02T10:00Z amount=100")
    assert.equal(7, ask(twice).output.payers)
  end)

  it("leaves businesses alone", function()
    local shop = ask(graph("true", gathered(20), GONE))
    assert.decision("allow", shop)
    assert.score(0, shop)
  end)

  it("alerts from `payers` on", function()
    assert.decision("deny", ask(collector, { payers = 8 }))
    assert.decision("allow", ask(collector, { payers = 9 }))
  end)

  it("alerts from `passed` on", function()
    assert.decision("deny", ask(collector, { passed = 0.7 }))
    assert.decision("allow", ask(collector, { passed = 0.71 }))
  end)

  it("looks as far back as its window, and at nothing after now", function()
    assert.equal(8, ask(collector, { window = "52h" }).output.payers)   -- 1 March, 08:00
    assert.equal(7, ask(collector, { window = "51h" }).output.payers)
    local earlier = evaluate { graph = collector, node = "Account:1", now = "2026-03-01T10:30Z" }
    assert.same({ payers = 3, passed_on = 0 }, earlier.output)
  end)

  it("reads of a hub the window and so much history", function()
    local lines = {}
    for i = 1, 800 do
      lines[i] = ("Account:%d -transfer-> Account:1 2026-01-%02dT10:00Z amount=5"):format(5000 + i, i % 28 + 1)
    end
    local hub = graph("false", gathered(8), GONE, table.concat(lines, "\n"))
    local answer = ask(hub, { history = 500 })
    assert.decision("deny", answer)
    assert.cost_below({ edges = 550, instructions = 1000 }, answer)
    assert.cost_below({ edges = 850, instructions = 1200 }, ask(hub))
  end)

  it("has nothing to say of an account without transfers", function()
    local alone = fixture {
      nodes = "Account:1 business=false",
      edges = "Account:2 -transfer-> Account:3 2026-03-01T08:00Z amount=1",
    }
    local answer = ask(alone)
    assert.decision("allow", answer)
    assert.same({ payers = 0, passed_on = 0 }, answer.output)
  end)
end)
