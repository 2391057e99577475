-- What cordon serve can be set to; other commands go by engine and policy.  What
-- is commented out shows its default.  An option of the command line, and the
-- environment (CORDON_SERVER__PORT=8080), go before what is written here.
-- Check it: cordon config validate server.lua
return {
  engine = {
    slots = 8,                           -- evaluations at once
    busy_wait_ms = "1s",                 -- how long one waits for a slot
    max_waiting = 64,                    -- how many wait for a slot
    interrupt_slots = 2,                 -- more slots for what has priority
    tighten = 0,                         -- times its usual cost that a rule may use while others wait; 0: any
    max_instructions = 1000000000,       -- ceilings of an evaluation's budgets
    max_edges = 100000000,
    max_nodes = 100000000,
    max_hops = 1000000,
    max_memory_bytes = "4MiB",
    max_output_bytes = "1MiB",
    max_wall_ns = "10s",
    load_memory_bytes = "1MiB",          -- what a rule may take when loaded
    image_budget_bytes = "256MiB",       -- of images of rules, all together
  },

  policy = {
    file = nil,                          -- who may see what; default: policy.lua in a store
  },

  server = {
    data = nil,                          -- the store, or one snapshot file
    registry = nil,                      -- of rules; default: rules.mdb in the store
    address = "127.0.0.1",               -- IPv4 or IPv6; "none": only the socket
    port = 7878,                         -- 0: any that is free
    socket = nil,                        -- path of a Unix socket, beside the address
    socket_mode = "0660",                -- who may connect to it
    threads = 0,                         -- event loops; 0: one a CPU, at most 16
    workers = 0,                         -- for what may take long; 0: one a CPU
    queue = 64,                          -- requests that wait for a worker
    max_connections = 1024,              -- open at once
    max_connections_per_address = 512,   -- of them from one; 0: any
    max_header_bytes = "8KiB",           -- of one request's headers
    max_body_bytes = "1MiB",             -- of one request's body
    max_batch_bytes = "16MiB",           -- of a batch's body
    header_timeout_ms = "10s",           -- until a request's headers are here
    request_timeout_ms = "1m",           -- until its body is, too
    idle_timeout_ms = "30s",             -- without a byte either way
    drain_timeout_ms = "30s",            -- for what is under way at the end
    open_metrics = false,                -- /metrics is for anybody
  },

  tls = {
    certificate = nil,                   -- PEM, with what leads to its authority
    key = nil,                           -- PEM
    client_ca = nil,                     -- PEM: clients show a certificate of these
  },

  -- Who may do what.  Without any entry whoever can connect may do everything, and
  -- the server listens on loopback and a Unix socket alone.
  -- Rights: evaluate, read, author (versions, rollouts, shadows), promote (let one
  -- decide), kill (and pause), audit (recorded decisions).  A principal is one of
  -- the policy's; without one it is the host itself.
  auth = {
    -- cordon token new makes a token, and the line for here.
    tokens = {
      -- { name = "shop", hash = "64 hexadecimal digits",
      --   rights = { "evaluate" }, principal = "analyst" },
    },
    -- At the other end of the Unix socket: user or uid, group or gid, or both, as
    -- the kernel says them.
    peers = {
      -- { name = "admin", user = "root", rights = { "read", "kill" } },
    },
    -- Clients' certificates, of the authorities of tls.client_ca.
    certificates = {
      -- { name = "till", subject = "CN=till,O=Shop", rights = { "evaluate" } },
    },
  },

  audit = {
    -- What is taken out of each record: a JSON pointer, * for any key or element.
    masks = {
      -- { path = "/input/params/iban", with = "***" },
    },
    dir = nil,                           -- the decision log; none: nothing is recorded
    key = nil,                           -- the file its chain is keyed with
    sync = "interval",                   -- interval|always|none: when records reach the disk
    sync_interval_ms = "1s",
    on_full = "block",                   -- block|drop: what becomes of records beyond its ring
    sample = 1,                          -- of decisions that are recorded
    ring_bytes = "4MiB",                 -- a power of two
    segment_bytes = "64MiB",             -- a file of the log
    segment_ms = "24h",                  -- how long one is written to
    keep_segments = 0,                   -- what is kept; 0: all
    keep_bytes = 0,
    keep_ms = 0,
  },

  proposals = {
    file = nil,                          -- what rules propose; none: it is not kept
  },

  log = {
    format = "text",                     -- text|json|journal: of stderr
    level = "info",                      -- debug|info|warning|error: the least that is told
    access = false,                      -- a line for each request too
  },

  trace = {
    endpoint = nil,                      -- of OTLP/HTTP: "http://127.0.0.1:4318"
    sample = 1,                          -- of requests that no caller traces
  },
}
