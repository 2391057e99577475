-- Accounts that were opened within days of each other and are run from one device.
--
-- Families share devices too, and libraries have devices that everybody uses: the accounts of
-- a family were not opened in the same week, and a library's are too many.
return {
  name        = "shared_device",
  description = "Run from one device with several accounts opened at the same time",
  params      = {
    opened_within = { type = "duration", default = "7d" },
    ring          = { type = "integer", default = 4, min = 2, description = "accounts to alert at" },
    public        = { type = "integer", default = 40, min = 2,
                      description = "a device with more accounts than this is a public one" },
  },
  reads       = { Account = { "opened" }, Device = {}, sign_in = {} },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { ring = "integer" },

  evaluate = function(_, request)
    local account, params = request.node, request.params
    local ring, where = 0, nil
    for device in account:incoming("sign_in"):up_to(request.now):nodes():each() do
      local users = device:outgoing("sign_in"):up_to(request.now):nodes()
      if users:count() <= params.public then
        local together = users
            :where("opened", ">=", account.opened - params.opened_within)
            :where("opened", "<=", account.opened + params.opened_within):count()
        if together > ring then
          ring, where = together, device
        end
      end
    end
    return {
      decision = ring >= params.ring and "deny" or ring == params.ring - 1 and "review"
                 or "allow",
      score    = ring / params.ring,
      reasons  = where and { ("%d accounts opened in the same days use %s")
                               :format(ring, tostring(where)) },
      output   = { ring = ring },
    }
  end,
}
