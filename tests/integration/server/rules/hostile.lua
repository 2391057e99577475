-- What a rule could say to whoever reads it on a page.
return {
  name        = "hostile",
  description = "<img src=x onerror='document.title=\"owned\"'> <b>bold</b>",
  params      = { note = { type = "string", default = "</option><script>document.title='owned'</script>",
                           description = "<script>document.title='owned'</script>" } },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  reads       = { Person = {}, Account = {} },
  returns     = "any",
  limits      = { time = "10s" },
  evaluate    = function(_, request)
    return {
      decision = "deny",
      reasons  = { "<script>document.title='owned'</script>",
                   "paid \226\128\174 ecila", -- a right-to-left override
                   ("<b>long</b> "):rep(85), -- nearly as long as a reason may be
                   "javascript:document.title='owned'" },
      output   = { ["<img src=x onerror=document.title='owned'>"] = "<svg onload=document.title='owned'>",
                   long = ("<b>long</b> "):rep(850), node = tostring(request.node) },
    }
  end,
}
