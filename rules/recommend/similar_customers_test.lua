-- Customer:1 drinks tea; so do 2 and 3.  Customer:9 is a wholesaler who buys everything.
local TEA = [[
  Customer:1 -bought-> Product:teapot   2026-02-01
  Customer:1 -bought-> Product:cups     2026-02-01
  Customer:2 -bought-> Product:teapot   2026-02-02
  Customer:2 -bought-> Product:cups     2026-02-02
  Customer:2 -bought-> Product:kettle   2026-02-02
  Customer:3 -bought-> Product:teapot   2026-02-03
  Customer:3 -bought-> Product:cups     2026-02-03
  Customer:3 -bought-> Product:kettle   2026-02-03
  Customer:3 -bought-> Product:strainer 2026-02-03
  Customer:4 -bought-> Product:hammer   2026-02-04
  Customer:4 -bought-> Product:nails    2026-02-04
]]
local wholesale = {}
for _, product in ipairs({ "teapot", "cups", "hammer", "nails", "saw", "glue", "rope", "paint", "tape" }) do
  wholesale[#wholesale + 1] = "Customer:9 -bought-> Product:" .. product .. " 2026-02-05"
end
local shop = fixture { nodes = "Customer:8", edges = TEA .. table.concat(wholesale, "\n") }

local function ask(on, params, node, now)
  return evaluate { graph = on, node = node or "Customer:1", now = now or "2026-03-01", params = params }
end
local function named(answer)
  local names = {}
  for i, product in ipairs(answer.output.products) do
    names[i] = product.product
  end
  return table.concat(names, " ")
end

describe("similar_customers", function()
  it("recommends what several customers of like taste have", function()
    local answer = ask(shop)
    assert.equal("kettle", named(answer))
    assert.equal(3, answer.output.peers)
    -- cosines: 2 / sqrt(3 * 2) and 2 / sqrt(4 * 2)
    assert.same({ product = "kettle", peers = 2, score = 1.524 }, answer.output.products[1])
  end)

  it("hears a wholesaler less than those whose baskets are alike", function()
    local answer = ask(shop, { support = 1 })
    assert.equal("kettle strainer glue", named(answer):sub(1, 20))
    assert.same({ product = "glue", peers = 1, score = 0.471 }, answer.output.products[3])
  end)

  it("recommends nothing that one has, and nothing of strangers", function()
    local all = " " .. named(ask(shop, { support = 1, top = 50 })) .. " "
    assert.is_nil(all:find(" teapot ", 1, true))
    local carpenter = " " .. named(ask(shop, { support = 1, top = 50 }, "Customer:4")) .. " "
    assert.is_nil(carpenter:find(" kettle ", 1, true))
  end)

  it("asks for `support` peers", function()
    assert.equal("kettle", named(ask(shop, { support = 2 })))
    assert.equal("", named(ask(shop, { support = 3 })))
  end)

  it("compares `peers` baskets, of so many purchases, among so many buyers", function()
    assert.equal(2, ask(shop, { peers = 2 }).output.peers)
    assert.equal(2, ask(shop, { buyers = 2 }).output.peers)       -- the latest: 3 and the wholesaler
    -- of two purchases each, teapot is shared, and the other one news
    assert.equal("kettle strainer tape", named(ask(shop, { purchases = 2, support = 1 })))
  end)

  it("gives `top` of them", function()
    assert.equal("kettle strainer", named(ask(shop, { support = 1, top = 2 })))
  end)

  it("knows no purchase after now", function()
    local early = ask(shop, { support = 1 }, nil, "2026-02-02T12:00Z")
    assert.equal("kettle", named(early))
    assert.equal(1, early.output.peers)
    assert.equal(0, ask(shop, nil, "Customer:3", "2026-02-02T12:00Z").output.peers)
  end)

  it("reads of bestsellers and wholesalers so much", function()
    local lines = { TEA }
    for i = 1, 400 do
      lines[#lines + 1] = ("Customer:%d -bought-> Product:teapot 2026-01-%02d"):format(1000 + i, i % 28 + 1)
      lines[#lines + 1] = ("Customer:9 -bought-> Product:P%d 2026-01-%02d"):format(i, i % 28 + 1)
    end
    lines[#lines + 1] = "Customer:9 -bought-> Product:teapot 2026-02-05"
    local hub = fixture { edges = table.concat(lines, "\n") }
    local answer = ask(hub, { buyers = 50, purchases = 40, peers = 20 })
    assert.outcome("ok", answer)
    assert.cost_below({ edges = 400, instructions = 10000 }, answer)
  end)

  it("has nothing to say to a customer who bought nothing", function()
    assert.same({ products = {}, peers = 0 }, ask(shop, nil, "Customer:8").output)
  end)
end)
