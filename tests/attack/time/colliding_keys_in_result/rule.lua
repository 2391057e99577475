-- The result is such a table, of whole numbers: encoding it walks the chain again and again.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    local t, n = {}, 0
    for c = 0, 3 do
      for a = 0, 4095 do
        local h = bit.bor(bit.tobit(0x86600000), a * 2)
        local low = bit.bxor(bit.tobit(c * 65536) + bit.rol(h, 14), h) % 2 ^ 32
        local number = 2 ^ 52 + a * 2 ^ 32 + low
        t[number], t[-number] = true, true
      end
    end
    return { decision = "allow", output = t }
  end,
}
