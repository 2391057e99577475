-- Four accounts, opened in one week, on one phone.
local ring = fixture {
  nodes = [[
    Account:1  opened=2026-01-01
    Account:2  opened=2026-01-03
    Account:3  opened=2026-01-05
    Account:4  opened=2026-01-08
  ]],
  edges = [[
    Device:phone -sign_in-> Account:1  2026-02-01
    Device:phone -sign_in-> Account:2  2026-02-02
    Device:phone -sign_in-> Account:3  2026-02-03
    Device:phone -sign_in-> Account:4  2026-02-04
    Device:work  -sign_in-> Account:1  2026-02-05
  ]],
}
-- A family's tablet: accounts of ten years.
local family = fixture {
  nodes = [[
    Account:1  opened=2016-01-01
    Account:2  opened=2016-01-02
    Account:3  opened=2022-05-05
    Account:4  opened=2026-01-08
  ]],
  edges = [[
    Device:tablet -sign_in-> Account:1  2026-02-01
    Device:tablet -sign_in-> Account:2  2026-02-02
    Device:tablet -sign_in-> Account:3  2026-02-03
    Device:tablet -sign_in-> Account:4  2026-02-04
  ]],
}

-- A device with `count` accounts of one week, each of which signs in `times` times.
local function device_of(count, times)
  local nodes, edges = {}, {}
  for i = 1, count do
    nodes[i] = ("Account:%d opened=2026-01-05"):format(i)
    for day = 1, times do
      edges[#edges + 1] = ("Device:library -sign_in-> Account:%d 2026-02-%02d"):format(i, day)
    end
  end
  return fixture { nodes = table.concat(nodes, "\n"), edges = table.concat(edges, "\n") }
end

local function ask(on, params, node, now)
  return evaluate { graph = on, node = node or "Account:1", now = now or "2026-03-01", params = params }
end

describe("shared_device", function()
  it("denies four accounts of one week on one device", function()
    local answer = ask(ring)
    assert.decision("deny", answer)
    assert.reasons("4 accounts opened in the same days use Device:phone", answer)
  end)

  it("lets a family share its tablet", function()
    local answer = ask(family)
    assert.decision("allow", answer)
    assert.output({ ring = 2 }, answer)
  end)

  it("takes a device that many use for a public one", function()
    assert.decision("deny", ask(device_of(40, 1)))
    assert.decision("allow", ask(device_of(41, 1)))
    assert.decision("allow", ask(device_of(40, 1), { public = 39 }))
  end)

  it("denies from `ring` on and asks for a look at one less", function()
    assert.decision("deny", ask(ring, { ring = 4 }))
    assert.decision("review", ask(ring, { ring = 5 }))
    assert.decision("allow", ask(ring, { ring = 6 }))
  end)

  it("counts what was opened within `opened_within`, before and after", function()
    assert.output({ ring = 4 }, ask(ring, { opened_within = "7d" }))
    assert.output({ ring = 3 }, ask(ring, { opened_within = "6d" }))
    assert.output({ ring = 4 }, ask(ring, { opened_within = "7d" }, "Account:4"))
    assert.output({ ring = 3 }, ask(ring, { opened_within = "6d" }, "Account:4"))
    assert.output({ ring = 4 }, ask(ring, { opened_within = "5d" }, "Account:2"))
    assert.output({ ring = 3 }, ask(ring, { opened_within = "4d" }, "Account:2"))
  end)

  it("sees no sign-in after now", function()
    assert.output({ ring = 3 }, ask(ring, nil, nil, "2026-02-03T12:00Z"))
    assert.output({ ring = 0 }, ask(ring, nil, "Account:4", "2026-02-03T12:00Z"))
  end)

  it("does not read a device with a hundred sign-ins for each account of a public one", function()
    local answer = ask(device_of(50, 20), { public = 10 })
    assert.decision("allow", answer)
    assert.cost_below({ edges = 40, instructions = 500 }, answer)
    assert.cost_below({ edges = 1050, instructions = 1500 }, ask(device_of(50, 20), { public = 40 }))
  end)

  it("has nothing to say of an account that nobody signed in to", function()
    local unused = fixture {
      nodes = "Account:9 opened=2026-01-01",
      edges = "Device:phone -sign_in-> Account:1 2026-02-01",
    }
    local answer = ask(unused, nil, "Account:9")
    assert.decision("allow", answer)
    assert.output({ ring = 0 }, answer)
  end)
end)
