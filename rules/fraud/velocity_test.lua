local NOW = "2026-03-01T12:00Z"

-- `count` transfers of Account:1, one a minute from a moment on
local function burst(count, day_and_hour)
  local lines = {}
  for i = 1, count do
    lines[i] = ("Account:1 -transfer-> Account:%d %s:%02dZ"):format(100 + i, day_and_hour, i % 60)
  end
  return table.concat(lines, "\n")
end

local function graph(business, ...)
  return fixture { nodes = "Account:1 business=" .. business, edges = table.concat({ ... }, "\n") }
end

local sudden = graph("false", burst(6, "2026-03-01T09"))
-- one transfer a day for sixty days is one in the window: eight times that is more than six
local habit = {}
for day = 1, 59 do
  habit[day] = ("Account:1 -transfer-> Account:2 2026-%02d-%02dT08:00Z"):format(day <= 31 and 1 or 2,
                                                                          (day - 1) % 31 + 1)
end
local busy = graph("false", burst(6, "2026-03-01T09"), table.concat(habit, "\n"))
local quiet = fixture {
  nodes = "Account:1 business=false",
  edges = "Account:2 -transfer-> Account:3 2026-03-01T09:00Z",
}

describe("velocity", function()
  it("asks for a look at six transfers in a day from an account that hardly sends", function()
    local answer = evaluate { graph = sudden, node = "Account:1", now = NOW }
    assert.decision("review", answer)
    assert.score(1, answer)
    assert.reasons("6 transfers in the window, 0.0 are usual", answer)
  end)

  it("denies twice as many", function()
    local twelve = graph("false", burst(12, "2026-03-01T09"))
    assert.decision("deny", evaluate { graph = twelve, node = "Account:1", now = NOW })
    local eleven = graph("false", burst(11, "2026-03-01T09"))
    assert.decision("review", evaluate { graph = eleven, node = "Account:1", now = NOW })
  end)

  it("takes the same six for granted where one a day is usual", function()
    local answer = evaluate { graph = busy, node = "Account:1", now = NOW }
    assert.decision("allow", answer)
    assert.equal(6, answer.output.sent)
  end)

  it("leaves businesses alone, who pay all their people in one day", function()
    local payroll = graph("true", burst(40, "2026-03-01T09"))
    local answer = evaluate { graph = payroll, node = "Account:1", now = NOW }
    assert.decision("allow", answer)
    assert.score(0, answer)
  end)

  it("has the limit as its least", function()
    assert.decision("allow", evaluate { graph = sudden, node = "Account:1", now = NOW, params = { limit = 7 } })
    assert.decision("deny", evaluate { graph = sudden, node = "Account:1", now = NOW, params = { limit = 3 } })
  end)

  it("counts both ends of its window and nothing after now", function()
    local ends = graph("false", burst(6, "2026-03-01T09"), "Account:1 -transfer-> Account:9 2026-03-01T09:07Z")
    local function sent(now, window)
      return evaluate({ graph = ends, node = "Account:1", now = now, params = { window = window } }).output.sent
    end
    assert.equal(7, sent("2026-03-01T10:01Z", "1h"))       -- from the first minute on
    assert.equal(6, sent("2026-03-01T10:01:00.001Z", "1h"))
    assert.equal(3, sent("2026-03-01T09:03Z", "1h"))
  end)

  it("forgets what is older than the habit", function()
    local function usual(habit_of)
      return evaluate({ graph = busy, node = "Account:1", now = NOW, params = { habit = habit_of } }).output.usual
    end
    assert.equal(1, usual("10d"))
    assert.equal(0.5, usual("118d"))
  end)

  it("asks for so many times the habit", function()
    assert.decision("review", evaluate { graph = busy, node = "Account:1", now = NOW, params = { times = 5 } })
    assert.decision("allow", evaluate { graph = busy, node = "Account:1", now = NOW, params = { times = 7 } })
  end)

  it("costs a hub no more than anybody", function()
    local hub = graph("false", burst(800, "2026-03-01T09"))
    local answer = evaluate { graph = hub, node = "Account:1", now = NOW }
    assert.decision("deny", answer)
    assert.cost_below({ edges = 2, instructions = 200 }, answer)
  end)

  it("has nothing to say of an account that never sent", function()
    local answer = evaluate { graph = quiet, node = "Account:1", now = NOW }
    assert.decision("allow", answer)
    assert.same({ sent = 0, usual = 0 }, answer.output)
  end)
end)
