-- What this project is; `cordon test` and `cordon check`, run here, read it.
return {
  name   = "@NAME@",
  rules  = { "rules" },                -- folders with rules and their tests
  schema = "schemas/payments.lua",     -- names in a rule's `reads` are checked against it

  -- What a run may use, by name: cordon eval RULE ... --limits online
  limits = {
    online = { instructions = 1e6, edges = 1e5, time = "20ms", memory = "512KiB" },
    batch  = { instructions = 1e8, edges = 1e7, time = "10s", memory = "4MiB" },
  },
}
