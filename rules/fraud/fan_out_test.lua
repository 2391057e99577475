local NOW = "2026-03-02T08:00Z"

-- Account:1 pays 200 to each of `count` payees, ten minutes apart from 1 March 08:00 on
local function scattered(count, amount)
  local lines = {}
  for i = 1, count do
    lines[i] = ("Account:1 -transfer-> Account:%d 2026-03-01T%02d:%02dZ amount=%d")
                 :format(100 + i, 8 + math.floor((i - 1) / 6), (i - 1) % 6 * 10, amount or 200)
  end
  return table.concat(lines, "\n")
end

local function graph(business, ...)
  return fixture { nodes = "Account:1 business=" .. business, edges = table.concat({ ... }, "\n") }
end

local emptied = graph("false", scattered(10))

local function ask(on, params)
  return evaluate { graph = on, node = "Account:1", now = NOW, params = params }
end

describe("fan_out", function()
  it("asks for a look at ten new payees in a day", function()
    local answer = ask(emptied)
    assert.decision("review", answer)
    assert.score(1, answer)
    assert.reasons("10 new payees, 2000.00 sent to them", answer)
  end)

  it("denies twenty", function()
    assert.decision("review", ask(graph("false", scattered(19))))
    assert.decision("deny", ask(graph("false", scattered(20))))
  end)

  it("lets a club pay its members back", function()
    assert.decision("allow", ask(graph("false", scattered(30, 149))))
  end)

  it("knows whom the account paid before", function()
    local known = graph("false", scattered(10),
                        "Account:1 -transfer-> Account:101 2026-01-05T10:00Z amount=1")
    assert.equal(9, ask(known).output.payees)
    assert.decision("allow", ask(known))
    assert.decision("review", ask(known, { history = 0 }))
  end)

  it("leaves a payroll alone", function()
    local payroll = ask(graph("true", scattered(40)))
    assert.decision("allow", payroll)
    assert.score(0, payroll)
  end)

  it("counts from `smallest` on", function()
    assert.equal(10, ask(emptied, { smallest = 200 }).output.payees)
    assert.equal(0, ask(emptied, { smallest = 200.01 }).output.payees)
  end)

  it("alerts from `threshold` on", function()
    assert.decision("review", ask(emptied, { threshold = 10 }))
    assert.decision("allow", ask(emptied, { threshold = 11 }))
    assert.decision("deny", ask(emptied, { threshold = 5 }))
  end)

  it("looks as far back as its window, and at nothing after now", function()
    assert.equal(10, ask(emptied, { window = "24h" }).output.payees)
    assert.equal(4, ask(emptied, { window = "23h" }).output.payees)   -- from 09:00 on
    local earlier = evaluate { graph = emptied, node = "Account:1", now = "2026-03-01T08:20Z" }
    assert.equal(3, earlier.output.payees)
  end)

  it("reads of a hub the window and so much history", function()
    local lines = {}
    for i = 1, 800 do
      lines[i] = ("Account:1 -transfer-> Account:%d 2026-01-%02dT10:00Z amount=5"):format(5000 + i, i % 28 + 1)
    end
    local hub = graph("false", scattered(10), table.concat(lines, "\n"))
    local answer = ask(hub, { history = 500 })
    assert.decision("review", answer)
    assert.cost_below({ edges = 550, instructions = 1000 }, answer)
    assert.cost_below({ edges = 850, instructions = 1200 }, ask(hub))
  end)

  it("has nothing to say of an account that never sent", function()
    local alone = fixture {
      nodes = "Account:1 business=false",
      edges = "Account:2 -transfer-> Account:3 2026-03-01T08:00Z amount=1",
    }
    local answer = ask(alone)
    assert.decision("allow", answer)
    assert.same({ payees = 0 }, answer.output)
  end)
end)
