-- NUL bytes, escapes of a terminal, text from right to left, half a character.
return {
  name      = "hostile",
  reads     = {},
  decisions = { "allow", "deny" },
  fallback  = "deny",
  evaluate  = function(graph, request)
    error("\0\27[2J\27]0;owned\7\u{202e}\xe2\x82\r\n\x9b31m\xff\xfe", 0)
  end,
}
