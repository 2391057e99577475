-- Three buyers of the teapot bought cups as well, two of them a tray, and all of them soap, as
-- did everybody else.
local lines = {
  "Customer:1 -bought-> Product:teapot 2026-02-01",
  "Customer:2 -bought-> Product:teapot 2026-02-02",
  "Customer:3 -bought-> Product:teapot 2026-02-03",
  "Customer:1 -bought-> Product:cups   2026-02-01",
  "Customer:2 -bought-> Product:cups   2026-02-02",
  "Customer:2 -bought-> Product:cups   2026-02-04",
  "Customer:3 -bought-> Product:cups   2026-02-03",
  "Customer:1 -bought-> Product:tray   2026-02-01",
  "Customer:2 -bought-> Product:tray   2026-02-02",
  "Customer:1 -bought-> Product:spoon  2026-02-01",
  "Customer:2 -bought-> Product:spoon  2026-02-02",
}
for i = 1, 48 do
  lines[#lines + 1] = ("Customer:%d -bought-> Product:soap 2026-01-%02d"):format(i, i % 28 + 1)
end
local nodes = [[
  Product:teapot  description="a teapot"
  Product:cups    description="six cups"
]]
local shop = fixture { nodes = nodes, edges = table.concat(lines, "\n") }

local function ask(on, params, node)
  return evaluate { graph = on, node = node or "Product:teapot", now = "2026-03-01", params = params }
end
local function named(answer)
  local names = {}
  for i, product in ipairs(answer.output.products) do
    names[i] = product.product
  end
  return table.concat(names, " ")
end

describe("bought_together", function()
  it("puts cups beside the teapot, before the soap that everybody buys", function()
    local answer = ask(shop)
    assert.equal("cups soap", named(answer))
    assert.equal(3, answer.output.buyers)
    local cups = answer.output.products[1]
    assert.same({ product = "cups", description = "six cups", shared_buyers = 3, lift = 1.5 }, cups)
  end)

  it("leaves out what fewer than `support` bought", function()
    assert.equal("cups spoon tray soap", named(ask(shop, { support = 2 })))   -- equals by key
    assert.equal("", named(ask(shop, { support = 4 })))
  end)

  it("gives `top` of them", function()
    assert.equal("cups", named(ask(shop, { top = 1 })))
  end)

  it("looks at so many recent buyers, and at so many of their purchases", function()
    assert.equal(2, ask(shop, { buyers = 2 }).output.buyers)
    assert.equal("cups soap", named(ask(shop, { buyers = 2, support = 2 })))   -- the first had the tray
    assert.equal("cups spoon tray", named(ask(shop, { purchases = 4, support = 2 })))   -- the soap was earlier
  end)

  it("reads of a bestseller so many buyers", function()
    local many = {}
    for i = 1, 800 do
      many[i] = ("Customer:%d -bought-> Product:teapot 2026-01-%02d"):format(1000 + i, i % 28 + 1)
    end
    local hub = fixture { nodes = nodes, edges = table.concat(lines, "\n") .. "\n" .. table.concat(many, "\n") }
    local answer = ask(hub, { buyers = 50 })
    assert.equal(50, answer.output.buyers)
    assert.cost_below({ edges = 250, instructions = 4000 }, answer)
  end)

  it("has nothing to say of a product that nobody bought", function()
    local unsold = fixture { nodes = nodes .. "Product:fork\n", edges = table.concat(lines, "\n") }
    local answer = ask(unsold, nil, "Product:fork")
    assert.same({ products = {}, buyers = 0 }, answer.output)
  end)
end)
