-- Tests of @RULE@.lua beside this file: cordon test
local bank = fixture "../fixtures/payments.graph"

local function ask(node, params)
  return evaluate { graph = bank, node = node, now = "2026-11-24T11:00Z", params = params }
end

describe("@RULE@", function()
  it("allows an account that pays now and then", function()
    local answer = ask("Account:1")
    assert.decision("allow", answer)
    assert.equal(1, answer.output.transfers)
  end)

  it("allows an account that never paid", function()
    assert.decision("allow", ask("Account:20"))
  end)

  it("denies twelve transfers in an hour, and says why", function()
    local answer = ask("Account:2")
    assert.decision("deny", answer)
    assert.reasons({ "12 transfers, 1100.00 sent" }, answer)
  end)

  it("is as strict as its parameters say", function()
    assert.decision("review", ask("Account:2", { limit = 10 }))
    assert.decision("allow", ask("Account:2", { window = "5m" }))
  end)

  it("reads no more than the window", function()
    assert.cost_below({ edges = 50, instructions = 2000 }, ask("Account:2"))
  end)
end)
