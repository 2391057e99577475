-- W0: nothing but a pristine sandbox.
return {
  name     = "w0_noop",
  reads    = {},
  fallback = "none",
  returns  = "integer",
  evaluate = function()
    return { output = 1 }
  end,
}
