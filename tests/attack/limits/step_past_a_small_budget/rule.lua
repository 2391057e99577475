-- One step that costs sixty times the whole budget: it is stopped at once, behind a wall too, where
-- a worker that says what it used is not taken for a liar.
return {
  name = "hostile", reads = {}, decisions = { "allow", "deny" }, fallback = "deny",
  evaluate = function()
    local text = ("x"):rep(100000)
    return { decision = "allow", score = #text }
  end,
}
