-- February: three customers bought tea, four coffee (one of them daily), one a hammer.
-- December: five bought candles.
local shop = fixture {
  nodes = "Customer:9",
  edges = [[
    Customer:1 -bought-> Product:tea     2026-02-20
    Customer:2 -bought-> Product:tea     2026-02-21
    Customer:3 -bought-> Product:tea     2026-02-22
    Customer:1 -bought-> Product:coffee  2026-02-20
    Customer:2 -bought-> Product:coffee  2026-02-21
    Customer:3 -bought-> Product:coffee  2026-02-22
    Customer:4 -bought-> Product:coffee  2026-02-23
    Customer:5 -bought-> Product:hammer  2026-02-20
    Customer:5 -bought-> Product:hammer  2026-02-21
    Customer:5 -bought-> Product:hammer  2026-02-22
    Customer:5 -bought-> Product:hammer  2026-02-23
    Customer:5 -bought-> Product:hammer  2026-02-24
    Customer:1 -bought-> Product:candle  2025-12-20
    Customer:2 -bought-> Product:candle  2025-12-20
    Customer:3 -bought-> Product:candle  2025-12-20
    Customer:4 -bought-> Product:candle  2025-12-20
    Customer:5 -bought-> Product:candle  2025-12-20
  ]],
}

local function ask(params, node, now)
  params.top = params.top or 2
  return evaluate { graph = shop, node = node, now = now or "2026-03-01", params = params }
end
local function named(answer)
  local names = {}
  for i, product in ipairs(answer.output.products) do
    names[i] = product.product .. "=" .. product.buyers
  end
  return table.concat(names, " ")
end

describe("cold_start", function()
  it("tells a visitor whom nobody knows what is popular", function()
    local answer = ask({})
    assert.equal("coffee=4 tea=3", named(answer))
    assert.equal(28, answer.output.window_days)
  end)

  it("tells a customer the same, without what he has", function()
    assert.equal("tea=3", named(ask({ widest = "28d" }, "Customer:4")))
    assert.equal("coffee=4 tea=3", named(ask({}, "Customer:9")))
  end)

  it("counts a customer once, however often he buys", function()
    assert.equal("coffee=4 tea=3 hammer=1", named(ask({ top = 3, buyers = 1 })))
  end)

  it("widens the window fourfold until enough is found", function()
    local answer = ask({ top = 3 })
    assert.equal("candle=5 coffee=4 tea=3", named(answer))
    assert.equal(112, answer.output.window_days)
  end)

  it("but not beyond the widest", function()
    local answer = ask({ top = 3, widest = "60d" })
    assert.equal("coffee=4 tea=3", named(answer))
    assert.equal(60, answer.output.window_days)
    assert.equal(28, ask({ top = 3, widest = "1d" }).output.window_days)   -- nor is it narrowed
  end)

  it("begins with `window`, up to now", function()
    local answer = ask({ window = "36h", widest = "36h", buyers = 1 }, nil, "2026-02-22")
    assert.equal("coffee=2 tea=2", named(answer))
  end)

  it("calls popular what `buyers` bought", function()
    assert.equal("coffee=4", named(ask({ buyers = 4, widest = "28d" })))
    assert.equal("", named(ask({ buyers = 5, widest = "28d" })))
  end)

  it("gives `top` of them", function()
    assert.equal("coffee=4", named(ask({ top = 1 })))
  end)

  it("has nothing to say in a shop that sold nothing yet", function()
    local answer = ask({}, nil, "2025-01-01")
    assert.same({ products = {}, window_days = 365 }, answer.output)
  end)

  it("reads one list for each product and each purchase of the window", function()
    local lines = {}
    for i = 1, 800 do
      lines[i] = ("Customer:%d -bought-> Product:P%d 2026-0%d-01"):format(i % 200, i % 60, i % 10 == 0 and 2 or 1)
    end
    local large = fixture { edges = table.concat(lines, "\n") }
    local answer = evaluate { graph = large, now = "2026-02-15", params = { top = 5 } }
    assert.equal(5, #answer.output.products)
    assert.cost_below({ edges = 1000, instructions = 5000 }, answer)
  end)
end)
