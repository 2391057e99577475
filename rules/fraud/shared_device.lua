-- Shared device: accounts that were opened within days of each other and are run from one device.
--
-- Why it works: a ring opens its accounts in one go and runs them from one place.  Families share
-- devices too, and libraries have devices that everybody uses: the accounts of a family were
-- not opened in the same week, and a library's are too many.
-- What fools it: a device for each account, or a month's patience between openings.
-- False alarms: students who move in together and open their accounts in the first weeks.
-- Cost: the account's devices, and of each the sign-ins up to now, one edge each.  A device with
-- a hundred sign-ins for each account that makes it public is not read at all.
return {
  name        = "shared_device",
  description = "Run from one device with several accounts opened at the same time",
  owner       = "fraud",
  tags        = { "ring", "device" },
  params      = {
    opened_within = { type = "duration", default = "7d", min = "1h" },
    ring          = { type = "integer", default = 4, min = 2, description = "accounts to alert at" },
    public        = { type = "integer", default = 40, min = 2,
                      description = "a device with more accounts than this is a public one" },
  },
  reads       = { Account = { "opened" }, Device = {}, sign_in = {} },
  decisions   = { "allow", "review", "deny" },
  fallback    = "review",
  returns     = { ring = "integer" },
  limits      = { instructions = 1e6, memory = "512KiB", edges = 100000 },

  evaluate = function(_, request)
    local account, params = request.node, request.params
    local ring, where = 0, nil
    for device in account:incoming("sign_in"):up_to(request.now):nodes():each() do
      local sign_ins = device:outgoing("sign_in"):up_to(request.now)
      local users = sign_ins:count() < 100 * params.public and sign_ins:nodes()
      if users and users:count() <= params.public then
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
