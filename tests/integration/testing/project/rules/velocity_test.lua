local bank = fixture {
  schema = "../schemas/bank.lua",
  nodes = [[
    Account:17  country="DE" opened=2026-01-01
    Account:18
  ]],
  edges = [[
    Account:17 -transfer-> Account:18  2026-11-24T10:00Z  amount=900
    Account:17 -transfer-> Account:19  2026-11-24T10:01Z  amount=12.5
  ]],
}

describe("velocity", function()
  local seen = 0
  before_each(function() seen = seen + 1 end)

  it("denies two transfers where one is allowed #fast", function()
    local answer = evaluate { graph = bank, node = "Account:17", now = "2026-11-24T10:30Z", params = { limit = 1 } }
    assert.decision("deny", answer)
    assert.score(0.2, answer)
    assert.score({ at_least = 0.1, at_most = 0.3 }, answer)
    assert.reasons({ "2 transfers" }, answer)
    assert.reasons("transfers", answer)
    assert.proposes({}, answer)
    assert.cost_below({ edges = 500, instructions = 20000 }, answer)
    assert.equal(1, seen)
  end)

  it("allows them otherwise", function()
    local answer = evaluate { graph = bank, node = { label = "Account", key = 17 } }
    assert.decision("allow", answer)
    assert.output({ sum = 912.5 }, answer)
    assert.outcome("ok", answer)
    assert.golden(answer)
    assert.equal(1, seen)
  end)

  it("sees nothing later than as_of", function()
    assert.reasons({ "1 transfers" }, evaluate { graph = bank, node = "Account:17", as_of = "2026-11-24T10:00Z" })
  end)

  it("is stopped by its limits, which is an answer", function()
    local answer = evaluate { graph = bank, node = "Account:17", limits = { instructions = 10 } }
    assert.outcome("limit", answer)
    assert.limit("instructions", answer)
    assert.decision("allow", answer)
    assert.is_true(answer.fallback)
  end)

  pending("looks at weekends")
end)

function test_ring()
  assert.decision("allow", evaluate { graph = "../fixtures/ring.graph", node = "Account:2" })
end

function test_bad_requests_are_errors()
  assert.has_error(function() evaluate { graph = bank, node = "Account:99" } end, "no node Account:99")
  assert.has_error(function() evaluate { graph = bank, node = "Account:17", params = { limi = 1 } } end)
  assert.has_error(function() evaluate { grap = bank } end, "evaluate has no field 'grap'")
end

function test_many_transfers()
  local lines = {}
  for i = 1, 3000 do
    lines[i] = ("Account:17 -transfer-> Account:%d 2026-11-24T10:00:%02dZ amount=1"):format(100 + i, i % 60)
  end
  local answer = evaluate { graph = fixture { edges = table.concat(lines, "\n") }, node = "Account:17" }
  assert.reasons({ "3000 transfers" }, answer)
  assert.cost_below({ edges = 3100, instructions = 2000 }, answer)
end

function todo_test_currencies() end
