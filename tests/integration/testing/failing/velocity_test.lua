rule "../project/rules/velocity.lua"
local bank = fixture { edges = [[ Account:17 -transfer-> Account:18  2026-11-24T10:00Z  amount=900 ]] }
local broken = fixture {
  nodes = [[
    Account:17 amout
  ]],
}
local ask = function(more)
  more.node = "Account:17"
  more.graph = more.graph or bank
  return evaluate(more)
end

function test_decision()
  assert.decision("deny", ask {})
end
function test_caught()
  pcall(assert.equal, 1, 2)
  pcall(function() assert(false, "caught as well") end)
end
function test_cost()
  assert.cost_below({ instructions = 5 }, ask {})
end
function test_error()
  local answer = ask {}
  print("seen", answer.decision)
  return answer.nothing.there
end
function test_object()
  error(setmetatable({}, { __tostring = function() return "an object\27[31m" end }))
end
function test_fixture()
  ask { graph = broken }
end
function test_absolute()
  ask { graph = "/etc/passwd" }
end
function test_outside()
  ask { graph = "../../../../../../../../../../../../etc/passwd" }
end
function test_loop()
  while true do end
end
function test_caught_loop()
  pcall(function() while true do end end)
end
function test_deep()
  local function deep() return 1 + deep() end
  deep()
end
function test_huge()
  local text = ("x"):rep(1e5)
  for _ = 1, 1000 do print(text) end
  assert.equal(text, text .. "y")
end
function test_golden()
  assert.golden({ 1, 2 })
end
function test_nothing() end
it("has a name with # < & \" %", function() assert.is_nil(1) end)
